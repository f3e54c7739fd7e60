from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from workbench.events import EventReader, EventWriter, drop_repeated, now, read_events


def event(attempt: int, step: int | None = None, **fields: Any) -> dict[str, Any]:
    return {"stage": "train", "attempt": attempt, **({} if step is None else {"step": step}), **fields}


def test_an_event_says_when_and_in_which_attempt(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "events.jsonl", attempt=2)
    writer.emit("train", loss=0.5)
    writer.emit("train", loss=0.4)
    writer.close()
    first, second = read_events(tmp_path / "events.jsonl")
    assert (first["stage"], first["loss"], first["attempt"], first["sequence"]) == ("train", 0.5, 2, 1)
    assert second["sequence"] == 2
    assert datetime.fromisoformat(first["time"]) <= datetime.fromisoformat(second["time"])


def test_moments_are_in_utc() -> None:
    assert now().endswith("Z")
    assert datetime.fromisoformat(now()).utcoffset() == timedelta(0)


def test_a_reader_follows_a_file_that_grows(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    reader = EventReader(path)
    assert reader.poll() == []
    writer = EventWriter(path, attempt=1)
    writer.emit("train", step=1)
    assert [found["step"] for found in reader.poll()] == [1]
    with path.open("a") as file:
        file.write('{"stage": "train", "st')
    assert reader.poll() == []
    writer.close()
    later = EventWriter(path, attempt=2)
    later.emit("train", step=2)
    later.close()
    assert [found["step"] for found in reader.poll()] == [2]


def test_a_run_that_has_not_begun_has_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path / "events.jsonl") == []


def test_what_a_later_attempt_did_again_is_dropped() -> None:
    before = [event(1), event(1, 1), event(1, 2), event(1, 3), event(1, 9)]
    after = [event(2), event(2, 3), event(2, 4)]
    assert drop_repeated(before + after) == [event(1), event(1, 1), event(1, 2), *after]


def test_steps_of_other_phases_and_leaves_are_not_repeats() -> None:
    events = [event(1, 5, phase=1), event(2, 1, phase=2), event(1, 5, leaf="a"), event(2, 1, leaf="b")]
    assert drop_repeated(events) == events


def test_two_events_of_one_step_both_stay() -> None:
    events = [event(1, 1, loss=0.5), event(1, 1, rate=3)]
    assert drop_repeated(events) == events
