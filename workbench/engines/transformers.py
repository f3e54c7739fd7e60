"""A Hugging Face folder as an engine: samples are drawn in a batch, each with its own seed."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from workbench.device import choose_device
from workbench.engines.engine import Completion, Logprob, Request, check_request
from workbench.engines.likelihoods import logprob
from workbench.engines.spellings import Spellings
from workbench.engines.template import ChatTemplate, Piece
from workbench.engines.transformers_batch import SIZE, Batch, Sample
from workbench.engines.transformers_scores import Scored, Scorer
from workbench.errors import ContextError, EngineError, ModelError
from workbench.messages import Message
from workbench.records import digest_folder

_NO_LIMIT = 4096  # for a model whose config does not say how far it reads


class TransformersSession:
    """Requests in flight: a place of the batch that becomes free is filled at once, in the order of submission. What is
    to be scored comes first, all of it together."""

    def __init__(self, engine: "TransformersEngine") -> None:
        self._engine = engine
        self._waiting: deque[Sample] = deque()
        self._batch = engine.batch()
        self._to_score: list[Scored] = []
        self._scoring: list[Scored] = []
        self._scores: Iterator[Scored] = iter(())
        self._ready: deque[Completion] = deque()

    def submit(self, request: Request) -> None:
        if request.continuations:
            self._to_score.append(self._engine.scored(request))
            return
        prompt = self._engine.encode(request)
        if not request.sampling.max_tokens:
            told = self._engine.read(request, prompt)
            self._ready.append(Completion(request, 0, "", "length", len(prompt), 0, logprobs=told))
            return
        self._waiting.extend(Sample(request, index, prompt) for index in range(request.samples))

    def __iter__(self) -> Iterator[Completion]:
        while self._waiting or self._batch.going or self._ready or self._to_score or self._scoring:
            while self._ready:
                yield self._ready.popleft()
            self._step()

    @property
    def places(self) -> int:
        return SIZE

    def turn(self) -> list[Completion]:
        """A token for every sample of the batch that runs; what was finished with it, or before."""
        self._step()
        done = [*self._ready]
        self._ready.clear()
        return done

    def _step(self) -> None:
        if self._to_score and not self._scoring:
            self._scoring, self._to_score = self._to_score, []
            self._scores = self._engine.run_scores(self._scoring)
        if self._scoring:
            self._take_score()
        else:
            self._draw()

    def _take_score(self) -> None:
        scored = next(self._scores, None)
        if scored is None:
            self._scoring = []
            return
        self._scoring.remove(scored)
        self._ready.append(scored.completion())

    def _draw(self) -> None:
        newcomers = [self._waiting.popleft() for _ in range(min(self._batch.room, len(self._waiting)))]
        finished = self._batch.turn(newcomers)
        for sample in (*finished, *self._batch.going):
            sample.tell()
        self._ready += [sample.completion() for sample in finished]

    def cancel(self, tag: str) -> None:
        for sample in self._batch.going:
            if sample.request.tag == tag and sample.finish is None:
                sample.finish, sample.text = "cancelled", sample.text.rstrip("\ufffd")
        self._ready += [sample.completion() for sample in self._waiting if sample.request.tag == tag]
        for scored in (*self._scoring, *self._to_score):
            if scored.request.tag == tag:
                scored.finish = "cancelled"
                self._ready.append(scored.completion())
        self._to_score = [scored for scored in self._to_score if scored.request.tag != tag]
        self._scoring = [scored for scored in self._scoring if scored.request.tag != tag]
        self._waiting = deque(sample for sample in self._waiting if sample.request.tag != tag)


class TransformersEngine:
    """Runs on the device that `choose_device` names. `context_size` 0 takes what the model's config allows."""

    capabilities = frozenset({"score", "logprobs", "echo"})

    def __init__(self, path: Path, *, context_size: int = 0, threads: int = 0) -> None:
        if not (path / "config.json").is_file():
            raise ModelError(f"{path} holds no config.json", hint="give the folder that save_pretrained() wrote")
        self._path = path
        self._device = choose_device()
        if threads:
            torch.set_num_threads(threads)
        # In a notebook a bar would stay behind, frozen as it was drawn first.
        transformers.utils.logging.disable_progress_bar()
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(path)
            model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=getattr(torch, self._device.dtype))
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise ModelError(f"{path} could not be loaded: {error}") from error
        self._model: Any = model.to(self._device.kind).eval()
        trained = int(getattr(self._model.config, "max_position_embeddings", 0) or _NO_LIMIT)
        self.context_size = min(context_size or trained, trained)

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def digest(self) -> str:
        """Of every file in the folder."""
        return _digest(self._path, tuple(sorted(_states(self._path))))

    @contextmanager
    def session(self) -> Iterator[TransformersSession]:
        yield TransformersSession(self)

    def encode(self, request: Request) -> list[int]:
        """The prompt's ids; ContextError when prompt and answer do not fit."""
        check_request(request, self.capabilities)
        tokens = self._tokens(self._pieces(request)) or self._begin()
        self._check_size(request, len(tokens), 0 if request.continuations else request.sampling.max_tokens)
        return tokens

    def scored(self, request: Request) -> Scored:
        """A request with continuations in ids. These are cut from those of the whole text, as on its own a continuation
        may get others; ContextError when it does not fit."""
        before = self.encode(request)
        *head, last = self._pieces(request)
        found = []
        for text in request.continuations:
            whole = self._tokens([*head, Piece(last.text + text, last.literal)])
            joined = whole[: len(before)] == before
            found.append(whole[len(before) :] if joined else self._ids(text, special=True))
        self._check_size(request, len(before), max(map(len, found)))
        return Scored(request, np.asarray(before, np.int32), found)

    def batch(self) -> Batch:
        return Batch(self._model, self._device.kind, self._take)

    def run_scores(self, asked: Sequence[Scored]) -> Iterator[Scored]:
        """Each when its scores are there."""
        return self._scorer.run(asked)

    def score(self, context: str, continuations: Sequence[str]) -> list[float]:
        """The context is evaluated once; 0.0 for an empty continuation."""
        if not continuations:
            return []
        scored = self.scored(Request("score", prompt=context, continuations=tuple(continuations)))
        return [total for done in self.run_scores([scored]) for total in done.totals]

    @torch.inference_mode()
    def read(self, request: Request, prompt: list[int]) -> tuple[Logprob, ...]:
        """How likely the prompt's own tokens are."""
        ids = torch.tensor([prompt], device=self._device.kind)
        rows = self._model(input_ids=ids, use_cache=False).logits[0].float().cpu().numpy()
        name, count = self._spellings.name, request.logprobs or 0
        own = not (first := self._begins_with) or request.prompt.startswith(str(self._tokenizer.bos_token))
        begun = [Logprob(name(prompt[0]), None)] if own or prompt[:1] != first else []
        pairs = zip(rows, prompt[1:], strict=False)
        return (*begun, *(logprob(row, token, name(token), count, name) for row, token in pairs))

    def count_tokens(self, text: str) -> int:
        return len(self._ids(text, special=True))

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        return self._template.render(messages, add_generation_prompt=add_generation_prompt)

    def close(self) -> None:
        self._model = None

    def _take(self, sample: Sample, token: int, logits: Any) -> int:
        """The row's next token; what a finished row draws is not looked at."""
        if sample.finish:
            return 0
        if token in self._ends:
            sample.finish = "stop"
            return 0
        sample.drawn.append(token)
        if sample.request.logprobs is not None:
            piece = self._spellings.piece(token)
            sample.logprobs.append(logprob(logits, token, piece, sample.request.logprobs, self._spellings.name))
        # Neither removed nor put in again, a blank before a full stop lets a text grow at its end alone.
        sample.text = self._tokenizer.decode(sample.drawn, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        places = [place for stop in sample.request.sampling.stop if (place := sample.text.find(stop)) >= 0]
        if places:
            sample.text = sample.text[: min(places)]
            sample.finish = "stop"
        elif len(sample.drawn) >= sample.request.sampling.max_tokens:
            # Half a character at the end is left out.
            sample.text = sample.text.rstrip("\ufffd")
            sample.finish = "length"
        return token

    def _pieces(self, request: Request) -> list[Piece]:
        return self._template.pieces(request.messages) if request.messages else [Piece(request.prompt)]

    def _check_size(self, request: Request, prompt: int, answer: int) -> None:
        if prompt + answer > self.context_size:
            raise ContextError(
                f"request {request.tag!r} needs {prompt + answer} tokens ({prompt} of prompt, {answer} of answer); "
                f"{self.name} has {self.context_size}",
                hint="shorten the prompt, ask for fewer tokens, or take a model with a longer context",
            )

    def _tokens(self, pieces: Sequence[Piece]) -> list[int]:
        found = [token for piece in pieces for token in self._ids(piece.text, special=not piece.literal)]
        begin = self._begins_with
        return found if found[: len(begin)] == begin else [*begin, *found]

    def _ids(self, text: str, *, special: bool) -> list[int]:
        encoded = self._tokenizer(text, add_special_tokens=False, split_special_tokens=not special)
        return [int(token) for token in encoded["input_ids"]]

    @cached_property
    def _spellings(self) -> Spellings:
        return Spellings(self._tokenizer)

    @cached_property
    def _begins_with(self) -> list[int]:
        """What the tokenizer puts in front of every text by itself."""
        alone = [int(token) for token in self._tokenizer("")["input_ids"]]
        return alone[:1] if alone[:1] == [self._tokenizer.bos_token_id] else []

    def _begin(self) -> list[int]:
        """What stands before an empty prompt."""
        token = self._tokenizer.bos_token_id
        token = self._tokenizer.eos_token_id if token is None else token
        if token is None:
            raise EngineError(f"{self.name} cannot answer an empty prompt")
        return [int(token)]

    @cached_property
    def _ends(self) -> frozenset[int]:
        said = self._model.generation_config.eos_token_id
        said = self._tokenizer.eos_token_id if said is None else said
        return frozenset(said if isinstance(said, list) else [said])

    @cached_property
    def _scorer(self) -> Scorer:
        return Scorer(self._model, self._device.kind)

    @cached_property
    def _template(self) -> ChatTemplate:
        special = tuple(token.content for token in self._tokenizer.added_tokens_decoder.values() if token.special)
        tokens = {name: getattr(self._tokenizer, name) or "" for name in ("bos_token", "eos_token")}
        return ChatTemplate(self._tokenizer.chat_template or "", self.name, tokens, special)


def _states(folder: Path) -> Iterator[tuple[str, int, int]]:
    for file in folder.rglob("*"):
        if file.is_file():
            state = file.stat()
            yield file.relative_to(folder).as_posix(), state.st_size, state.st_mtime_ns


@lru_cache(maxsize=8)
def _digest(folder: Path, _states: tuple[tuple[str, int, int], ...]) -> str:
    return digest_folder(folder)
