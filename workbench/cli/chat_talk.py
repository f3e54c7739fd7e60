"""A conversation in a terminal: a session that is kept, the models that answer, and what commands change."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from queue import SimpleQueue

import click

from workbench.engines.chat import Chat
from workbench.engines.replies import Asked
from workbench.engines.transcript import Answer, Transcript, Turn
from workbench.engines.transcripts import Session, Transcripts
from workbench.errors import NotFoundError


class Talk:
    """Kept under the session's name as soon as something was said; with an empty name a new one is made up then, and
    without `keeping` nothing is kept. Answers are `shown` on standard output, or not at all. Use it in a `with`, which
    lets go of the session."""

    def __init__(self, chat: Chat, *, remember: bool = True, keeping: bool = True, shown: bool = True) -> None:
        self.chat = chat
        self.kept = Transcripts(chat.workspace)
        self.names = chat.names
        self.sampling, self.seed = chat.sampling, chat.seed
        self.context = ""
        self.failed = False
        self._remember, self._keeping, self._shown = remember, keeping, shown
        self._turns: tuple[Turn, ...] = ()
        self._session: Session | None = None
        self._held = ExitStack()

    def __enter__(self) -> "Talk":
        return self

    def __exit__(self, *error: object) -> None:
        self._held.close()

    @property
    def turns(self) -> tuple[Turn, ...]:
        return self._turns

    @property
    def session(self) -> str:
        """Its name; empty as long as there is none."""
        return self._session.name if self._session else ""

    def begin(self, name: str = "") -> None:
        """Goes on with the session of that name, or begins it; without a name a new one."""
        if not name:
            self._held.close()
            self._session, self._turns = None, ()
            return
        with ExitStack() as held:
            session = held.enter_context(self.kept.hold(name))
            self._held.close()
            self._held = held.pop_all()
        self._session, self._turns = session, session.transcript.turns

    def choose(self, model: str) -> None:
        """Who answers from now on: one of the models by its name, `all`, or one that is opened for it."""
        if model != "all" and model not in self.chat.names:
            model = self.chat.add(model)
        self.names = self.chat.names if model == "all" else [model]

    def say(self, text: str) -> Turn:
        """Every model answers, one after the other, word by word on standard output; Ctrl-C stops that."""
        answers: dict[str, Answer] = {}
        for name in self.names:
            answers[name] = self._answer(name, text)
            if answers[name].end == "cancelled":
                break
        turn = Turn(text, answers, self.context)
        self._turns += (turn,)
        self._keep()
        return turn

    def save(self, name: str) -> str:
        """A copy in place of no other; the name it got."""
        if not self._turns:
            raise NotFoundError("nothing was said here yet", hint="send a message first")
        return self.kept.add(name, self._transcript())

    def _answer(self, name: str, text: str) -> Answer:
        pieces: SimpleQueue[str | None] = SimpleQueue()
        before = self._turns if self._remember else ()
        asked = Asked(name, text, self.sampling, self.seed, self.context, before)
        reply = self.chat.start(asked, pieces.put)
        reply.then(lambda: pieces.put(None))
        self._show(f"{name}: ")
        stopping = False
        try:
            while True:
                try:
                    if (piece := pieces.get()) is None:
                        break
                    self._show(piece)
                except KeyboardInterrupt:
                    if stopping:
                        raise
                    stopping = True
                    reply.stop()
        finally:
            reply.stop()
            self._show("\n")
        answer = reply.wait()
        self.failed |= answer.end == "failed"
        for remark in answer.remarks:
            click.echo(f"error: {remark}" if answer.end == "failed" else f"({remark})", err=True)
        return answer

    def _show(self, text: str) -> None:
        if self._shown:
            click.echo(text, nl=False)

    def _keep(self) -> None:
        if not self._keeping and not self._session:
            return
        if not self._session:
            turns = self._turns
            self.begin(f"chat-{datetime.now():%Y-%m-%d-%H%M%S}")
            self._turns += turns
        assert self._session
        self._session.keep(self._transcript())

    def _transcript(self) -> Transcript:
        before = self._session.transcript if self._session else Transcript()
        return replace(before, turns=self._turns, models={**before.models, **self.chat.models})
