import json
from pathlib import Path

import pytest

from tests.generation.conftest import Take
from tests.generation.test_take_over import pairs
from workbench.errors import NotFoundError, RecordError
from workbench.generation.flow import Flow, load_flow
from workbench.generation.imports import digest_imports, find_replay, read_imports, wants_imports
from workbench.generation.options import GenerationOptions
from workbench.records import read_jsonl
from workbench.workspace import Workspace

GOOD = json.dumps({"question": "Who?", "answer": "She."})


def options(**given: object) -> GenerationOptions:
    return GenerationOptions.parse({"taxonomy": False, **given})


def test_bad_lines_are_refused_with_all_of_them_listed(tmp_path: Path, workspace: Workspace, flow: Flow) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{GOOD}\n" * 30 + "{}\n" * 15 + f"{GOOD}\n")
    with pytest.raises(RecordError, match="15 of 46 rows cannot be read") as caught:
        digest_imports(options(knowledge_paths=[str(path)]), flow, workspace)
    assert f"{path}:31: neither" in caught.value.message
    assert "and 5 more" in caught.value.message
    assert "--skip-bad" in caught.value.hint
    report = Path(caught.value.hint.split(" listed in ")[1].split(";")[0])
    assert report.read_text().count(f"{path}:") == 15


def test_bad_lines_may_be_left_out_and_are_kept_in_the_logs(tmp_path: Path, take: Take) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(Path(pairs(path, "mayor")).read_text() + "broken\n")
    run = take("own", knowledge_paths=[str(path)], skip_bad=True)
    assert run.manifest["left_out"]["bad_line"] == 1
    assert run.manifest["sources"][0]["bad_lines"] == 1
    assert list(read_jsonl(run.logs / "bad_lines.jsonl")) == [
        {"file": "rows.jsonl", "line": 11, "reason": "not JSON: Expecting value at column 1"}
    ]


@pytest.mark.parametrize("content", ["{}\n" * 9 + GOOD, "PK\x03\x04 no text"])
def test_a_file_that_is_mostly_bad_is_refused_even_then(
    content: str, tmp_path: Path, workspace: Workspace, flow: Flow
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(content)
    with pytest.raises(RecordError) as caught:
        digest_imports(options(skills_paths=[str(path)], skip_bad=True), flow, workspace)
    assert "is it the right file?" in caught.value.hint


def test_a_file_without_rows_is_refused(tmp_path: Path, workspace: Workspace, flow: Flow) -> None:
    (tmp_path / "rows.jsonl").write_text("\n")
    with pytest.raises(RecordError, match="holds no rows"):
        digest_imports(options(skills_paths=[str(tmp_path / "rows.jsonl")]), flow, workspace)
    with pytest.raises(NotFoundError, match="nowhere"):
        digest_imports(options(skills_paths=["nowhere.jsonl"]), flow, workspace)


def test_bad_replay_rows_are_never_left_out(tmp_path: Path, workspace: Workspace, flow: Flow) -> None:
    (tmp_path / "old.jsonl").write_text(f"{GOOD}\n{{}}\n")
    with pytest.raises(RecordError, match=r"old\.jsonl:2"):
        read_imports(options(replay=str(tmp_path / "old.jsonl"), skip_bad=True), flow, workspace)


def test_a_list_may_be_written_with_commas(tmp_path: Path, workspace: Workspace, flow: Flow) -> None:
    both = f"{pairs(tmp_path / 'a.jsonl', 'mayor')}, {pairs(tmp_path / 'b.jsonl', 'song')}"
    assert len(read_imports(options(knowledge_paths=[both]), flow, workspace).files) == 20


def test_a_recipe_says_how_much_of_each_file(tmp_path: Path, workspace: Workspace, flow: Flow) -> None:
    pairs(tmp_path / "a.jsonl", "mayor")
    pairs(tmp_path / "b.jsonl", "song")
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(
        "datasets:\n- {path: a.jsonl, sampling_size: 0.5}\n- {path: b.jsonl, sampling_size: 3}\n"
        "metadata: {sys_prompt: Be exact.}\n"
    )
    found = read_imports(options(skills_paths=[str(recipe)]), flow, workspace).files
    assert [record["leaf"].rpartition("/")[2] for record in found] == ["a"] * 5 + ["b"] * 3
    assert len({record["question"] for record in found}) == 8
    assert {record["messages"][0]["content"] for record in found} == {"Be exact."}
    before = digest_imports(options(skills_paths=[str(recipe)]), flow, workspace)
    pairs(tmp_path / "b.jsonl", "tale")
    assert digest_imports(options(skills_paths=[str(recipe)]), flow, workspace) != before


def test_the_replay_of_a_flow_belongs_to_what_it_generates(workspace: Workspace, tmp_path: Path) -> None:
    compact = load_flow("compact")
    assert find_replay(GenerationOptions(), compact, workspace) is not None
    assert find_replay(options(), compact, workspace) is None
    assert find_replay(GenerationOptions(replay="none"), compact, workspace) is None
    assert find_replay(options(replay=str(tmp_path / "x.jsonl")), compact, workspace) == tmp_path / "x.jsonl"


def test_without_sources_there_is_the_replay_alone(workspace: Workspace, flow: Flow) -> None:
    assert not wants_imports(GenerationOptions())
    assert digest_imports(GenerationOptions(), flow, workspace) == {"replay": ""}
    assert not read_imports(GenerationOptions(), flow, workspace).sources
