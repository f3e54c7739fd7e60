"""Attention of packed rows: every segment looks back in itself, and at nothing else.

Registered with transformers under `workbench_ragged`; a model that takes it needs no mask of `[tokens, tokens]`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from inspect import signature
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, arange, bfloat16, cat, compiler, float16, get_autocast_dtype, is_autocast_enabled, ones, split
from torch import bool as boolean
from torch.nn.functional import scaled_dot_product_attention

from workbench.errors import TrainingError

if TYPE_CHECKING:
    from torch import device, dtype
    from torch.nn import Module

try:
    from torch.nn.attention import varlen
except ImportError:  # before torch 2.10
    _KNOWN = frozenset[str]()
else:
    # The first releases know no scale and no windows, the next none of the last word: they take fewer keys as they are.
    _KNOWN = frozenset(signature(varlen.varlen_attn).parameters)

NAME = "workbench_ragged"
# What else a model may want of attention; taking no notice of it would be wrong.
_STRANGE = ("softcap", "s_aux", "position_bias", "sinks")
# A call costs about as much as attention over some hundred more positions does.
_SPARED_CALL = 256
# Positions that look back in one call on a processor: torch's kernel computes up to 512 keys that lie ahead, in vain.
# In rows longer than the second figure that is little, but for a window, of which it computes all that lies outside.
_BLOCK, _SPARED_AHEAD = 128, 1024


# Not frozen: torch 2.11 reads all of a frozen one where it compiles, lengths and all.
@dataclass(slots=True, eq=False)
class Segments:
    """Lengths of the segments of a row, in order, and their bounds `[segments + 1]` (int32) on the row's device.

    `longest` is the longest one's length or a round number above it. Code that is compiled reads it and not the
    lengths, for which it would be made anew whenever there is another number of them.
    """

    lengths: tuple[int, ...]
    bounds: Tensor
    longest: int

    @classmethod
    def of(cls, lengths: Sequence[int]) -> Self:
        """In the processor's memory."""
        bounds = torch.tensor([0, *lengths], dtype=torch.int32).cumsum(0, dtype=torch.int32)
        return cls(tuple(lengths), bounds, 1 << (max(lengths) - 1).bit_length())


@dataclass(frozen=True, slots=True)
class Group:
    """Neighbouring segments that are computed side by side, as rows of the longest's length."""

    lengths: tuple[int, ...]

    @property
    def tokens(self) -> int:
        return sum(self.lengths)

    @property
    def longest(self) -> int:
        return max(self.lengths)

    @property
    def even(self) -> bool:
        """Whether no padding is needed."""
        return min(self.lengths) == self.longest


def register() -> None:
    """Make `workbench_ragged` known to transformers; again does no harm."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(NAME, ragged_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)


def ragged_attention(
    module: "Module",
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **settings: Any,
) -> tuple[Tensor, None]:
    """`[1, tokens, heads, width]` from query, key and value `[1, heads, tokens, width]`; keys may have fewer heads.

    `segments` in the settings says where segments end; without it this is transformers' own attention with its mask.
    TrainingError where the model wants what is not done here.
    """
    segments: Segments | None = settings.pop("segments", None)
    if segments is None:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        return sdpa_attention_forward(module, query, key, value, attention_mask, **settings)  # type: ignore[no-any-return]
    _check(module, settings)
    dropout, scale = settings.get("dropout", 0.0), settings.get("scaling")
    window = settings.get("sliding_window") or 0
    if _has_kernel(query, value, dropout):
        return _varlen(query, key, value, segments, (scale, window)), None
    return _side_by_side((query, key, value), segments, dropout, scale, window), None


def _check(module: "Module", settings: dict[str, Any]) -> None:
    wanted = [name for name in _STRANGE if settings.get(name) is not None]
    if getattr(module, "is_causal", True) is False:
        wanted.append("attention to what follows")
    if getattr(getattr(module, "config", None), "attention_chunk_size", None):
        wanted.append("attention_chunk_size")
    if wanted:
        raise TrainingError(
            f"{type(module).__name__} wants {', '.join(wanted)}, which packed rows do not know",
            hint="give --attention padded",
        )


def compute_dtype(tensor: Tensor) -> "dtype":
    """What products with it are computed in: its own type, or that which autocast takes in its place."""
    kind = tensor.device.type
    return get_autocast_dtype(kind) if is_autocast_enabled(kind) else tensor.dtype


def _has_kernel(query: Tensor, value: Tensor, dropout: float) -> bool:
    """Whether torch's kernel for ragged rows is there and can be used.

    It wants CUDA, half precision, Ampere or newer, and heads of up to 256 in steps of 8.
    """
    known = "scale" in _KNOWN and "window_size" in _KNOWN
    if not known or not query.is_cuda or dropout or compute_dtype(query) not in (float16, bfloat16):
        return False
    from torch.cuda import get_device_capability

    width = query.shape[-1]
    return width == value.shape[-1] <= 256 and width % 8 == 0 and get_device_capability(query.device) >= (8, 0)


def _varlen(
    query: Tensor, key: Tensor, value: Tensor, segments: Segments, settings: tuple[float | None, int]
) -> Tensor:
    scale, window = settings
    dtype = compute_dtype(query)
    rows, keys, values = (part[0].transpose(0, 1).to(dtype) for part in (query, key, value))
    # Windows count the looking token in transformers, and only those before it in the kernel.
    back = window - 1 if window else -1
    fewer: dict[str, Any] = {"enable_gqa": rows.shape[1] != keys.shape[1]} if "enable_gqa" in _KNOWN else {}
    out: Any = varlen.varlen_attn(
        rows,
        keys,
        values,
        segments.bounds,
        segments.bounds,
        segments.longest,
        segments.longest,
        scale=scale,
        window_size=(back, 0),
        **fewer,
    )
    whole: Tensor = out[None]
    return whole


@lru_cache(maxsize=64)
def groups_of(lengths: tuple[int, ...]) -> tuple[Group, ...]:
    """Neighbours in groups: one joins where the padding that this takes costs less than a call of its own."""
    groups: list[list[int]] = []
    for length in lengths:
        if groups:
            longest = max(*groups[-1], length)
            before = len(groups[-1]) * max(groups[-1])
            # All that the group would compute more, beyond what the new one needs by itself.
            if (len(groups[-1]) + 1) * longest - before - length <= _SPARED_CALL * 16 // max(longest, 16):
                groups[-1].append(length)
                continue
        groups.append([length])
    return tuple(Group(tuple(group)) for group in groups)


@compiler.disable  # type: ignore[untyped-decorator]
def _side_by_side(
    rows: Sequence[Tensor], segments: Segments, dropout: float, scale: float | None, window: int
) -> Tensor:
    groups = groups_of(segments.lengths)
    sizes = [group.tokens for group in groups]
    # One split of the whole, whose gradient is one concatenation; slices would add up full-length zeros.
    parts = zip(*(split(row.transpose(1, 2), sizes, dim=1) for row in rows), strict=True)
    outputs = []
    for group, part in zip(groups, parts, strict=True):
        query, key, value = (_lay(one, group).transpose(1, 2) for one in part)
        out = _look_back((query, key, value), dropout, scale, window)
        outputs.append(_take_up(out.transpose(1, 2), group))
    return outputs[0] if len(outputs) == 1 else cat(outputs, dim=1)


def _look_back(rows: tuple[Tensor, Tensor, Tensor], dropout: float, scale: float | None, window: int) -> Tensor:
    """Causal attention `[segments, heads, longest, width]`, with a window where that is no 0, block by block."""
    query, key, value = rows
    outputs = []
    end = 0
    for part in split(query, _block(query, window), dim=2):
        start, end = end, end + part.shape[2]
        first = max(0, start + 1 - window) if window else 0
        mask = None if end <= (window or end) and not start else _mask((start, end), first, window, query)
        out = scaled_dot_product_attention(
            part,
            key[:, :, first:end],
            value[:, :, first:end],
            attn_mask=mask,
            dropout_p=dropout,
            is_causal=mask is None,
            scale=scale,
            enable_gqa=query.shape[1] != key.shape[1],
        )
        outputs.append(out)
    return outputs[0] if len(outputs) == 1 else cat(outputs, dim=2)


def _block(query: Tensor, window: int) -> int:
    length = query.shape[2]
    if query.device.type != "cpu":
        return length
    if not window and length > _SPARED_AHEAD:
        return length
    return -(-length // max(1, round(length / _BLOCK)))


def _mask(block: tuple[int, int], first: int, window: int, like: Tensor) -> Tensor:
    """Which positions of a block look at which from `first` up to its end."""
    start, end = block
    ahead = start - first
    mask: Tensor = ones(end - start, end - first, dtype=boolean, device=like.device).tril(ahead)
    return mask.triu(ahead + 1 - window) if window else mask


def _lay(row: Tensor, group: Group) -> Tensor:
    """`[segments, longest, heads, width]` from `[1, tokens, heads, width]`, zeros behind the shorter ones."""
    heads, width = row.shape[2:]
    shape = (len(group.lengths), group.longest, heads, width)
    if group.even:
        return row.view(shape) if row.is_contiguous() else row.reshape(shape)
    flat = row.new_zeros(shape[0] * shape[1], heads, width)
    return flat.index_copy(0, _places(group, row.device), row[0]).view(shape)


def _take_up(rows: Tensor, group: Group) -> Tensor:
    """The inverse: `[1, tokens, heads, width]`."""
    flat = rows.reshape(1, -1, *rows.shape[2:])
    return flat if group.even else flat.index_select(1, _places(group, rows.device))


@lru_cache(maxsize=256)
def _places(group: Group, on: "device") -> Tensor:
    """Where each token of the group lies once the segments are rows of equal length."""
    starts = [row * group.longest for row in range(len(group.lengths))]
    return cat([arange(start, start + n) for start, n in zip(starts, group.lengths, strict=True)]).to(on)
