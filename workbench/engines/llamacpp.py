"""GGUF models in this process, many requests at once."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path

from workbench.engines.answers import answers
from workbench.engines.counters import Counters
from workbench.engines.crew import Crew
from workbench.engines.engine import Completion, Request, check_request
from workbench.engines.lanes import Lane
from workbench.engines.llama_binding import LlamaModel, gpu_usable
from workbench.engines.llama_sampler import Grammar, schema_grammar
from workbench.engines.pool import Pool
from workbench.engines.readings import reading
from workbench.engines.scoring import judgements
from workbench.engines.settings import Settings, divided, suited
from workbench.engines.template import ChatTemplate, Piece
from workbench.errors import ContextError, EngineError, ModelError
from workbench.messages import Message
from workbench.records import digest_file

_KEPT_GRAMMARS = 32
_SCORE = "score"


class LlamaSession:
    """Requests in flight on one engine; only one session is open at a time."""

    def __init__(self, engine: "LlamaEngine", crew: Crew) -> None:
        self._engine = engine
        self._crew = crew

    def submit(self, request: Request) -> None:
        self._crew.add(self._engine.lanes(request))

    def __iter__(self) -> Iterator[Completion]:
        ready = self._crew.ready
        while ready or self._crew.busy:
            while ready:
                yield ready.popleft()
            if self._crew.busy:
                self._crew.step()

    @property
    def places(self) -> int:
        return self._engine.settings.sequences

    def turn(self) -> list[Completion]:
        """One step of every context that has work; what was finished in it, or before."""
        if self._crew.busy:
            self._crew.step()
        done = [*self._crew.ready]
        self._crew.ready.clear()
        return done

    def cancel(self, tag: str) -> None:
        self._crew.cancel(tag)


class LlamaEngine:
    """One GGUF file and the evaluated beginnings that its requests share. Used from one thread at a time.

    `context_size` is the most that one request may take, prompt and answer together; 0 takes what the model was trained
    with. Memory is taken for what requests need, not for that limit.
    """

    capabilities = frozenset({"score", "grammar", "schema", "logprobs", "echo"})

    def __init__(self, path: Path, settings: Settings | None = None) -> None:
        given = settings or Settings()
        self._model = LlamaModel(path, gpu_layers=given.gpu_layers)
        size = given.context_size or self._model.trained_context
        if size > self._model.trained_context:
            raise ModelError(
                f"{path.name} was trained with {self._model.trained_context} tokens of context, not {size}",
                hint=f"give a context_size of at most {self._model.trained_context}, or 0",
            )
        chosen = replace(given, context_size=size)
        self.settings, self.reason = suited(chosen, parameters=self._model.parameter_count, gpu=gpu_usable())
        self._pools = [Pool(self._model, divided(self.settings)) for _ in range(self.settings.contexts)]
        self._crew = Crew(self._pools)
        self._grammars: OrderedDict[str, Grammar] = OrderedDict()
        self._open = False

    @property
    def name(self) -> str:
        return self._model.path.stem

    @property
    def digest(self) -> str:
        return file_digest(self._model.path)

    @property
    def context_size(self) -> int:
        return self.settings.context_size

    @property
    def counters(self) -> Counters:
        """Work done since the engine was opened, tokens per second and the time to a session's first result."""
        return self._crew.counters

    @contextmanager
    def session(self) -> Iterator[LlamaSession]:
        """What is still in flight when the block ends is dropped; evaluated beginnings stay for the next session."""
        if self._open:
            raise EngineError(f"{self.name} has a session open already", hint="close it, or open the model once more")
        self._open = True
        self._crew.begin()
        try:
            yield LlamaSession(self, self._crew)
        finally:
            self._open = False
            self._crew.end()

    def score(self, context: str, continuations: Sequence[str]) -> list[float]:
        """Both are taken as they are, special tokens included. With a SentencePiece vocabulary a continuation is cut
        from the whole text's tokens, as on its own it would get a blank in front. Other requests go on meanwhile."""
        if not continuations:
            return []
        # An object of its own, by which its completion is told from those of a session.
        request = Request(_SCORE, prompt=context, continuations=tuple(continuations))
        self._crew.add(self.lanes(request), urgent=True)
        while not (done := [each for each in self._crew.ready if each.request is request]):
            self._crew.step()
        self._crew.ready.remove(done[0])
        return list(done[0].scores)

    def count_tokens(self, text: str) -> int:
        return len(self._model.tokenize(text, begin=False, special=True))

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        return self._template.render(messages, add_generation_prompt=add_generation_prompt)

    def close(self) -> None:
        self._crew.end()
        for pool in self._pools:
            pool.drop()
        for grammar in self._grammars.values():
            grammar.close()
        self._grammars.clear()
        self._model.close()

    def lanes(self, request: Request) -> list[Lane]:
        """What the request comes to in the context; ContextError when that cannot fit."""
        check_request(request, self.capabilities)
        prompt = self.encode(request)
        if request.continuations:
            behind = self._continuations(request, prompt)
            self._check_size(request, len(prompt), max(map(len, behind)))
            return [*judgements(request, prompt, behind)]
        self._check_size(request, len(prompt), request.sampling.max_tokens)
        if not request.sampling.max_tokens:
            first = self._model.special_tokens["bos_token"]
            begun = bool(first) and self._model.text(prompt[0]) == first and not request.prompt.startswith(first)
            return [reading(request, prompt, int(begun), self._model.spelling)]
        return [*answers(request, prompt, self.grammar(request))]

    def encode(self, request: Request) -> list[int]:
        """The prompt's ids. What a message says never becomes a special token; a bare prompt is taken at its word."""
        pieces = self._template.pieces(request.messages) if request.messages else [Piece(request.prompt)]
        return self._tokens(pieces) or [self._model.first_token]

    def grammar(self, request: Request) -> Grammar | None:
        """Parsed once for all requests that share it; EngineError names the request when it is not valid."""
        try:
            text = schema_grammar(request.schema) if request.schema else request.grammar
            if not text:
                return None
            if text not in self._grammars:
                self._grammars[text] = Grammar.parse(self._model, text)
        except EngineError as error:
            raise EngineError(f"request {request.tag!r}: {error.message}", hint=error.hint) from error
        self._grammars.move_to_end(text)
        if len(self._grammars) > _KEPT_GRAMMARS:
            self._grammars.popitem(last=False)
        return self._grammars[text]

    @cached_property
    def _template(self) -> ChatTemplate:
        model = self._model
        return ChatTemplate(model.chat_template, self.name, model.special_tokens, model.special_spellings)

    def _tokens(self, pieces: Sequence[Piece]) -> list[int]:
        found: list[int] = []
        for number, piece in enumerate(pieces):
            # A template may spell the token that begins texts itself; then it is not put in front once more.
            first = self._model.special_tokens["bos_token"]
            begin = number == 0 and not (first and piece.text.startswith(first))
            found += self._model.tokenize(piece.text, begin=begin, special=not piece.literal)
        return found

    def _continuations(self, request: Request, before: list[int]) -> list[list[int]]:
        if not self._model.joins_words:
            return [self._model.tokenize(text, begin=False, special=True) for text in request.continuations]
        context = self._template.pieces(request.messages) if request.messages else [Piece(request.prompt)]
        found = []
        for text in request.continuations:
            whole = self._tokens([*context[:-1], Piece(context[-1].text + text)])
            joined = whole[: len(before)] == before
            found.append(whole[len(before) :] if joined else self._model.tokenize(text, begin=False, special=True))
        return found

    def _check_size(self, request: Request, prompt: int, answer: int) -> None:
        if prompt + answer > self.context_size:
            raise ContextError(
                f"request {request.tag!r} needs {prompt + answer} tokens ({prompt} of prompt, {answer} of answer); "
                f"{self.name} has {self.context_size}",
                hint="shorten the prompt, ask for fewer tokens, or take a model with a longer context",
            )


def file_digest(path: Path) -> str:
    """SHA-256 of the file, computed again only when its size or time has changed."""
    state = path.stat()
    return _digest(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=32)
def _digest(path: Path, _size: int, _changed: int) -> str:
    return digest_file(path)
