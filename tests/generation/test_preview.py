from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.generation.whole_run import LEAVES, engine, files, open_run, work
from workbench.errors import Checkpointed
from workbench.events import read_events
from workbench.generation import preview as preview_module
from workbench.generation.options import GenerationOptions
from workbench.generation.preview import FILE, estimate_sentence, preview
from workbench.records import read_jsonl, write_json
from workbench.runs import Run, Stop
from workbench.workspace import Workspace

Record = dict[str, Any]


def look(workspace: Workspace, options: GenerationOptions, stop: Stop | None = None) -> tuple[Run, Record]:
    run = open_run(workspace, options)
    with run.hold(whole=False) as attempt:
        found = preview(options, run, attempt, stop or Stop())
        write_json(run.folder / FILE, found)
        attempt.set_aside("looked at")
    return run, found


def test_a_few_samples_of_each_leaf_are_shown(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(monkeypatch)
    run, found = look(workspace, options)
    assert len(found["samples"]) == LEAVES
    for leaf, records in found["samples"].items():
        outcomes = [record["outcome"] for record in records]
        assert outcomes.count("kept") == 3, leaf
        assert len(outcomes) - 3 <= 3
        assert all(record["trace"] for record in records)
    assert {record["outcome"] for records in found["samples"].values() for record in records} > {"kept"}
    assert run.state["status"] == "queued"
    assert found["estimate"]["requests_done"] == len(list(read_jsonl(run.artifacts / "journal.jsonl")))
    assert read_events(run.events)[0]["sentence"] == "5 leaves x 10 samples each: 50 samples are to be kept."


def test_the_run_goes_on_from_its_preview_and_asks_nothing_twice(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine(monkeypatch, order=1)
    whole = files(work(Workspace.find(tmp_path / "other"), options))
    engine(monkeypatch, order=2)
    run, found = look(workspace, options)
    before = [record["for"] for record in read_jsonl(run.artifacts / "journal.jsonl")]
    again = engine(monkeypatch, order=3)
    assert files(work(workspace, options)) == whole
    assert before
    assert not set(before) & {request.tag for request in again.asked}
    keys = [record["key"] for record in read_jsonl(run.artifacts / "journal.jsonl")]
    assert len(keys) == len(set(keys))
    made = {record["id"] for path in run.artifacts.rglob("*.jsonl") for record in read_jsonl(path) if "id" in record}
    assert {record["id"] for records in found["samples"].values() for record in records} <= made


def test_a_fast_teacher_is_tried_with_more_samples_than_are_shown(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(monkeypatch)
    many = options.model_copy(update={"num_instructions": 12})
    _, found = look(workspace, many)
    events = read_events(open_run(workspace, many).events)
    assert {event["total"] for event in events if event["stage"] == "preview"} == {5 * 3, 5 * 6, 5 * 12}
    assert [len([one for one in each if one["outcome"] == "kept"]) for each in found["samples"].values()] == [
        3
    ] * LEAVES


def test_time_ends_it_with_what_there_is(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = engine(monkeypatch)
    moments = iter(range(100000))
    monkeypatch.setattr(preview_module, "time", SimpleNamespace(monotonic=lambda: float(next(moments))))
    _, found = look(workspace, options.model_copy(update={"preview_seconds": 20}))
    assert 0 < len(fake.asked) < 100
    assert found["estimate"]["requests"] > 50


def test_a_stop_is_a_checkpoint(
    workspace: Workspace, options: GenerationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(monkeypatch)
    stop = Stop()
    stop.request("a test")
    with pytest.raises(Checkpointed):
        look(workspace, options, stop)
    assert open_run(workspace, options).state["status"] == "canceled"


def test_the_estimate_is_a_sentence() -> None:
    found: Record = {
        "requests": 4210,
        "meters": {"generation_output": 31000, "training_input": 90000},
        "money": None,
        "minutes": None,
    }
    said = "About 4,210 requests, 31,000 output tokens, 90,000 training tokens"
    assert estimate_sentence(found) == f"{said}."
    money = {"currency": "EUR", "total": 1.234}
    assert estimate_sentence(found | {"minutes": 3.0, "money": money}) == f"{said}, 1.23 EUR, 3 min from here on."
