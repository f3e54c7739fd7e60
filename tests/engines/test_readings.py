from pathlib import Path

import numpy as np
import pytest

from workbench.engines.engine import Request, Sampling
from workbench.engines.llamacpp import LlamaEngine
from workbench.engines.readings import reading
from workbench.engines.settings import Settings

TEXT = "The lighthouse of Vel Marin was built in 1843. Größe 🙂"
ASKED = Request("read", prompt=TEXT, sampling=Sampling(max_tokens=0), logprobs=2)


def spell(token: int) -> bytes:
    return str(token).encode()


def test_logits_judge_the_tokens_behind_them() -> None:
    lane = reading(ASKED, [0, 1, 2], 0, spell)
    lane.slot.length = 2
    rows = np.log(np.asarray([[0.1, 0.7, 0.2], [0.2, 0.2, 0.6]], np.float32))
    lane.read(rows)
    lane.slot.length = 3
    lane.read(rows[:1])
    done = lane.end("stop")
    assert [each.piece for each in done.logprobs] == [b"0", b"1", b"2"]
    assert [each.value for each in done.logprobs] == [None, pytest.approx(np.log(0.7)), pytest.approx(np.log(0.6))]
    assert [piece for piece, _ in done.logprobs[1].top] == [b"1", b"2"]
    assert (done.finish, done.prompt_tokens, done.tokens) == ("length", 3, 0)
    assert lane.end("cancelled").logprobs == ()


def test_a_token_that_begins_texts_is_not_the_texts_own() -> None:
    lane = reading(ASKED, [0, 1], 1, spell)
    lane.slot.length = 2
    lane.read(np.zeros((2, 2), np.float32))
    assert [each.piece for each in lane.end("stop").logprobs] == [b"1"]


@pytest.mark.parametrize("batch", [8, 512])
def test_what_is_read_adds_up_to_scores(tiny_gguf: Path, batch: int) -> None:
    """However many evaluations the prompt takes, and beside others that are answered."""
    engine = LlamaEngine(tiny_gguf, Settings(sequences=4, batch=batch, threads=1))
    with engine.session() as session:
        session.submit(ASKED)
        session.submit(Request("beside", prompt="The", sampling=Sampling(max_tokens=5)))
        found = {done.request.tag: done for done in session}
    told = found["read"].logprobs
    assert b"".join(each.piece for each in told).decode() == TEXT
    assert found["beside"].tokens == 5
    first = told[0].piece.decode()
    expected = engine.score(first, [TEXT.removeprefix(first)])
    assert sum(each.value or 0.0 for each in told) == pytest.approx(expected[0], abs=1e-3)
    engine.close()
