"""One message to several models, whose answers grow side by side."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock

from workbench.engines.chat import Chat
from workbench.engines.replies import Asked, Reply
from workbench.engines.transcript import Answer, Turn

Tell = Callable[[bool], None]


class Round:
    """`tell` is called whenever an answer grew, with True once all are there, mostly in the threads that draw them. A
    model that fails says so in its answer, and the others go on."""

    def __init__(self, asked: Asked, tell: Tell = lambda ended: None) -> None:
        self._asked = asked
        self._tell = tell
        self._left = 0
        self._lock = Lock()
        self._replies: dict[str, Reply] = {}

    def start(self, chat: Chat, names: Sequence[str]) -> None:
        """Comes back at once. NotFoundError where one of the models is not in the chat."""
        chat.check(names)
        self._left = len(names)
        for name in names:
            self._replies[name] = chat.start(replace(self._asked, name=name), lambda piece: self._tell(False))
        for reply in [*self._replies.values()]:
            reply.then(self._end)

    @property
    def turn(self) -> Turn:
        """With what there is of the answers."""
        answers = {name: reply.answer or Answer(reply.text) for name, reply in [*self._replies.items()]}
        return Turn(self._asked.question, answers, self._asked.context)

    @property
    def under_way(self) -> list[str]:
        return [name for name, reply in [*self._replies.items()] if not reply.answer]

    def stop(self) -> None:
        """What was said so far stays."""
        for reply in self._replies.values():
            reply.stop()

    def wait(self) -> Turn:
        """Until all answers are there."""
        for reply in self._replies.values():
            reply.wait()
        return self.turn

    def _end(self) -> None:
        with self._lock:
            self._left -= 1
            left = self._left
        self._tell(not left)
