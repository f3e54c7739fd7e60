"""Requests to teacher and critic: answered from the journal where they were asked before, equal ones asked once."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from workbench.engines.engine import Completion, Engine, Request, Session
from workbench.errors import ContextError, GenerationError
from workbench.generation.flow import Stage
from workbench.generation.journal import Journal, request_key
from workbench.generation.rows import Candidate
from workbench.generation.spans import question_grammar, span_grammar
from workbench.messages import user

Answer = tuple[Candidate, str, str]
_RETRY_TEMPERATURE = 0.7


@dataclass(eq=False, slots=True)
class _Asked:
    """A request under way, and who waits for its answer."""

    key: str
    role: str
    stage: str
    request: Request
    waiting: list[Candidate]


class Exchange:
    """Candidates go in with `ask`, come out of the iteration with text and finish; more may be asked meanwhile.

    `sessions` and `engines` are by role: `teacher` writes, `critic` judges; both may be the same.
    """

    def __init__(
        self, sessions: Mapping[str, Session], engines: Mapping[str, Engine], journal: Journal, seed: int
    ) -> None:
        self._sessions = sessions
        self._engines = engines
        self._journal = journal
        self._seed = seed
        self._ready: deque[Answer] = deque()
        self._asked: dict[str, _Asked] = {}
        self._tags: dict[str, str] = {}

    def ask(self, candidate: Candidate) -> None:
        """Send the candidate's next request, or end it as failed where its own text makes one impossible.

        ContextError and GenerationError where it is the source that does: no candidate of it could ever be made.
        """
        stage = candidate.stage_at
        role = "critic" if stage.judges else "teacher"
        try:
            self._send(candidate, role, self._request(candidate, stage, role))
        except ContextError as error:
            hint = "lower chunk_tokens, or take a model with a longer context"
            _give_up(candidate, ContextError(error.message, hint=hint), "does not fit the model's context")
        except GenerationError as error:
            _give_up(candidate, error, "no words to answer with")

    def _send(self, candidate: Candidate, role: str, request: Request) -> None:
        key = request_key(request, self._engines[role].digest)
        if key in self._journal.answers:
            answer = self._journal.answers[key]
            self._ready.append((candidate, answer["text"], answer["finish"]))
        elif key in self._tags:
            self._asked[self._tags[key]].waiting.append(candidate)
        else:
            self._sessions[role].submit(request)
            self._tags[key] = request.tag
            self._asked[request.tag] = _Asked(key, role, candidate.stage_at.name, request, [candidate])

    def _request(self, candidate: Candidate, stage: Stage, role: str) -> Request:
        sampling = stage.sampling
        if candidate.tries:
            sampling = replace(sampling, temperature=max(sampling.temperature, _RETRY_TEMPERATURE))
        return Request(
            tag=f"{candidate.leaf.path}#{candidate.ordinal} {stage.name}" + (", again" if candidate.tries else ""),
            messages=(user(stage.ask(candidate.columns)),),
            sampling=sampling,
            seed=candidate.seed(self._seed),
            grammar=self._grammar(candidate, stage, role),
        )

    def _grammar(self, candidate: Candidate, stage: Stage, role: str) -> str:
        """Where an engine follows none its answers come free, and those that do not fit fail when they are read."""
        grammar = stage.grammar
        if stage.span_of:
            grammar = span_grammar(candidate.columns[stage.span_of])
            if not grammar:
                raise GenerationError(f"there are no words in {stage.span_of}")
        elif stage.names_of:
            grammar = question_grammar(candidate.columns[stage.names_of])
        return grammar if "grammar" in self._engines[role].capabilities else ""

    def drop(self, candidates: Iterable[Candidate]) -> None:
        """Nobody waits for these any more; requests that only they had are cancelled."""
        dropped = set(candidates)
        self._ready = deque(answer for answer in self._ready if answer[0] not in dropped)
        for tag, asked in list(self._asked.items()):
            left = [candidate for candidate in asked.waiting if candidate not in dropped]
            if len(left) < len(asked.waiting):
                asked.waiting = left
                if not left:
                    self._sessions[asked.role].cancel(tag)

    def __iter__(self) -> Iterator[Answer]:
        while self._ready or self._asked:
            yield from self._drain()
            for session in dict.fromkeys(self._sessions.values()):
                for completion in session:
                    yield from self._take(completion)
                    yield from self._drain()

    def _take(self, completion: Completion) -> Iterator[Answer]:
        asked = self._asked.pop(completion.request.tag)
        if completion.finish == "cancelled" and asked.waiting:
            # Somebody asked the same after it had been cancelled.
            self._asked[asked.request.tag] = asked
            self._sessions[asked.role].submit(asked.request)
            return
        del self._tags[asked.key]
        if completion.finish != "cancelled":
            self._journal.record(asked.key, asked.stage, completion)
            for candidate in asked.waiting:
                yield candidate, completion.text, completion.finish

    def _drain(self) -> Iterator[Answer]:
        while self._ready:
            yield self._ready.popleft()


def _give_up(candidate: Candidate, error: ContextError | GenerationError, reason: str) -> None:
    if candidate.stage == 0:
        where = f"{candidate.leaf.path}, {candidate.source}"
        raise type(error)(f"{where}: {error.message}", hint=error.hint) from error
    candidate.end("failed", reason)
