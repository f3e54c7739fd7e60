from pathlib import Path

import pytest

from tests.generation.conftest import Take
from tests.generation.test_take_over import pairs
from workbench.errors import NotFoundError, OptionsError, RecordError
from workbench.generation.earlier_runs import find_runs
from workbench.options import Options
from workbench.workspace import Workspace


def test_a_run_is_found_by_name_folder_uuid_and_path_and_taken_once(
    tmp_path: Path, workspace: Workspace, take: Take
) -> None:
    run = take("own", knowledge_paths=[pairs(tmp_path / "a.jsonl", "mayor")])
    names = ["own", run.folder.name, f"{run.id}, own", str(run.folder)]
    assert [found.run.id for found in find_runs(names, workspace)] == [run.id]


def test_its_samples_are_told_apart_and_have_ids_of_their_own(tmp_path: Path, workspace: Workspace, take: Take) -> None:
    take("own", knowledge_paths=[pairs(tmp_path / "a.jsonl", "mayor")], heldout_share=0.2)
    (run,) = find_runs(["own"], workspace)
    trained, held = run.samples()
    assert (len(trained), len(held)) == (8, 2)
    assert {one["id"] for one in held} == {row["id"] for row in run.heldout()}
    assert trained[0]["source"].startswith(f"{run.run.folder.name}: a.jsonl:")
    assert not {one["id"] for one in trained} & {one["id"] for one in held}
    assert run.rows("replay") == []
    assert all(path.is_file() for path in run.files)


def test_only_finished_data_runs_are_taken(workspace: Workspace) -> None:
    run = workspace.open_run("synthetic_data", "half", Options(), {})
    with pytest.raises(NotFoundError, match="has no result yet"):
        find_runs(["half"], workspace)
    with run.hold() as attempt:
        attempt.finish({"accuracy": 1})
    with pytest.raises(NotFoundError, match="is no data run"):
        find_runs(["half"], workspace)
    with pytest.raises(NotFoundError, match="nobody"):
        find_runs(["nobody"], workspace)


def test_more_than_twenty_runs_are_refused(workspace: Workspace) -> None:
    for number in range(21):
        run = workspace.open_run("synthetic_data", f"run{number}", Options(), {})
        with run.hold() as attempt:
            attempt.finish({"leaves": []})
    names = [f"run{number}" for number in range(21)]
    assert len(find_runs(names[:20], workspace)) == 20
    with pytest.raises(OptionsError, match="names 21 runs; at most 20"):
        find_runs(names, workspace)


def test_a_sample_that_was_edited_badly_is_told_with_its_place(
    tmp_path: Path, workspace: Workspace, take: Take
) -> None:
    run = take("own", knowledge_paths=[pairs(tmp_path / "a.jsonl", "mayor")])
    (path,) = run.artifacts.rglob("a.jsonl")
    path.write_text(path.read_text() + '{"id": "x"}\n')
    with pytest.raises(RecordError, match="row 11 has no answer, context"):
        find_runs(["own"], workspace)[0].samples()
