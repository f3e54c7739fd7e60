"""Requests to teacher and critic: answered from the journal where they were asked before, equal ones asked once."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.engines.engine import Completion, Engine, Request, Sampling, Session
from workbench.errors import ContextError, EngineError, GenerationError
from workbench.generation.filters import RowError
from workbench.generation.flow import Stage
from workbench.generation.journal import Journal, request_key
from workbench.generation.rows import Candidate
from workbench.generation.spans import question_grammar, span_grammar
from workbench.messages import Message, user

Answer = tuple[Candidate, str, str]
_RETRY_TEMPERATURE = 0.7
# Tokens that a chat template may put around a prompt where it cannot be rendered, and the shortest answer asked for.
_TEMPLATE_TOKENS = 64
_LEAST_TOKENS = 64


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
        try:
            self._send(candidate, stage.role, self._request(candidate, stage, stage.role))
        except ContextError as error:
            hint = "lower chunk_tokens, or take a model with a longer context"
            _give_up(candidate, ContextError(error.message, hint=hint), "does not fit the model's context")
        except GenerationError as error:
            _give_up(candidate, error, "no words to answer with")
        except RowError as error:
            candidate.end("failed", str(error))

    def _send(self, candidate: Candidate, role: str, request: Request) -> None:
        if role == "teacher" and not candidate.stage_at.once and candidate.drawn_with < 0:
            candidate.model, candidate.drawn_with = self._engines[role].name, request.seed
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
        messages, prompt = _said(stage, candidate)
        return Request(
            tag=f"{candidate.leaf.path}#{candidate.row} {stage.name}" + (", again" if candidate.tries else ""),
            messages=messages,
            prompt=prompt,
            sampling=self._sampling(candidate, stage, role, messages, prompt),
            seed=candidate.seed(self._seed),
            grammar=self._grammar(candidate, stage, role),
        )

    def _sampling(
        self, candidate: Candidate, stage: Stage, role: str, messages: Sequence[Message], prompt: str
    ) -> Sampling:
        """Warmer where the same was asked before: a greedy answer would be the same again."""
        sampling = stage.sampling
        temperature = sampling.temperature
        if candidate.turn and not stage.once:
            temperature = max(temperature, stage.repeat_temperature)
        if candidate.tries:
            temperature = max(temperature, _RETRY_TEMPERATURE)
        tokens = self._tokens_left(sampling.max_tokens, role, messages, prompt) if stage.fit else sampling.max_tokens
        return replace(sampling, temperature=temperature, max_tokens=tokens)

    def _tokens_left(self, wanted: int, role: str, messages: Sequence[Message], prompt: str) -> int:
        """The tokens of an answer that fit beside its prompt, where these are fewer."""
        engine = self._engines[role]
        if not engine.context_size:
            return wanted
        extra = 1
        try:
            prompt = prompt or engine.render(messages)
        except EngineError:
            prompt, extra = "\n".join(message["content"] for message in messages), _TEMPLATE_TOKENS
        left = engine.context_size - engine.count_tokens(prompt) - extra
        return min(wanted, max(left, _LEAST_TOKENS))

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


def _said(stage: Stage, candidate: Candidate) -> tuple[tuple[Message, ...], str]:
    """Messages for the model's own template, or a prompt that brings its own."""
    if stage.messages:
        return _conversation(candidate.columns[stage.messages], stage.messages), ""
    text = stage.ask(candidate.columns)
    return ((), text) if stage.wrap else ((user(text),), "")


def _conversation(value: object, column: str) -> tuple[Message, ...]:
    said = value if isinstance(value, list) else []
    messages = [Message(role=one["role"], content=one["content"]) for one in said if _is_message(one)]
    if not messages or len(messages) < len(said):
        raise RowError(f"{column} holds no messages")
    return tuple(messages)


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in ("role", "content"))


def _give_up(candidate: Candidate, error: ContextError | GenerationError, reason: str) -> None:
    if not any(stage.asks for stage in candidate.leaf.stages[: candidate.stage]):
        where = f"{candidate.leaf.path}, {candidate.source}"
        raise type(error)(f"{where}: {error.message}", hint=error.hint) from error
    candidate.end("failed", reason)
