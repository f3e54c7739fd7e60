"""GGUF models in this process, many requests at once."""

import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path

from workbench.device import usable_threads
from workbench.engines.engine import Completion, Request, check_request
from workbench.engines.llama_binding import LlamaModel
from workbench.engines.llama_sampler import Grammar, schema_grammar
from workbench.engines.pool import Counters, Pool, Settings
from workbench.engines.scheduler import Scheduler
from workbench.engines.scoring import Scorer
from workbench.engines.template import ChatTemplate, Piece
from workbench.errors import ContextError, EngineError, ModelError
from workbench.messages import Message
from workbench.records import digest_file

_KEPT_GRAMMARS = 32
# Below this many parameters a second thread waits longer for the first than it helps.
_TINY = 20_000_000
# Above this many, reading weights once for many sequences outweighs the attention of each, and memory is worth sharing.
_LARGE = 100_000_000
_TOPOLOGY = Path("/sys/devices/system/cpu")


class LlamaSession:
    """Requests in flight on one engine; only one session is open at a time."""

    def __init__(self, engine: "LlamaEngine", scheduler: Scheduler) -> None:
        self._engine = engine
        self._scheduler = scheduler

    def submit(self, request: Request) -> None:
        prompt = self._engine.encode(request)
        self._scheduler.add(request, prompt, self._engine.grammar(request))

    def __iter__(self) -> Iterator[Completion]:
        ready = self._scheduler.ready
        while ready or self._scheduler.busy:
            while ready:
                yield ready.popleft()
            if self._scheduler.busy:
                self._scheduler.step()

    def cancel(self, tag: str) -> None:
        self._scheduler.cancel(tag)


class LlamaEngine:
    """One GGUF file and the evaluated beginnings that its requests share. Used from one thread at a time.

    `context_size` is the most that one request may take, prompt and answer together; 0 takes what the model was trained
    with. Memory is taken for what requests need, not for that limit.
    """

    capabilities = frozenset({"score", "grammar", "schema"})

    def __init__(self, path: Path, settings: Settings | None = None, *, gpu_layers: int = -1) -> None:
        self._model = LlamaModel(path, gpu_layers=gpu_layers)
        given = settings or Settings(context_size=0)
        size = given.context_size or self._model.trained_context
        if size > self._model.trained_context:
            raise ModelError(
                f"{path.name} was trained with {self._model.trained_context} tokens of context, not {size}",
                hint=f"give a context_size of at most {self._model.trained_context}, or 0",
            )
        self._pool = Pool(self._model, _suited(replace(given, context_size=size), self._model.parameter_count))
        self._scheduler = Scheduler(self._pool)
        self._scorer = Scorer(self._pool, self._scheduler)
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
        return self._pool.settings.context_size

    @property
    def counters(self) -> Counters:
        """Work done since the engine was opened."""
        return self._pool.counters

    @contextmanager
    def session(self) -> Iterator[LlamaSession]:
        """What is still in flight when the block ends is dropped; evaluated beginnings stay for the next session."""
        if self._open:
            raise EngineError(f"{self.name} has a session open already", hint="close it, or open the model once more")
        self._open = True
        try:
            yield LlamaSession(self, self._scheduler)
        finally:
            self._open = False
            self._scheduler.cancel(None)
            self._scheduler.ready.clear()

    def score(self, context: str, continuations: Sequence[str]) -> list[float]:
        """Both are taken as they are, special tokens included. With a SentencePiece vocabulary a continuation is cut
        from the whole text's tokens, as on its own it would get a blank in front."""
        before = self._tokens([Piece(context)]) or [self._model.first_token]
        behind = [self._continuation(context, before, text) for text in continuations]
        longest = len(before) + max(map(len, behind), default=0)
        if longest > self.context_size:
            raise ContextError(
                f"a score needs {longest} tokens of context; {self.name} has {self.context_size}",
                hint="shorten the context, or take a model with a longer one",
            )
        return self._scorer.score(before, behind)

    def count_tokens(self, text: str) -> int:
        return len(self._model.tokenize(text, begin=False, special=True))

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        return self._template.render(messages, add_generation_prompt=add_generation_prompt)

    def close(self) -> None:
        self._scheduler.cancel(None)
        self._pool.drop()
        for grammar in self._grammars.values():
            grammar.close()
        self._grammars.clear()
        self._model.close()

    def encode(self, request: Request) -> list[int]:
        """The prompt's ids. What a message says never becomes a special token; a bare prompt is taken at its word."""
        check_request(request, self.capabilities)
        pieces = self._template.pieces(request.messages) if request.messages else [Piece(request.prompt)]
        tokens = self._tokens(pieces) or [self._model.first_token]
        needed = len(tokens) + request.sampling.max_tokens
        if needed > self.context_size:
            raise ContextError(
                f"request {request.tag!r} needs {needed} tokens ({len(tokens)} of prompt, "
                f"{request.sampling.max_tokens} of answer); {self.name} has {self.context_size}",
                hint="shorten the prompt, ask for fewer tokens, or take a model with a longer context",
            )
        return tokens

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

    def _continuation(self, context: str, before: list[int], text: str) -> list[int]:
        if self._model.joins_words:
            whole = self._tokens([Piece(context + text)])
            if whole[: len(before)] == before:
                return whole[len(before) :]
        return self._model.tokenize(text, begin=False, special=True)


def _suited(settings: Settings, parameters: int) -> Settings:
    """The settings with what they leave open chosen by the model's size."""
    few = 4 if parameters < _TINY else 8
    sequences = settings.sequences or (32 if parameters > _LARGE else few)
    threads = settings.threads or (1 if parameters < _TINY else available_cores())
    return replace(settings, sequences=sequences, threads=threads, shared=settings.shared or parameters > _LARGE)


def available_cores() -> int:
    """Physical cores that this process may use: two threads of one core only get in each other's way here."""
    allowed = getattr(os, "sched_getaffinity", None)
    if allowed is None:
        return usable_threads()
    cores = {_core(number) for number in allowed(0)}
    return max(1, min(len(cores), usable_threads()))


def _core(processor: int) -> tuple[str, str]:
    folder = _TOPOLOGY / f"cpu{processor}" / "topology"
    try:
        return (folder / "physical_package_id").read_text(), (folder / "core_id").read_text()
    except OSError:
        return "", str(processor)


def file_digest(path: Path) -> str:
    """SHA-256 of the file, computed again only when its size or time has changed."""
    state = path.stat()
    return _digest(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=32)
def _digest(path: Path, _size: int, _changed: int) -> str:
    return digest_file(path)
