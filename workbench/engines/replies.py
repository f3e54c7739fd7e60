"""One model's answer to one message, drawn in a thread of its own: it comes piece by piece and can be stopped."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from threading import Event
from typing import cast

from workbench.engines.engine import Completion, Engine, Request, Sampling, TurningSession
from workbench.engines.transcript import Answer, Turn, heard, messages
from workbench.errors import ContextError, WorkbenchError, error_record, explain

Hear = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """A message to a model called `name`; `before` is what may be in its view, `context` a passage in front."""

    name: str
    question: str
    sampling: Sampling
    seed: int = 0
    context: str = ""
    before: tuple[Turn, ...] = ()


@dataclass
class Reply:
    """An answer on its way; what fails ends as an answer, too. `text` is what there is of it, which `hear` gets in
    pieces, in the thread that draws it."""

    asked: Asked
    hear: Hear = lambda piece: None
    text: str = ""
    _kept_back: str = ""
    _stopped: Event = field(default_factory=Event)
    _answer: Future[Answer] = field(default_factory=Future)

    def start(self, engine: Engine, executor: Executor) -> None:
        """Once; an engine is used by one thread at a time, which is the executor's."""
        executor.submit(self._run, engine)

    def stop(self) -> None:
        """Comes back at once; what was said so far becomes the answer a moment later."""
        self._stopped.set()

    def then(self, action: Callable[[], None]) -> None:
        """Called when the answer is there, in the thread that drew it or, if that is over, at once."""
        self._answer.add_done_callback(lambda _: action())

    def wait(self, seconds: float | None = None) -> Answer:
        """One that failed says why in the answer; TimeoutError after so many seconds."""
        return self._answer.result(seconds)

    @property
    def answer(self) -> Answer | None:
        """None while it is on its way."""
        return self._answer.result() if self._answer.done() else None

    def _run(self, engine: Engine) -> None:
        """Whatever happens, there is an answer for those who wait."""
        try:
            answer = self._drawn(engine)
        except WorkbenchError as error:
            answer = Answer(self.text, "failed", error=explain(error))
        except BaseException as error:
            answer = Answer(self.text, "failed", error=error_record(error)["message"])
            raise
        finally:
            self._answer.set_result(answer)

    def _drawn(self, engine: Engine) -> Answer:
        """With as much in view as fits: what once was left out stays so, and then the oldest turn each time."""
        asked = self.asked
        turns = heard(asked.before, asked.name)
        first = turns[-1].answers[asked.name].left_out if turns else 0
        for left_out in range(min(first, len(turns)), len(turns) + 1):
            try:
                done = self._complete(engine, turns[left_out:])
            except ContextError:
                if left_out == len(turns):
                    raise
            else:
                return Answer(done.text.strip(), done.finish, left_out)
        raise AssertionError("the last try either answers or raises")

    def _complete(self, engine: Engine, turns: list[Turn]) -> Completion:
        asked = self.asked
        view = tuple(messages(turns, asked.name, asked.question, asked.context))
        request = Request(
            asked.name, view, sampling=asked.sampling, seed=asked.seed, on_text=lambda _, text: self._hear(text)
        )
        with engine.session() as session:
            session.submit(request)
            return next(self._turns(cast("TurningSession", session)))

    def _turns(self, session: TurningSession) -> Iterator[Completion]:
        while True:
            if self._stopped.is_set():
                session.cancel(self.asked.name)
            yield from session.turn()

    def _hear(self, text: str) -> None:
        """White space around an answer is none of it, and it is known late whether it was the end."""
        whole = (self._kept_back + text) if self.text else text.lstrip()
        piece = whole.rstrip()
        self._kept_back = whole[len(piece) :]
        if piece:
            self.text += piece
            self.hear(piece)
