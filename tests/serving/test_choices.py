import pytest

from workbench.engines.engine import Completion, Finish, Logprob, Request
from workbench.serving.bodies import ChatBody, TextBody
from workbench.serving.choices import Choices
from workbench.serving.orders import Ended, Read

ASKED = Request("a", prompt="x")


def done(text: str = "", tokens: int = 1, logprobs: tuple[Logprob, ...] = (), finish: Finish = "stop") -> Completion:
    return Completion(ASKED, 0, text, finish, 5, tokens, logprobs=logprobs)


def logprobs(*pieces: bytes) -> tuple[Logprob, ...]:
    return tuple(Logprob(piece, -1.0) for piece in pieces)


def test_choices_are_whole_one_by_one_and_prompts_are_counted_once() -> None:
    choices = Choices(TextBody(model="m", prompt=["a", "b"], n=2))
    assert [each.text for each in choices.take(Ended(3, done("four", 4)))] == ["four"]
    (other,) = choices.take(Ended(2, done("three", 3, finish="length")))
    assert (other.index, other.text, other.finish, other.logprobs) == (2, "three", "length", None)
    assert choices
    for index in (0, 1):
        choices.take(Ended(index, done()))
    assert not choices
    assert (choices.prompt_tokens, choices.tokens) == (10, 9)


@pytest.mark.parametrize("turned", [False, True])
def test_an_echo_waits_for_the_prompts_log_probabilities(turned: bool) -> None:
    body = TextBody(model="m", prompt="So ", echo=True, logprobs=1)
    events: list[Ended | Read] = [
        Read(0, done(logprobs=logprobs(b"So", b" "))),
        Ended(0, done("it is", 2, logprobs(b"it", b" is"))),
    ]
    choices = Choices(body)
    first, second = events[::-1] if turned else events
    assert choices.take(first) == []
    (choice,) = choices.take(second)
    assert choice.text == "So it is"
    assert [each.piece for each in choice.logprobs or ()] == [b"So", b" ", b"it", b" is"]


def test_a_prompt_may_be_all_there_is() -> None:
    choices = Choices(TextBody(model="m", prompt="So", max_tokens=0, logprobs=0))
    (choice,) = choices.take(Read(0, done(tokens=0, logprobs=logprobs(b"So"))))
    assert (choice.text, choice.finish, choice.logprobs) == ("", "length", ())
    assert (choices.prompt_tokens, choices.tokens) == (5, 0)


def test_tokens_of_a_stop_text_are_not_told() -> None:
    choices = Choices(ChatBody(model="m", messages=[{"role": "user", "content": "x"}], logprobs=True))  # type: ignore[list-item]
    (choice,) = choices.take(Ended(0, done("öt", 4, logprobs(b"\xc3", b"\xb6", b"tEN", b"D"))))
    assert [each.piece for each in choice.logprobs or ()] == [b"\xc3", b"\xb6", b"tEN"]
