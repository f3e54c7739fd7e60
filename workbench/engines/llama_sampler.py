"""Drawing tokens: llama.cpp's sampler chain for one sequence, and its grammars."""

import ctypes
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Self

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from workbench.engines.engine import Sampling
from workbench.engines.llama_binding import LOG, LlamaContext, LlamaModel
from workbench.errors import EngineError

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
_RANDOM_SEED = 0xFFFFFFFF  # llama.cpp takes this one from the clock


class Grammar:
    """How far a text has come in a GBNF grammar; a copy starts at the beginning of the same one."""

    def __init__(self, model: LlamaModel, handle: Any) -> None:
        self._model = model
        self._handle = handle
        self._one = np.zeros(1, _CANDIDATE)
        self._one_array = _array(self._one, 1)
        self._controls = frozenset(model.controls.tolist())

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
        if token in self._controls:
            return False
        self._one["id"] = token
        self._one["logit"] = 0.0
        llama_cpp.llama_sampler_apply(self._handle, ctypes.byref(self._one_array))
        return bool(self._one["logit"][0] == 0.0)

    def mask(self, logits: NDArray[np.float32]) -> NDArray[Any]:
        """The tokens that may follow, with their logits."""
        every = np.zeros(len(logits), _CANDIDATE)
        every["id"] = np.arange(len(logits))
        every["logit"] = logits
        every["logit"][self._model.controls] = -np.inf
        llama_cpp.llama_sampler_apply(self._handle, ctypes.byref(_array(every, len(every))))
        allowed: NDArray[Any] = every[np.isfinite(every["logit"])]
        return allowed

    def accept(self, token: int) -> None:
        """Only for a token that is allowed; llama.cpp ends the process otherwise."""
        llama_cpp.llama_sampler_accept(self._handle, token)

    def close(self) -> None:
        if self._handle:
            llama_cpp.llama_sampler_free(self._handle)
            self._handle = None

    # Waiting samples may still need a grammar that nothing else remembers.
    __del__ = close


class Sampler:
    """Draws the tokens of one sample: truncation as llama.cpp orders it (top_k, top_p, min_p), temperature, draw."""

    def __init__(self, sampling: Sampling, seed: int, grammar: Grammar | None = None) -> None:
        self._chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
        for part in _parts(sampling, seed):
            llama_cpp.llama_sampler_chain_add(self._chain, part)
        self._grammar = grammar

    def draw(self, context: LlamaContext, row: int) -> int | None:
        """The next token; None when the grammar allows none.

        The grammar is asked about the drawn token alone, and about the whole vocabulary only when it refuses that one.
        """
        token: int = llama_cpp.llama_sampler_sample(self._chain, context.handle, row)
        if self._grammar is None:
            return token
        if not self._grammar.allows(token):
            allowed = self._grammar.mask(context.logits(row))
            if not len(allowed):
                return None
            token = self._choose(allowed)
        self._grammar.accept(token)
        return token

    def _choose(self, allowed: NDArray[Any]) -> int:
        candidates = _array(allowed, len(allowed))
        llama_cpp.llama_sampler_apply(self._chain, ctypes.byref(candidates))
        return int(candidates.data[candidates.selected].id)

    def close(self) -> None:
        if self._chain:
            llama_cpp.llama_sampler_free(self._chain)
            self._chain = None
        if self._grammar:
            self._grammar.close()


@lru_cache(maxsize=64)
def schema_grammar(schema: str) -> str:
    """GBNF for the JSON texts that a JSON schema allows; EngineError when it holds what cannot be expressed."""
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    try:
        return str(json_schema_to_gbnf(schema))
    except (ValueError, KeyError, TypeError, AssertionError, NotImplementedError, RecursionError) as error:
        raise EngineError(f"the JSON schema cannot be made a grammar: {error}") from error


def _parts(sampling: Sampling, seed: int) -> Iterator[Any]:
    if sampling.temperature <= 0:
        yield llama_cpp.llama_sampler_init_greedy()
        return
    if sampling.top_k > 0:
        yield llama_cpp.llama_sampler_init_top_k(sampling.top_k)
    if sampling.top_p < 1:
        yield llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1)
    if sampling.min_p > 0:
        yield llama_cpp.llama_sampler_init_min_p(sampling.min_p, 1)
    yield llama_cpp.llama_sampler_init_temp(sampling.temperature)
    yield llama_cpp.llama_sampler_init_dist(seed % _RANDOM_SEED)


def _array(candidates: NDArray[Any], size: int) -> Any:
    data = candidates.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_token_data))
    return llama_cpp.llama_token_data_array(data=data, size=size, selected=-1, sorted=False)


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
