"""Engines that say what they were given, and a chat with them."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from workbench.engines.chat import Chat, Speaker
from workbench.engines.engine import Completion, Request, Sampling
from workbench.engines.options import ChatOptions
from workbench.errors import ContextError
from workbench.workspace import Workspace


class Teller:
    """An engine that says the pieces it was given, one a turn, and reads no more than so many messages."""

    def __init__(self, *pieces: str, most: int = 99) -> None:
        self.pieces: Iterable[str] = pieces
        self.most = most
        self.requests: list[Request] = []
        self.cancelled = False
        self.threads: set[int] = set()

    @contextmanager
    def session(self) -> Iterator["Teller"]:
        self._left = iter(self.pieces)
        self._told = ""
        self.cancelled = False
        yield self

    def submit(self, request: Request) -> None:
        self.requests.append(request)
        if len(request.messages) > self.most:
            raise ContextError("the request does not fit", hint="shorten it")

    def turn(self) -> list[Completion]:
        self.threads.add(threading.get_ident())
        request = self.requests[-1]
        piece = "" if self.cancelled else next(self._left, "")
        if not piece:
            return [Completion(request, 0, self._told, "cancelled" if self.cancelled else "stop", 1, 1)]
        self._told += piece
        assert request.on_text
        request.on_text(0, piece)
        return []

    def cancel(self, tag: str) -> None:
        assert tag == self.requests[-1].tag
        self.cancelled = True


@contextmanager
def chatting(tellers: Mapping[str, Teller], workspace: Workspace) -> Iterator[Chat]:
    """A chat on engines that are open already."""
    engines: Any = dict(tellers)
    chat = Chat.__new__(Chat)
    chat.options, chat.workspace = ChatOptions(), workspace
    chat.sampling, chat.seed = Sampling(), 0
    chat.speakers = [Speaker(name, f"{name}.gguf") for name in tellers]
    chat._engines = engines
    chat._opened = ExitStack()
    chat._threads = {name: chat._opened.enter_context(ThreadPoolExecutor(1)) for name in tellers}
    with chat._opened:
        yield chat
