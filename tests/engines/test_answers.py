import numpy as np
import pytest

from workbench.engines.answers import Answer, answers
from workbench.engines.engine import Request, Sampling


def answer(stop: tuple[str, ...] = (), max_tokens: int = 9) -> Answer:
    request = Request("a", prompt="x", sampling=Sampling(max_tokens=max_tokens, stop=stop))
    (found,) = answers(request, [4, 5, 6], None)
    return found


def say(found: Answer, *pieces: bytes) -> str | None:
    """The finish of the last piece."""
    return [found.append(number, piece) for number, piece in enumerate(pieces)][-1]


def test_every_sample_is_a_lane_of_its_own_on_the_same_prompt() -> None:
    found = answers(Request("a", prompt="x", samples=3, sampling=Sampling(max_tokens=5)), [4, 5, 6], None)
    assert [each.index for each in found] == [0, 1, 2]
    assert all(each.prompt is found[0].prompt for each in found)
    assert (found[0].first, found[0].room, found[0].kept) == (2, 8, 3)


@pytest.mark.parametrize("pieces", [(b"It. ", b"\n\nNo"), (b"It. \n", b"\n", b"No"), (b"It. \n\n",)])
def test_a_stop_text_is_found_wherever_pieces_are_cut(pieces: tuple[bytes, ...]) -> None:
    found = answer(stop=("never", "\n\n"))
    finish = next(finish for number, piece in enumerate(pieces) if (finish := found.append(number, piece)))
    assert (finish, found.end("stop").text) == ("stop", "It. ")


def test_the_first_of_several_stop_texts_cuts() -> None:
    found = answer(stop=("c", "b"))
    assert say(found, b"abcd") == "stop"
    assert found.end("stop").text == "a"


def test_an_answer_ends_at_its_longest_and_leaves_out_half_a_character() -> None:
    found = answer(max_tokens=2)
    assert say(found, b"a") is None
    assert say(found, "ö".encode()[:1]) == "length"
    done = found.end("length")
    assert (done.text, done.tokens, done.prompt_tokens, done.scores) == ("a", 2, 3, ())


def test_samplers_begin_with_the_samples_own_seed() -> None:
    first, second = answers(Request("a", prompt="x", samples=2, seed=3), [4], None)
    first.start()
    second.start()
    assert first.sampler is not None
    assert second.sampler is not None
    assert first.sampler.seed != second.sampler.seed
    assert np.array_equal(first.prompt, second.prompt)
