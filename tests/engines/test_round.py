import threading
from collections.abc import Iterator

import pytest

from tests.engines.tellers import Teller, chatting
from workbench.engines.chat import Chat
from workbench.engines.engine import Sampling
from workbench.engines.replies import Asked
from workbench.engines.round import Round
from workbench.engines.transcript import Answer, Turn
from workbench.errors import NotFoundError
from workbench.workspace import Workspace

ASKED = Asked("", "Who?", Sampling(), context="A passage.")


@pytest.fixture
def tellers() -> dict[str, Teller]:
    return {"base": Teller("I", " do."), "trained": Teller("You.", most=0), "other": Teller(*["word "] * 9999)}


@pytest.fixture
def chat(tellers: dict[str, Teller], workspace: Workspace) -> Iterator[Chat]:
    with chatting(tellers, workspace) as chat:
        yield chat


def test_all_answer_at_once_and_one_may_fail(chat: Chat) -> None:
    told: list[bool] = []
    ended = threading.Event()

    def tell(last: bool) -> None:
        told.append(last)
        if last:
            ended.set()

    round = Round(ASKED, tell)
    round.start(chat, ["base", "trained"])
    failed = Answer("", "failed", error="the request does not fit\nhint: shorten it")
    assert round.wait() == Turn("Who?", {"base": Answer("I do."), "trained": failed}, "A passage.")
    assert ended.wait(60)
    assert (told.count(True), told[-1], round.under_way) == (1, True, [])
    assert told.count(False) >= 3


def test_it_can_be_looked_at_and_stopped_on_its_way(chat: Chat) -> None:
    grown, go_on = threading.Event(), threading.Event()

    def tell(last: bool) -> None:
        grown.set()
        go_on.wait(60)

    round = Round(ASKED, tell)
    round.start(chat, ["other"])
    assert grown.wait(60)
    assert round.turn.answers == {"other": Answer("word")}
    assert round.under_way == ["other"]
    round.stop()
    go_on.set()
    assert round.wait().answers["other"] == Answer("word", "cancelled")


def test_a_model_that_is_not_there_is_refused_before_anything_is_asked(chat: Chat, tellers: dict[str, Teller]) -> None:
    with pytest.raises(NotFoundError, match="no model is called x here"):
        Round(ASKED).start(chat, ["base", "x"])
    assert tellers["base"].requests == []
