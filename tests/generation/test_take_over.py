import json
from pathlib import Path
from typing import Any

import pytest

from tests.generation.conftest import Take
from workbench.errors import OptionsError
from workbench.events import read_events
from workbench.records import read_jsonl
from workbench.runs import Run

Record = dict[str, Any]
NAMES = "Aldern Brise Corby Dunmore Ebbing Farrow Gelm Harrow Isten Jorvik".split()


def pairs(path: Path, topic: str, count: int = 10, **more: str) -> str:
    rows = [
        {"question": f"What is the {topic} of {name}?", "answer": f"The {topic} {name.upper()}.", **more}
        for name in NAMES[:count]
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def questions(run: Run, name: str) -> set[str]:
    rows = read_jsonl(run.folder / f"{name}_train_msgs.jsonl")
    return {message["content"] for row in rows for message in row["messages"] if message["role"] == "user"}


def heldout(run: Run) -> set[str]:
    return {row["question"] for row in read_jsonl(run.folder / "heldout.jsonl")}


def test_files_become_a_run_like_any_other(tmp_path: Path, take: Take) -> None:
    run = take(
        "own",
        knowledge_paths=[pairs(tmp_path / "towns.jsonl", "mayor", leaf="knowledge/towns")],
        skills_paths=[pairs(tmp_path / "talk.jsonl", "song")],
        heldout_share=0.2,
    )
    manifest = run.manifest
    leaves = {leaf["path"]: leaf for leaf in manifest["leaves"]}
    assert set(leaves) == {"knowledge/towns", "compositional_skills/imported/talk"}
    assert all(
        (leaf["made"], leaf["kept"], leaf["heldout"], leaf["mixed"]) == (10, 10, 2, 8) for leaf in leaves.values()
    )
    assert manifest["data_metrics"]["samples"] == {
        "knowledge": 8, "skills": 16, "total": 24,
        "data_leaf_nodes": {"compositional_imported_talk": 8, "knowledge_towns": 8},
    }  # fmt: skip
    assert manifest["data_metrics"]["tokens"]["data_leaf_nodes"]["knowledge_towns"] == 8 * 9
    assert [source["rows"] for source in manifest["sources"]] == [10, 10]
    assert (manifest["model"], manifest["requests"]) == ("", 0)
    assert len(list(read_jsonl(run.artifacts / "knowledge" / "towns.jsonl"))) == 10
    assert len(heldout(run)) == 4
    assert not heldout(run) & (questions(run, "knowledge") | questions(run, "skills"))
    assert questions(run, "knowledge") < questions(run, "skills")
    assert read_events(run.events)[-2]["sentence"] == "Took over 20 samples."


def test_what_any_of_the_runs_held_out_is_trained_in_none(tmp_path: Path, take: Take) -> None:
    same = {"knowledge_paths": [pairs(tmp_path / "towns.jsonl", "mayor", leaf="knowledge/towns")]}
    first = take("first", heldout_share=0.2, **same)
    pairs(tmp_path / "towns.jsonl", "mayor", 9, leaf="knowledge/towns")
    towns = tmp_path / "towns.jsonl"
    towns.write_text(towns.read_text().replace("The mayor", "Their mayor"))
    second = take("second", heldout_share=0.5, **same)
    assert heldout(first) != heldout(second)
    merged = take("both", internal_ids=["first", second.id])
    assert heldout(merged) == heldout(first) | heldout(second)
    assert not heldout(merged) & (questions(merged, "knowledge") | questions(merged, "skills"))
    assert questions(merged, "knowledge") == (questions(first, "knowledge") | questions(second, "knowledge")) - heldout(
        merged
    )
    (leaf,) = merged.manifest["leaves"]
    assert (leaf["made"], leaf["kept"], merged.manifest["left_out"]["duplicate"]) == (19, 19, 0)
    assert leaf["kept"] == leaf["mixed"] + leaf["heldout"] + leaf["too_like_heldout"]
    assert leaf["mixed"] == len(list(read_jsonl(merged.folder / "knowledge_train_msgs.jsonl")))
    assert leaf["too_like_heldout"] > 0
    assert merged.manifest["left_out"]["like_heldout"] == 0, "samples are told apart before they are rows"
    ids = [row["id"] for row in read_jsonl(merged.folder / "heldout.jsonl")]
    assert len(set(ids)) == len(ids)
    assert [source["name"] for source in merged.manifest["sources"]] == ["first", "second"]


def test_a_merge_of_merges_and_files_still_holds_out_all(tmp_path: Path, take: Take) -> None:
    take("a", knowledge_paths=[pairs(tmp_path / "a.jsonl", "mayor")])
    take("b", skills_paths=[pairs(tmp_path / "b.jsonl", "song")])
    first = take("ab", internal_ids=["a", "b"])
    edited = tmp_path / "edited.jsonl"
    edited.write_bytes((tmp_path / "a.jsonl").read_bytes() + (tmp_path / "b.jsonl").read_bytes())
    run = take("all", internal_ids=["ab"], skills_paths=[str(edited)], precomputed_skills=str(edited))
    assert heldout(first) <= heldout(run)
    assert not heldout(run) & (questions(run, "knowledge") | questions(run, "skills"))
    again = take("once-more", internal_ids=["all"])
    assert heldout(again) == heldout(run)
    assert questions(again, "skills") == questions(run, "skills")


def test_a_recipe_of_a_run_gives_its_rows_again(tmp_path: Path, take: Take) -> None:
    first = take("first", knowledge_paths=[pairs(tmp_path / "a.jsonl", "mayor")], system_prompt="Be exact.")
    recipe = first.folder / "recipes" / "knowledge.yaml"
    run = take("again", knowledge_paths=[str(recipe)], heldout_share=0.0)
    assert questions(run, "knowledge") == questions(first, "knowledge")
    (row, *_) = read_jsonl(run.folder / "knowledge_train_msgs.jsonl")
    assert row["messages"][0] == {"role": "system", "content": "Be exact."}
    (leaf,) = run.manifest["leaves"]
    assert leaf["path"] == "knowledge/imported/a"


def test_replay_goes_into_both_phases_and_is_carried_on(tmp_path: Path, take: Take) -> None:
    old = pairs(tmp_path / "old.jsonl", "legend", 3)
    run = take("first", knowledge_paths=[pairs(tmp_path / "a.jsonl", "mayor")], replay=old)
    for each in (run, take("second", internal_ids=["first"])):
        assert sum("legend" in text for text in questions(each, "knowledge")) == 3
        assert sum("legend" in text for text in questions(each, "skills")) == 3
        assert "knowledge_imported_old" not in each.manifest["data_metrics"]["tokens"]["data_leaf_nodes"]


def test_a_training_file_that_was_edited_comes_back_with_its_replay_as_replay(tmp_path: Path, take: Take) -> None:
    old = pairs(tmp_path / "old.jsonl", "legend", 3)
    run = take("first", knowledge_paths=[pairs(tmp_path / "a.jsonl", "mayor")], replay=old, heldout_share=0.2)
    again = take(
        "again",
        internal_ids=["first"],
        knowledge_paths=[str(run.folder / "knowledge_train_msgs.jsonl")],
        skills_paths=[str(run.folder / "recipes" / "skills.yaml")],
    )
    assert questions(again, "knowledge") == questions(run, "knowledge")
    assert [leaf["path"] for leaf in again.manifest["leaves"]][-1] == "knowledge/imported/a"
    for name in ("knowledge", "skills"):
        rows = list(read_jsonl(again.folder / f"{name}_train_msgs.jsonl"))
        assert sum("legend" in row["messages"][0]["content"] for row in rows) == 3
    assert heldout(run) <= heldout(again)


def test_equal_sources_are_one_run_wherever_they_lie(tmp_path: Path, take: Take) -> None:
    first = take("own", knowledge_paths=[pairs(tmp_path / "a.jsonl", "mayor")])
    (tmp_path / "there").mkdir()
    moved = (tmp_path / "a.jsonl").rename(tmp_path / "there" / "a.jsonl")
    from workbench.errors import ConflictError

    with pytest.raises(ConflictError, match="done already"):
        take("own", knowledge_paths=[str(moved)])
    moved.write_text(moved.read_text().replace("mayor", "abbot"))
    assert take("own", knowledge_paths=[str(moved)]).folder != first.folder


def test_a_sample_of_which_no_row_is_left_does_not_count_as_mixed(tmp_path: Path, take: Take) -> None:
    path = tmp_path / "rows.jsonl"
    pairs(path, "mayor")
    path.write_text(path.read_text() + '{"question": "Who?", "answer": " "}\n')
    run = take("own", knowledge_paths=[str(path)], heldout_share=0.0)
    (leaf,) = run.manifest["leaves"]
    assert (leaf["kept"], leaf["mixed"], run.manifest["left_out"]["empty"]) == (11, 10, 1)


def test_nothing_to_take_over_is_told(take: Take) -> None:
    with pytest.raises(OptionsError, match="nothing to make data of"):
        take("none")
