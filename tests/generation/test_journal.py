from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.engines.engine import Completion, Request, Sampling
from workbench.errors import RecordError
from workbench.generation.journal import Journal, request_key, row_of
from workbench.messages import user
from workbench.records import read_jsonl

WARM = Sampling(temperature=0.7)
ASKED = Request("a", messages=(user("Who?"),), seed=1)


def answered(text: str) -> Completion:
    return Completion(ASKED, 0, text, "stop", 3, 2)


def test_answers_are_there_again_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    # A killed process closes nothing, so the second one opens before the first has.
    with closing(Journal(path)) as journal:
        journal.record("k1", "question", answered("Who built it?"))
        journal.record("k2", "answer", answered("Mara"))
        again = Journal(path)
    with closing(again):
        assert again.answers["k1"]["text"] == "Who built it?"
        assert again.answers["k2"]["finish"] == "stop"
        assert list(again.answers) == ["k1", "k2"]
        assert (again.requests, again.tokens) == (2, 4)
        assert (again.asked, again.drawn) == (0, 0)


def test_an_answer_is_there_as_soon_as_it_is_recorded(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        assert "k1" not in journal.answers
        for number in range(300):
            journal.record(f"k{number}", "question", answered(f"text {number} " * 9))
            assert journal.answers[f"k{number // 2}"]["text"] == f"text {number // 2} " * 9
        assert (journal.asked, journal.drawn, len(journal.answers)) == (300, 600, 300)


def test_an_entry_says_for_which_sample_it_was_asked(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        asked = replace(ASKED, tag="knowledge/a b/c#12 answer, again")
        journal.record("k", "answer", Completion(asked, 0, "x", "stop", 1, 1))
        assert row_of(journal.answers["k"]) == ("knowledge/a b/c", 12)
    assert row_of({"for": "something else"}) == ("", -1)


def test_a_half_line_is_ignored_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with closing(Journal(path)) as journal:
        journal.record("k1", "question", answered("whole"))
    with path.open("ab") as file:
        file.write(b'{"key": "k2", "text": "ha')
    with closing(Journal(path)) as again:
        assert set(again.answers) == {"k1"}
        again.record("k2", "question", answered("whole too"))
    assert [(record["key"], record["text"]) for record in read_jsonl(path)] == [("k1", "whole"), ("k2", "whole too")]


def test_another_file_is_refused_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"step": 1}\n')
    with pytest.raises(RecordError, match=r"journal\.jsonl") as caught:
        Journal(path)
    assert "delete" in caught.value.hint


def test_the_key_covers_all_that_decides_the_answer() -> None:
    key = request_key(ASKED, "model")
    others = [
        replace(ASKED, messages=(user("When?"),)),
        replace(ASKED, grammar='root ::= "a"'),
        replace(ASKED, schema="{}"),
        replace(ASKED, samples=2),
        replace(ASKED, sampling=Sampling(max_tokens=7)),
        replace(ASKED, sampling=Sampling(stop=("x",))),
        replace(ASKED, sampling=Sampling(top_k=3)),
        replace(ASKED, sampling=WARM),
    ]
    keys = {request_key(other, "model") for other in others} | {request_key(ASKED, "another model")}
    assert len(keys) == len(others) + 1
    assert key not in keys


def test_only_what_is_drawn_depends_on_the_seed() -> None:
    assert request_key(ASKED, "m") == request_key(replace(ASKED, seed=2, tag="b"), "m")
    warm = replace(ASKED, sampling=WARM)
    assert request_key(warm, "m") != request_key(replace(warm, seed=2), "m")
