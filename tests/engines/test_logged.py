import pytest

from workbench.engines.engine import Logprob
from workbench.engines.logged import logged

HALF = [195]
CHAT = {
    "content": [
        {"token": "?", "bytes": HALF, "logprob": -0.5, "top_logprobs": [{"token": "b", "logprob": -0.1}]},
        {"token": "a", "logprob": -1, "top_logprobs": []},
    ]
}
PLAIN = {
    "tokens": ["a", "b"],
    "token_logprobs": [None, -0.5],
    "top_logprobs": [None, {"x": -3.0, "b": -0.5, "y": -1.0}],
    "text_offset": [0, 1],
}


def test_chats_and_plain_completions_are_understood() -> None:
    assert logged({"logprobs": CHAT}, 1) == (Logprob(b"\xc3", -0.5, ((b"b", -0.1),)), Logprob(b"a", -1.0))
    assert logged({"logprobs": PLAIN}, 2) == (Logprob(b"a", None), Logprob(b"b", -0.5, ((b"b", -0.5), (b"y", -1.0))))
    assert logged({"logprobs": PLAIN | {"top_logprobs": None}}, 0)[1] == Logprob(b"b", -0.5)


@pytest.mark.parametrize("told", [None, {}, [], {"content": None}])
def test_nothing_told_is_nothing(told: object) -> None:
    assert logged({"logprobs": told}, 1) == ()
