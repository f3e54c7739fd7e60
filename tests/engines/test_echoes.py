import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from workbench.engines.connection import RefusedError
from workbench.engines.echoes import Echo
from workbench.errors import EngineError

_NEXT = " west"


def likely(token: str) -> float:
    """What the model of these tests finds of a token, whatever is before it."""
    return -0.25 * len(token)


def cut(text: str) -> list[str]:
    return re.findall(r" ?[^ ]+| ", text)


class Server:
    """Echoes prompts; `shift` gives every token the value of the one behind it, `begins` adds a first token."""

    def __init__(self, *, shift: int = 0, tokens: bool = False, begins: bool = False, echoes: bool = True) -> None:
        self.shift, self.tokens, self.begins, self.echoes = shift, tokens, begins, echoes
        self.vocabulary: list[str] = []

    def ask(self, asked: Sequence[Mapping[str, Any]], trial: bool) -> list[Mapping[str, Any]]:
        return [self._answer(fields) for fields in asked]

    def make(self, text: str, beginning: bool) -> list[int]:
        if not self.tokens:
            return []
        pieces = (["<s>"] if beginning and self.begins else []) + cut(text)
        self.vocabulary += [piece for piece in pieces if piece not in self.vocabulary]
        return [self.vocabulary.index(piece) for piece in pieces]

    def _answer(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        prompt = fields["prompt"]
        if not isinstance(prompt, str) and not self.tokens:
            raise RefusedError(EngineError("a prompt is a text"))
        if not fields.get("echo"):
            return {"logprobs": {"tokens": [_NEXT], "token_logprobs": [likely(_NEXT)]}}
        if not self.echoes:
            raise RefusedError(EngineError("only no echo is supported"))
        if isinstance(prompt, str):
            pieces = (["<s>"] if self.begins else []) + cut(prompt)
        else:
            pieces = [self.vocabulary[token] for token in prompt]
        pieces = [*pieces, " again"]
        values = [None, *(likely(piece) for piece in pieces[1 : len(pieces)])]
        shifted = [*values[self.shift :], *[-9.0] * self.shift]
        return {"logprobs": {"tokens": pieces, "token_logprobs": [None, *shifted[1:]]}}


@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize("begins", [False, True])
def test_what_the_echo_says_is_summed(tokens: bool, begins: bool) -> None:
    server = Server(tokens=tokens, begins=begins)
    echo = Echo(server.ask, server.make)
    assert echo.works()
    found = echo.score("Who built it?", [" Tarn Osgood.", " nobody", ""])
    assert found == [likely(" Tarn") + likely(" Osgood."), likely(" nobody"), 0.0]


def test_values_of_the_wrong_position_are_seen_through() -> None:
    assert not Echo(Server(shift=1).ask, Server().make).works()


def test_a_server_that_does_not_echo_is_seen() -> None:
    server = Server(echoes=False)
    assert not Echo(server.ask, server.make).works()
    assert not Echo(lambda asked, trial: [{"text": "x"} for _ in asked], server.make).works()
    assert not Echo(lambda asked, trial: [{"text": "x", "logprobs": None} for _ in asked], server.make).works()


def test_a_token_over_the_border_is_an_error() -> None:
    server = Server()
    echo = Echo(server.ask, server.make)
    assert echo.works()
    with pytest.raises(ValueError, match="lies over"):
        echo.score("Who built", ["er it"])


def test_a_trial_is_marked_as_one_until_it_came_out_right() -> None:
    server, trials = Server(), []

    def ask(asked: Sequence[Mapping[str, Any]], trial: bool) -> list[Mapping[str, Any]]:
        trials.append(trial)
        return server.ask(asked, trial)

    echo = Echo(ask, server.make)
    assert echo.works()
    assert all(trials)
    assert math.isfinite(echo.score("a", [" b"])[0])
    assert trials[-1] is False
