"""Which token comes next in one sequence, and llama.cpp's grammars that may have a say in it."""

import ctypes
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workbench.engines.draws import draw_each
from workbench.engines.engine import Sampling
from workbench.engines.llama_binding import LOG, LlamaModel, Logits
from workbench.engines.llama_library import llama_cpp
from workbench.errors import EngineError

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class Grammar:
    """How far a text has come in a GBNF grammar; a copy starts where this one is."""

    def __init__(self, model: LlamaModel, handle: Any) -> None:
        self._model = model
        self._handle = handle
        self._one = np.zeros(1, _CANDIDATE)
        self._one_array = _array(self._one)

    @classmethod
    def parse(cls, model: LlamaModel, text: str) -> Self:
        """EngineError with the parser's words when the text is no GBNF or has no rule `root`."""
        LOG.errors.clear()
        with _captured_stderr() as said:
            handle = llama_cpp.llama_sampler_init_grammar(model.vocabulary, text.encode(), b"root")
        if not handle:
            # The parser writes its reason to the error stream, then the whole grammar.
            reason = said[0].strip().partition("\n")[0].partition("error parsing grammar: ")[2]
            raise EngineError(f"the grammar is not valid GBNF: {reason or LOG.explain()}")
        return cls(model, handle)

    def copy(self) -> "Grammar":
        return Grammar(self._model, llama_cpp.llama_sampler_clone(self._handle))

    def allows(self, token: int) -> bool:
        """Control tokens are never allowed, but for those that end an answer where the grammar does."""
        if token in self._model.controls:
            return False
        self._one["id"] = token
        self._one["logit"] = 0.0
        llama_cpp.llama_sampler_apply(self._handle, ctypes.byref(self._one_array))
        return bool(self._one["logit"][0] == 0.0)

    def mask(self, logits: Logits) -> Logits:
        """The logits, minus infinity for what may not follow."""
        every = np.zeros(len(logits), _CANDIDATE)
        every["id"] = np.arange(len(logits))
        every["logit"] = logits
        every["logit"][list(self._model.controls)] = -np.inf
        llama_cpp.llama_sampler_apply(self._handle, ctypes.byref(_array(every)))
        return np.ascontiguousarray(every["logit"])

    def accept(self, token: int) -> None:
        """Only for a token that is allowed; llama.cpp ends the process otherwise."""
        llama_cpp.llama_sampler_accept(self._handle, token)

    def close(self) -> None:
        if self._handle:
            llama_cpp.llama_sampler_free(self._handle)
            self._handle = None

    # A sample that waits may hold the last reference.
    __del__ = close


class Sampler:
    """Draws the tokens of one sample; `position` counts them."""

    def __init__(self, sampling: Sampling, seed: int, grammar: Grammar | None = None) -> None:
        self.sampling = sampling
        self.seed = seed
        self.position = 0
        self._grammar = grammar

    def settle(self, token: int, logits: Logits) -> int | None:
        """The next token, now that this one was drawn without a grammar; None when the grammar allows none.

        The grammar is asked about the drawn token alone, and about the whole vocabulary only when it refuses that one.
        Noise belongs to tokens, so both ways lead to the same draw, unless top_p or top_k cut before the grammar could.
        """
        if self._grammar is not None:
            if not self._grammar.allows(token):
                allowed = self._grammar.mask(logits)
                if not np.isfinite(allowed).any():
                    return None
                (token,) = draw_each(allowed[None], [self])
            self._grammar.accept(token)
        self.position += 1
        return token

    def close(self) -> None:
        if self._grammar:
            self._grammar.close()


def next_tokens(samplers: Sequence[Sampler], logits: Logits) -> list[int | None]:
    """The next token of each sampler from its row of logits; None when a grammar allows none."""
    drawn = draw_each(logits, samplers)
    return [sampler.settle(token, row) for sampler, token, row in zip(samplers, drawn, logits, strict=True)]


@lru_cache(maxsize=64)
def schema_grammar(schema: str) -> str:
    """GBNF for the JSON texts that a JSON schema allows; EngineError when it holds what cannot be expressed."""
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    try:
        return str(json_schema_to_gbnf(schema))
    # The converter checks nothing: what a schema trips over in it depends on the schema.
    except (ValueError, KeyError, TypeError, AssertionError, NotImplementedError, RecursionError) as error:
        raise EngineError(f"the JSON schema cannot be made a grammar: {error}") from error


def _array(candidates: NDArray[Any]) -> Any:
    data = candidates.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_token_data))
    return llama_cpp.llama_token_data_array(data=data, size=len(candidates), selected=-1, sorted=False)


@contextmanager
def _captured_stderr() -> Iterator[list[str]]:
    """What native code writes to the process's error stream meanwhile."""
    said = [""]
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            said[0] = file.read().decode(errors="replace")
