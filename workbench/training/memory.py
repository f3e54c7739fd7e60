"""What memory a training takes, by parts, before it is loaded; what there is; and the figures chosen to fit it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.device import Device, choose_device
from workbench.training.form import Form, form_of
from workbench.training.options import TrainingOptions
from workbench.training.precision import choose_precision

_CGROUPS = Path("/sys/fs/cgroup")
# The share of what is free that a run may take: an allocator cannot use every gap.
_SHARE = 0.9
# Tried from the first on; fewer tokens at once than the last leave a device idle.
_AT_ONCE = {"cpu": (4096, 2048, 1024, 512), "cuda": (32768, 16384, 8192, 4096, 2048), "mps": (4096, 2048, 1024, 512)}
# Gaps that an allocator leaves, over what is kept, and what libraries take once they compute; so chosen that
# `tests/benchmarks/training_memory.py` finds the estimate near the truth.
_LOOSE = 1.1
_LIBRARIES = {"cpu": 64 << 20, "cuda": 512 << 20, "mps": 64 << 20}
# Under adapters, the share of a pass's activations that the C library's heap holds beside what is in use: the adapters'
# small results lie between the large ones that are free again. As glibc 2.36 was measured, computed again or not.
_HOLES = 0.75
# Copies of a chunk of logits that are alive together, and of the hidden states of its targets.
_COPIES = 4
# Copies of the matrices whose updates Muon makes at once.
_MUON_COPIES = 5
# Tensors of a weight's size, in float32, that bitsandbytes makes of its 8-bit states on a processor.
_UNPACKED = 5
_FLOAT = 4
_SMALLEST_8_BIT = 2 + 2 * _FLOAT / 256


@dataclass(frozen=True)
class Load:
    """What a step computes: the longest row and all rows of an effective batch, in tokens of one process."""

    longest: int
    batch: int


@dataclass(frozen=True)
class Memory:
    """Bytes by what they are for, of one process; `step` is what the optimizer needs besides its states.

    With `several`, micro-batch follows micro-batch, so that gradients are there while activations are; with `reused`,
    the optimizer's step gets the memory that activations left, as it does on a GPU.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    step: int
    libraries: int
    several: bool
    reused: bool = False

    @property
    def total(self) -> int:
        """The most at one time."""
        computing = self.activations + self.logits
        passing = self.gradients + computing if self.several else max(self.gradients, computing)
        most = max(passing, self.gradients + self.step) if self.reused else passing + self.step
        return self.weights + self.optimizer + most + self.libraries

    def parts(self) -> dict[str, int]:
        """The parts by name, in the order in which they are shown."""
        names = ("weights", "gradients", "optimizer", "activations", "logits", "step", "libraries")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@dataclass(frozen=True)
class Room:
    """Bytes that a run may still take, and a few words on where the figure is from."""

    free: int
    source: str

    @property
    def usable(self) -> int:
        """What a run may be planned to take."""
        return int(self.free * _SHARE)


def memory_of(base: Path, options: TrainingOptions, load: Load, device: Device) -> Memory:
    """For one of the options' processes; `micro_batch_tokens` 0 counts as the fewest that are sensible.

    Arithmetic, with activations counted on the model itself; nothing is loaded. TrainingError for a foreign folder.
    """
    form = form_of(base, options, choose_precision(options, device), device.kind)
    tokens = min(max(options.micro_batch_tokens or least_at_once(load, device), load.longest), load.batch)
    ranks = options.processes
    each = form.each_token_again if options.activation_checkpointing == "on" else form.each_token
    learned = form.learned * form.learned_size
    # What is shared out among processes comes together where it is used: a layer at a time, and the ends.
    together = form.weights // form.layers + 2 * form.head * _FLOAT if ranks > 1 else 0
    return Memory(
        weights=form.weights // ranks + together,
        gradients=learned // ranks,
        optimizer=_states(form, options.optimizer) // ranks,
        activations=int(_LOOSE * (form.each_pass + tokens * each) + _holes(options, device) * tokens * form.each_token),
        logits=_logits(form, tokens, device),
        step=_step(form, options.optimizer, device, ranks),
        libraries=_LIBRARIES[device.kind],
        several=load.batch > tokens,
        reused=device.kind == "cuda",
    )


def room_of(device: Device) -> Room:
    """Free memory of the device: what the GPU has left, or the machine or a container's limit, whichever is less."""
    if device.kind == "cuda":
        import torch

        free, _ = torch.cuda.mem_get_info()
        # What torch holds in reserve is as good as free.
        return Room(free + torch.cuda.memory_reserved() - torch.cuda.memory_allocated(), "free on the GPU")
    import psutil

    rooms = [Room(psutil.virtual_memory().available, "available on this machine"), *_limits(_CGROUPS)]
    return min(rooms, key=lambda room: room.free)


def settle(base: Path, options: TrainingOptions, load: Load) -> TrainingOptions:
    """The options with `micro_batch_tokens`, `activation_checkpointing` and `precision` chosen where they were not.

    As many tokens at once as fit, activations kept if they can be; where not even that fits, the least there is.
    Free memory is another a minute later: a run that goes on must keep what it began with, or its sums are in another
    order.
    """
    device = choose_device(options.device)
    room = room_of(device).usable // (options.processes if device.kind == "cpu" else 1)
    tried = None
    for tried in _choices(options, load, device):
        if memory_of(base, tried, load, device).total <= room:
            return tried
    assert tried is not None
    return tried


def least_at_once(load: Load, device: Device) -> int:
    """The fewest tokens that are worth computing at once; a longest row is always whole."""
    return max(_AT_ONCE[device.kind][-1], load.longest)


def size_of(count: int) -> str:
    """`812 MB`, `1.2 GB`; in powers of 1,024, as memory is sold."""
    return f"{count / (1 << 20):.0f} MB" if count < 1 << 30 else f"{count / (1 << 30):.1f} GB"


def _choices(options: TrainingOptions, load: Load, device: Device) -> Iterator[TrainingOptions]:
    """What is left open, the fastest first."""
    precisions = [options.precision]
    if options.precision == "auto":
        precisions = [choose_precision(options, device).compute]
        if precisions == ["bfloat16"] and device.kind == "cuda" and not options.lora_rank:
            precisions.append("bfloat16_weights")
    again = ["off", "on"] if options.activation_checkpointing == "auto" else [options.activation_checkpointing]
    at_once = [options.micro_batch_tokens] if options.micro_batch_tokens else _at_once(device, load)
    for precision in precisions:
        for checkpointing in again:
            for tokens in at_once:
                update = {"precision": precision, "activation_checkpointing": checkpointing}
                yield options.model_copy(update={**update, "micro_batch_tokens": tokens})


def _at_once(device: Device, load: Load) -> list[int]:
    """Token counts to try, none under the longest row, which is computed at once in any case."""
    return list(dict.fromkeys(max(tokens, load.longest) for tokens in _AT_ONCE[device.kind]))


def _holes(options: TrainingOptions, device: Device) -> float:
    return _HOLES if options.lora_rank and device.kind == "cpu" else 0.0


def _logits(form: Form, tokens: int, device: Device) -> int:
    """A chunk of logits, the hidden states of all targets, and the head's gradient, which is made along with them."""
    from workbench.training.loss import CHUNK, CHUNK_CPU

    targets = max(16, (CHUNK_CPU if device.kind == "cpu" else CHUNK) // form.vocabulary)
    numbers = min(tokens, targets) * form.vocabulary + tokens * form.width
    return _COPIES * numbers * _FLOAT + form.head * form.learned_size


def _states(form: Form, optimizer: str) -> int:
    """Two numbers for each that learns; Muon remembers one, 8 bits take a quarter of a float and a scale."""
    if optimizer == "adamw_8bit":
        return math.ceil(form.learned * _SMALLEST_8_BIT)
    muon = form.matrices if optimizer == "muon" else 0
    return (2 * form.learned - muon) * form.learned_size


def _step(form: Form, optimizer: str, device: Device, ranks: int) -> int:
    """Muon treats as many matrices at once as are worth it, one at least."""
    if optimizer == "muon":
        from workbench.training.muon import AT_ONCE

        return _MUON_COPIES * max(form.matrix, min(form.group // ranks, AT_ONCE)) * form.learned_size
    return _UNPACKED * form.largest * _FLOAT if optimizer == "adamw_8bit" and device.kind == "cpu" else 0


def _limits(groups: Path) -> Iterator[Room]:
    """What the control groups of Linux leave (versions 2 and 1); files that can be dropped again do not count."""
    for folder, limit, used, files in (
        (groups, "memory.max", "memory.current", "inactive_file"),
        (groups / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        try:
            most, now = int((folder / limit).read_text()), int((folder / used).read_text())
            droppable = int(_fields((folder / "memory.stat").read_text()).get(files, "0"))
        except (OSError, ValueError):
            continue
        yield Room(max(0, most - now + droppable), "left of the container's limit")


def _fields(text: str) -> Mapping[str, str]:
    return dict(line.split(maxsplit=1) for line in text.splitlines() if " " in line)
