"""Samples that a Hugging Face model draws together, a token for each at a time; others join while they run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

from workbench.engines.draws import draw_each
from workbench.engines.engine import Completion, Finish, Logprob, Request, Sampling, sample_seed
from workbench.engines.outlet import begun

SIZE = 16


@dataclass(eq=False, slots=True)
class Sample:
    """One answer on its way; `finish` is empty until it is there."""

    request: Request
    index: int
    prompt: list[int]
    drawn: list[int] = field(default_factory=list)
    text: str = ""
    finish: Finish | None = None
    told: int = 0
    logprobs: list[Logprob] = field(default_factory=list)

    @property
    def sampling(self) -> Sampling:
        return self.request.sampling

    @property
    def seed(self) -> int:
        return sample_seed(self.request.seed, self.index)

    @property
    def position(self) -> int:
        return len(self.drawn)

    def completion(self) -> Completion:
        finish, told = self.finish or "cancelled", tuple(self.logprobs)
        return Completion(self.request, self.index, self.text, finish, len(self.prompt), len(self.drawn), logprobs=told)

    def tell(self) -> None:
        """Hands out what nothing can change any more: all once it is finished, before that neither half a character nor
        what a stop text may begin with."""
        if not self.request.on_text:
            return
        final = self.text
        if not self.finish:
            final = final.rstrip("\ufffd")
            final = final[: len(final) - begun(final, self.sampling.stop)]
        if piece := final[self.told :]:
            self.told = len(final)
            self.request.on_text(self.index, piece)


# Of a sample, the token drawn for it and its row of logits the next token of its row; what it says may finish it.
Take = Callable[[Sample, int, Any], int]


@dataclass(eq=False, slots=True)
class _Rows:
    """Keys and values of `width - 1` tokens are in the cache, and each row's last token is in `step`, a column. `mask`,
    rows x width, is 0 on the left of shorter rows, so that all end together."""

    samples: list[Sample]
    cache: Any
    mask: torch.Tensor
    step: torch.Tensor

    @property
    def width(self) -> int:
        return self.mask.shape[1]

    @property
    def joinable(self) -> bool:
        """Whether its keys and values can be put beside others: each layer holds those of all tokens."""
        return all(type(layer) is DynamicLayer and layer.is_initialized for layer in self.cache.layers)

    def without_finished(self) -> "_Rows | None":
        """None where nobody is left; columns that are empty now are gone."""
        left = [row for row, sample in enumerate(self.samples) if not sample.finish]
        if not left:
            return None
        rows = torch.tensor(left, device=self.mask.device)
        mask = self.mask[rows]
        empty = int(mask.any(0).int().argmax())
        for layer in self.cache.layers:
            layer.keys, layer.values = (each[rows, :, empty:] for each in (layer.keys, layer.values))
        return _Rows([self.samples[row] for row in left], self.cache, mask[:, empty:], self.step[rows])

    def with_others(self, others: "_Rows") -> "_Rows":
        width = max(self.width, others.width)
        for mine, theirs in zip(self.cache.layers, others.cache.layers, strict=True):
            mine.keys = torch.cat([_wide(each.keys, width - 1, -2) for each in (mine, theirs)])
            mine.values = torch.cat([_wide(each.values, width - 1, -2) for each in (mine, theirs)])
        mask = torch.cat([_wide(each.mask, width, -1) for each in (self, others)])
        return _Rows([*self.samples, *others.samples], self.cache, mask, torch.cat([self.step, others.step]))


class Batch:
    """At most `SIZE` samples at once. Where a model has other layers than full attention, nobody joins before all have
    finished."""

    def __init__(self, model: Any, device: str, take: Take) -> None:
        self._model = model
        self._device = device
        self._take = take
        self._rows: _Rows | None = None
        self.going: list[Sample] = []

    @property
    def room(self) -> int:
        """How many may join."""
        joinable = not self.going or not self._rows or self._rows.joinable
        return SIZE - len(self.going) if joinable else 0

    @torch.inference_mode()
    def turn(self, newcomers: Sequence[Sample]) -> list[Sample]:
        """A token for everybody; those that have finished meanwhile."""
        rows = self._rows if any(not sample.finish for sample in self.going) else None
        if rows:
            rows = self._advance(rows.samples, rows.step, rows.mask, rows.cache)
        if newcomers:
            rows = rows.without_finished() if rows else None
            joining = self._begin(newcomers)
            rows = rows.with_others(joining) if rows else joining
        self._rows = rows
        everybody = [*self.going, *newcomers]
        self.going = [sample for sample in everybody if not sample.finish]
        return [sample for sample in everybody if sample.finish]

    def _begin(self, samples: Sequence[Sample]) -> _Rows:
        prompts = [sample.prompt for sample in samples]
        width = max(map(len, prompts))
        ids = torch.zeros((len(prompts), width), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, tokens in enumerate(prompts):
            ids[row, width - len(tokens) :] = torch.tensor(tokens)
            mask[row, width - len(tokens) :] = 1
        cache = DynamicCache(config=self._model.config)
        return self._advance(samples, ids.to(self._device), mask.to(self._device), cache)

    def _advance(self, samples: Sequence[Sample], ids: torch.Tensor, mask: torch.Tensor, cache: Any) -> _Rows:
        """With the token that follows the last ids."""
        positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        told = self._model(
            input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True
        )
        logits = told.logits[:, -1].float().cpu().numpy()
        drawn = draw_each(logits, samples)
        taken = [[self._take(*each)] for each in zip(samples, drawn, logits, strict=True)]
        step = torch.tensor(taken).to(self._device)
        return _Rows([*samples], cache, torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1), step)


def _wide(values: torch.Tensor, width: int, dimension: int) -> torch.Tensor:
    """Filled up with zeros on the left, which a mask hides."""
    shape = [*values.shape]
    shape[dimension] = width - shape[dimension]
    return torch.cat([values.new_zeros(shape), values], dim=dimension) if shape[dimension] else values
