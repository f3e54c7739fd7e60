"""Options that make a training fit which does not: tried one on top of the other, cheapest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from workbench.device import Device
from workbench.training.memory import Load, least_at_once, memory_of, size_of
from workbench.training.options import TrainingOptions

_RANK = 16


@dataclass(frozen=True)
class Remedy:
    """An option to set, and the memory that the training takes with it and those before it, in bytes."""

    option: str
    value: Any
    total: int

    def __str__(self) -> str:
        return f"{self.option} {self.value}"


@dataclass(frozen=True)
class Remedies:
    """All that was tried, in order, and those of them that suffice together; none where even all do not."""

    tried: tuple[Remedy, ...] = ()
    enough: tuple[Remedy, ...] = ()
    missing: str = ""

    def lines(self) -> list[str]:
        """What was tried with its new figure, and what to give."""
        said = [
            f"With {'also ' if place else ''}{each}: {size_of(each.total)}." for place, each in enumerate(self.tried)
        ]
        advice = str(self)
        return [*said, f"{advice[0].upper()}{advice[1:]}."]

    def __str__(self) -> str:
        if not self.enough:
            return "no option makes it fit; take a smaller base, or a machine with more memory"
        needs = f" (it needs {self.missing}, which is not installed)" if self.missing else ""
        return f"give {' and '.join(map(str, self.enough))}, which takes {size_of(self.enough[-1].total)}{needs}"


def find_remedies(base: Path, options: TrainingOptions, load: Load, device: Device, room: int) -> Remedies:
    """What would bring the training under `room` bytes; nothing to do where it is there already."""
    search = _Search(base, options, load, device, room)
    return Remedies() if search.total([]) <= room else search.run()


@dataclass(frozen=True)
class _Search:
    base: Path
    options: TrainingOptions
    load: Load
    device: Device
    room: int

    def run(self) -> Remedies:
        changes: list[tuple[str, Any]] = []
        tried: list[Remedy] = []
        for name, value in self.changes():
            changes.append((name, value))
            tried.append(Remedy(name, value, self.total(changes)))
            if tried[-1].total <= self.room:
                least = self.without_the_needless(changes)
                enough = tuple(Remedy(*change, self.total(least)) for change in least)
                return Remedies(tuple(tried), enough, _missing(least))
        return Remedies(tuple(tried))

    def changes(self) -> Iterator[tuple[str, Any]]:
        """What is not set already, in the order of what it costs in speed and quality."""
        options = self.options
        least = least_at_once(self.load, self.device)
        if options.micro_batch_tokens > least:
            yield "micro_batch_tokens", least
        if options.activation_checkpointing != "on":
            yield "activation_checkpointing", "on"
        # Neither on Metal nor in several processes does bitsandbytes work.
        eight_bit = self.device.kind != "mps" and options.processes == 1
        if eight_bit and options.optimizer != "adamw_8bit":
            yield "optimizer", "adamw_8bit"
        if not options.lora_rank:
            yield "lora_rank", _RANK
        if eight_bit and options.quantize_base == "none" and not options.compile and self.device.kind == "cuda":
            yield "quantize_base", "nf4"

    def total(self, changes: Sequence[tuple[str, Any]]) -> int:
        """Bytes with these changes; weights of few numbers that were the last resort are not needed under adapters."""
        changed = self.options.model_copy(update=dict(changes))
        if changed.lora_rank and changed.precision == "bfloat16_weights":
            changed = changed.model_copy(update={"precision": "bfloat16"})
        return memory_of(self.base, changed, self.load, self.device).total

    def without_the_needless(self, changes: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """The latest changes make some of the earlier ones superfluous."""
        for change in list(changes):
            fewer = [other for other in changes if other != change]
            kept = dict(fewer)
            if "quantize_base" in kept and not (kept.get("lora_rank") or self.options.lora_rank):
                continue
            if self.total(fewer) <= self.room:
                changes = fewer
        return changes


def _missing(changes: Sequence[tuple[str, Any]]) -> str:
    wanted = any(value in ("adamw_8bit", "nf4") for _, value in changes)
    return "bitsandbytes" if wanted and not find_spec("bitsandbytes") else ""
