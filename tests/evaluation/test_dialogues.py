from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.evaluation.pupils import Pupil
from workbench.errors import Checkpointed, EndpointError
from workbench.evaluation.dialogues import converse, temperature
from workbench.evaluation.journal import Journal, Kept, read_rows
from workbench.evaluation.questions import Question

QUESTIONS = [
    Question(str(number), "leaf", f"First {number}?", "a", category="math", later=(f"Second {number}?",))
    for number in range(3)
]
KNOWS = {f"{turn} {number}?": f"{turn} answer {number}" for turn in ("First", "Second") for number in range(3)}


def talk(engine: Pupil, path: Path, questions: Sequence[Question] = QUESTIONS, kept: Kept = lambda done: None) -> None:
    with Journal(path / "journal.jsonl", kept) as journal:
        converse(engine, questions, journal, max_tokens=8, seed=1)


def said(path: Path) -> dict[str, str]:
    return {row["id"]: row.get("answer", row.get("failed")) for row in read_rows(path / "journal.jsonl").values()}


def test_every_turn_has_a_row_and_a_seed_of_its_own(tmp_path: Path) -> None:
    engine = Pupil(knows=KNOWS)
    talk(engine, tmp_path)
    assert said(tmp_path)["1/1"] == "First answer 1"
    assert said(tmp_path)["1/2"] == "Second answer 1"
    assert len(said(tmp_path)) == len({request.seed for request in engine.requests}) == 6
    for request in engine.requests:
        if request.tag.endswith("/2"):
            first, own, _ = (message["content"] for message in request.messages)
            assert own == KNOWS[first]


def test_nothing_that_was_answered_is_asked_again(tmp_path: Path) -> None:
    whole, parts = Pupil(knows=KNOWS), Pupil(knows=KNOWS)
    talk(whole, tmp_path / "whole")

    def stop(done: int) -> None:
        raise Checkpointed("enough")

    for _ in range(6):
        with pytest.raises(Checkpointed):
            talk(parts, tmp_path / "parts", kept=stop)
    talk(parts, tmp_path / "parts")
    assert said(tmp_path / "parts") == said(tmp_path / "whole")
    assert sorted(request.tag for request in parts.requests) == sorted(request.tag for request in whole.requests)
    heard = [{request.tag: request.messages for request in engine.requests} for engine in (parts, whole)]
    assert heard[0] == heard[1]


def test_an_endpoint_that_dies_leaves_what_was_answered(tmp_path: Path) -> None:
    engine = Pupil(knows=KNOWS, dies_after=3)
    with pytest.raises(EndpointError, match="has gone"):
        talk(engine, tmp_path)
    assert len(said(tmp_path)) == 3
    engine.dies_after = 1000
    talk(engine, tmp_path)
    assert len(said(tmp_path)) == len(engine.asked) == 6


def test_a_first_turn_that_does_not_fit_fails_both(tmp_path: Path) -> None:
    question = Question("long", "leaf", "word " * 20, later=("Second?",))
    talk(Pupil(knows=KNOWS, context_size=12), tmp_path, [question, QUESTIONS[0]])
    found = said(tmp_path)
    assert "does not fit" in found["long/1"]
    assert found["long/2"] == found["long/1"]
    assert found["0/2"] == "Second answer 0"


def test_a_second_turn_that_does_not_fit_leaves_the_first(tmp_path: Path) -> None:
    question = Question("long", "leaf", "First 1?", later=("word " * 20,))
    talk(Pupil(knows=KNOWS, context_size=12), tmp_path, [question])
    assert said(tmp_path)["long/1"] == "First answer 1"
    assert "does not fit" in said(tmp_path)["long/2"]


def test_a_failed_turn_is_remembered(tmp_path: Path) -> None:
    question = Question("long", "leaf", "word " * 20, later=("Second?",))

    def stop(done: int) -> None:
        raise Checkpointed("enough")

    engine = Pupil(context_size=12)
    with pytest.raises(Checkpointed):
        talk(engine, tmp_path, [question], stop)
    talk(engine, tmp_path, [question])
    assert said(tmp_path)["long/2"] == said(tmp_path)["long/1"]
    assert engine.asked == []


def test_how_freely_is_drawn_depends_on_the_category() -> None:
    named = {name: temperature(name) for name in ("writing", "roleplay", "math", "coding", "stem", "humanities", "odd")}
    assert named == {
        **dict.fromkeys(("writing", "roleplay", "odd"), 0.7),
        **dict.fromkeys(("math", "coding"), 0.0),
        **dict.fromkeys(("stem", "humanities"), 0.1),
    }
    assert temperature("extraction") == temperature("reasoning") == temperature("") == 0.0


def test_the_temperature_is_that_of_the_question(tmp_path: Path) -> None:
    engine = Pupil()
    talk(engine, tmp_path, [Question("1", "leaf", "A tale?", category="roleplay")])
    assert engine.requests[0].sampling.temperature == 0.7
