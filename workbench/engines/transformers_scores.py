"""How likely a Hugging Face model finds texts that could follow: what contexts begin with alike is evaluated once, and
a context with all that may follow it is one row of a batch."""

import inspect
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

from workbench.engines.engine import Completion, Finish, Request
from workbench.engines.slots import Tokens, common

# Most tokens of one evaluation, and most that its rows see, a shared beginning counted for each of them.
_BATCH_TOKENS = 2048
_SEEN_TOKENS = 65536
# An evaluation more costs about as much as so many tokens.
_CALL = 64
# Whose a place of a row is that holds nothing; the context's is 0, and stems count from 1.
_PADDING = -1


@dataclass(eq=False, slots=True)
class Scored:
    """A request with continuations, in ids; `totals` are complete once no row is `left`."""

    request: Request
    context: Tokens
    continuations: Sequence[Sequence[int]]
    finish: Finish = "stop"
    left: int = 0
    totals: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.totals = [0.0] * len(self.continuations)

    def completion(self) -> Completion:
        scores = () if self.finish == "cancelled" else tuple(self.totals)
        return Completion(self.request, 0, "", self.finish, len(self.context), 0, scores)


@dataclass(eq=False, slots=True)
class _Row:
    """A context, and behind it stems: continuations without their last id, each of which sees the context and itself
    alone. `wanted` are continuation, place and the id that is judged there."""

    scored: Scored
    stems: list[tuple[int, ...]]
    wanted: list[tuple[int, int, int]]

    @property
    def beginning(self) -> Tokens:
        """What may be evaluated for several rows at once: all before the first place whose logits count."""
        return self.scored.context[:-1]

    @property
    def length(self) -> int:
        return len(self.scored.context) + sum(map(len, self.stems))


class Scorer:
    """Reads the log-likelihoods of one model. One with other layers than full attention gets each stem in a row of its
    own, without a shared beginning."""

    def __init__(self, model: Any, device: str) -> None:
        self._model = model
        self._device = device
        takes = inspect.signature(model.forward).parameters
        self._picks_logits = "logits_to_keep" in takes
        layers = DynamicCache(config=model.config).layers
        self._shares = "position_ids" in takes and all(type(layer) is DynamicLayer for layer in layers)

    @torch.inference_mode()
    def run(self, asked: Sequence[Scored]) -> Iterator[Scored]:
        """Each when its scores are complete; one that is cancelled meanwhile is not yielded any more."""
        rows = sorted((row for scored in asked for row in self._rows(scored)), key=_order)
        parts = families([row.beginning for row in rows]) if self._shares else [(range(len(rows)), 0)]
        for places, shared in parts:
            cache = self._evaluated(rows[places[0]].beginning[:shared]) if shared else None
            for batch in _batches([rows[place] for place in places], shared):
                yield from self._judge([row for row in batch if row.scored.finish == "stop"], shared, cache)

    def _rows(self, scored: Scored) -> list[_Row]:
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for number, tokens in enumerate(scored.continuations):
            groups[() if self._shares else tuple(tokens[:-1])].append(number)
        scored.left = len(groups)
        return [_row(scored, numbers) for numbers in groups.values()]

    def _evaluated(self, tokens: Tokens) -> Cache:
        """A beginning, to be shared by all rows of a batch and to stay as it is."""
        cache = DynamicCache(config=self._model.config)
        ids = torch.tensor(tokens, dtype=torch.long, device=self._device)[None]
        positions = torch.arange(len(tokens), device=self._device)[None]
        pick = {"logits_to_keep": 1} if self._picks_logits else {}
        self._model(input_ids=ids, position_ids=positions, past_key_values=cache, use_cache=True, **pick)
        return Cache(layers=[_Shared(layer) for layer in cache.layers])

    def _judge(self, rows: Sequence[_Row], shared: int, cache: Cache | None) -> Iterator[Scored]:
        if not rows:
            return
        places = sorted({place - shared for row in rows for _, place, _ in row.wanted})
        logits = self._logits(rows, shared, cache, places) if places else torch.zeros((len(rows), 0, 1))
        column = {place: number for number, place in enumerate(places)}
        for number, row in enumerate(rows):
            judging = logits[number, [column[place - shared] for _, place, _ in row.wanted]].float()
            tokens = torch.tensor([token for _, _, token in row.wanted], dtype=torch.long, device=judging.device)
            likely = judging.gather(-1, tokens[:, None])[:, 0] - judging.logsumexp(-1)
            for (continuation, _, _), value in zip(row.wanted, likely.tolist(), strict=True):
                row.scored.totals[continuation] += value
            row.scored.left -= 1
            if not row.scored.left:
                yield row.scored

    def _logits(self, rows: Sequence[_Row], shared: int, cache: Cache | None, places: Sequence[int]) -> Any:
        """Those of `places` behind the shared beginning, for all rows."""
        width = max(row.length for row in rows) - shared
        ids = np.zeros((len(rows), width), np.int64)
        # Rows are padded at their ends, where nothing that counts sees the padding.
        positions = np.tile(np.arange(shared, shared + width), (len(rows), 1))
        owners = np.full((len(rows), width), _PADDING)
        for number, row in enumerate(rows):
            before = len(row.scored.context)
            ids[number, : before - shared], owners[number, : before - shared] = row.scored.context[shared:], 0
            start = before - shared
            for owner, stem in enumerate(row.stems, start=1):
                behind = np.s_[number, start : start + len(stem)]
                ids[behind], owners[behind] = stem, owner
                positions[behind] = np.arange(before, before + len(stem))
                start += len(stem)
        given: dict[str, Any] = {"past_key_values": cache} if cache else {}
        if self._shares:
            given["position_ids"] = torch.from_numpy(positions).to(self._device)
            if cache or owners.max() > 0:
                given["attention_mask"] = _mask(torch.from_numpy(owners), shared, self._model.dtype).to(self._device)
        if self._picks_logits:
            given["logits_to_keep"] = torch.tensor(places, device=self._device)
        logits = self._model(
            input_ids=torch.from_numpy(ids).to(self._device), use_cache=cache is not None, **given
        ).logits
        return logits if self._picks_logits else logits[:, list(places)]


class _Shared(DynamicLayer):  # type: ignore[misc] # transformers has no types
    """Keys and values of a beginning that every row sees; what rows add behind it is forgotten at once."""

    def __init__(self, filled: Any) -> None:
        super().__init__()
        self.lazy_initialization(filled.keys, filled.values)
        self.keys, self.values = filled.keys, filled.values

    def update(self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        rows = len(key_states)
        keys = torch.cat([self.keys.expand(rows, -1, -1, -1), key_states], dim=-2)
        return keys, torch.cat([self.values.expand(rows, -1, -1, -1), value_states], dim=-2)


def families(beginnings: Sequence[Tokens]) -> list[tuple[Sequence[int], int]]:
    """Places of a sorted list in parts, each with how many tokens its members begin with alike, so that evaluating
    these once spares the most; what is better off alone comes first, as a part that shares nothing."""
    count = len(beginnings)
    spared, cut = np.zeros(count + 1), [0] * (count + 1)
    # What all from each place up to the present one begin with.
    alike = np.zeros(count, np.int64)
    for end in range(1, count + 1):
        if end > 1:
            alike[end - 2] = len(beginnings[end - 2])
            np.minimum(alike[: end - 1], common(beginnings[end - 2], beginnings[end - 1]), out=alike[: end - 1])
        found = spared[:end] + np.where(alike[:end] > 0, np.arange(end - 1, -1, -1) * alike[:end] - _CALL, 0)
        best = int(end - 1 - found[::-1].argmax())
        spared[end], cut[end] = found[best], best
    parts: list[tuple[Sequence[int], int]] = []
    alone: list[int] = []
    end = count
    while end:
        start = cut[end]
        shared = common(beginnings[start], beginnings[end - 1])
        if end - start > 1 and shared:
            parts.append((range(start, end), shared))
        else:
            alone += range(start, end)
        end = start
    return [(alone[::-1], 0), *parts[::-1]] if alone else parts[::-1]


def _order(row: _Row) -> bytes:
    # Big-endian, so that bytes are in the order of tokens.
    return row.beginning.astype(">i4").tobytes()


def _row(scored: Scored, numbers: Sequence[int]) -> _Row:
    before = len(scored.context)
    wanted: list[tuple[int, int, int]] = []
    stems: dict[tuple[int, ...], int] = {}
    end = before
    for number in numbers:
        tokens = tuple(scored.continuations[number])
        if not tokens:
            continue
        stem = tokens[:-1]
        if stem and stem not in stems:
            stems[stem] = end
            end += len(stem)
        wanted.append((number, before - 1, tokens[0]))
        wanted += [(number, stems[stem] + offset, token) for offset, token in enumerate(tokens[1:])]
    return _Row(scored, list(stems), wanted)


def _batches(rows: Sequence[_Row], shared: int) -> Iterator[list[_Row]]:
    """Rows of about the same length side by side, the longest first."""
    batch: list[_Row] = []
    for row in sorted(rows, key=lambda row: -row.length):
        longest = (batch or [row])[0].length
        count = len(batch) + 1
        if batch and (count * (longest - shared) > _BATCH_TOKENS or count * longest > _SEEN_TOKENS):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _mask(owners: Any, shared: int, dtype: Any) -> Any:
    """What is added to the attention of each token to each: nothing for the beginning, and for those before it that
    are of the context or of its own stem."""
    width = owners.shape[1]
    before = torch.ones((width, width), dtype=torch.bool).tril()
    seen = before & ((owners[:, None, :] == 0) | (owners[:, None, :] == owners[:, :, None]))
    seen = torch.cat([torch.ones((len(owners), width, shared), dtype=torch.bool), seen], dim=-1)
    return torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)[:, None]
