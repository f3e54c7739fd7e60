from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.engines.engine import Completion, Request, Sampling
from workbench.errors import RecordError
from workbench.generation.journal import Journal, request_key
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
    again.close()
    assert again.answers["k1"]["text"] == "Who built it?"
    assert again.answers["k2"]["finish"] == "stop"
    assert (again.requests, again.tokens) == (2, 4)


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
