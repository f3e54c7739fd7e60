"""What a phase will take, before it starts: memory, time and disk, beside what there is."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.device import Device, choose_device
from workbench.errors import StorageError, TrainingError
from workbench.taxonomy.markup import paragraph, table
from workbench.training.encoding import Sample
from workbench.training.epochs import Epochs
from workbench.training.form import Form, form_of
from workbench.training.memory import Load, Memory, Room, memory_of, room_of, settle, size_of
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseSpec
from workbench.training.precision import check_options, choose_attention, choose_precision
from workbench.training.remedies import Remedies, find_remedies
from workbench.training.trial import Trial, try_out

# Bits that a weight takes in a GGUF, of llama.cpp's own table for an 8-billion Llama.
_BITS = {
    "F32": 32.0,
    "F16": 16.0,
    "BF16": 16.0,
    "Q8_0": 8.5,
    "Q6_K": 6.56,
    "Q5_K_M": 5.70,
    "Q5_K_S": 5.57,
    "Q4_K_M": 4.89,
    "Q4_K_S": 4.67,
    "Q4_0": 4.66,
    "Q3_K_M": 4.00,
}
_HEADS = ("", "takes", "there is", "in words")


@dataclass(frozen=True)
class Disk:
    """Bytes that a phase writes: model folders that stay, the state to go on from, the final model with its GGUF."""

    folders: int
    checkpoints: int
    state: int
    model: int
    gguf: int
    free: int

    @property
    def total(self) -> int:
        """The most at one time: whatever replaces something is there before that goes."""
        return self.checkpoints + self.state + self.model + self.gguf

    @property
    def fits(self) -> bool:
        return self.total <= self.free


@dataclass(frozen=True)
class Estimate:
    """Figures of a phase before it starts; `options` have all chosen that was left open.

    `seconds` is None where nothing was tried out, with the reason in `untried`.
    """

    device: Device
    options: TrainingOptions
    base: Path
    memory: Memory
    room: Room
    disk: Disk
    steps: int
    tokens: int
    trial: Trial | None
    untried: str
    remedies: Remedies

    @property
    def fits(self) -> bool:
        """Whether memory and disk suffice."""
        return self.fits_memory and self.disk.fits

    @property
    def fits_memory(self) -> bool:
        """All processes on a CPU share its memory; on GPUs each has its own."""
        return self._memory <= self.room.usable

    @property
    def seconds(self) -> float | None:
        """Of all steps; checkpoints, validation and export come on top."""
        if self.trial is None:
            return None
        ranks = self.options.processes if self.device.kind != "cpu" else 1
        return self.trial.first + self.tokens / self.trial.tokens_per_second / ranks

    def check(self) -> None:
        """TrainingError or StorageError for a run that cannot fit, with the options that make it fit."""
        if not self.fits_memory:
            raise TrainingError(f"this training does not fit: {self.memory_sentence}", hint=str(self.remedies))
        if not self.disk.fits:
            raise StorageError(
                f"this training does not fit on the disk: {self.disk_sentence}",
                hint="give keep_checkpoints last, or make room",
            )

    @property
    def memory_sentence(self) -> str:
        """What is needed by its parts."""
        parts = ", ".join(f"{name} {size_of(count)}" for name, count in self.memory.parts().items())
        once = f"{self.options.micro_batch_tokens:,} tokens at once"
        again = ", computed again for the gradients" if self.options.activation_checkpointing == "on" else ""
        return f"{size_of(self._memory)} of {size_of(self.room.free)} {self.room.source} ({parts}; {once}{again})"

    @property
    def time_sentence(self) -> str:
        """How long it will take, and on what that rests."""
        work = f"{self.steps:,} steps over {self.tokens:,} tokens"
        if self.trial is None or self.seconds is None:
            return f"{work}; {self.untried}"
        rate = f"{self.trial.tokens_per_second:,.0f} tokens a second in a trial of {self.trial.steps} steps"
        return f"about {span_of(self.seconds)}: {work}, {rate}"

    @property
    def disk_sentence(self) -> str:
        """What is written, by its kinds."""
        disk = self.disk
        folders = "1 model folder" if disk.folders == 1 else f"{disk.folders} model folders"
        parts = [f"{folders} {size_of(disk.checkpoints)}", f"state {size_of(disk.state)}"]
        parts += [f"Model {size_of(disk.model)}, GGUF {size_of(disk.gguf)}"] if disk.gguf else []
        return f"{size_of(disk.total)} of {size_of(disk.free)} free ({', '.join(parts)})"

    def rows(self) -> list[tuple[str, str, str, str]]:
        """The table's rows: what, how much it takes, how much there is, in words."""
        time = "not tried" if self.seconds is None else span_of(self.seconds)
        memory, disk = size_of(self._memory), size_of(self.disk.total)
        return [
            ("memory", memory, size_of(self.room.free), self.memory_sentence),
            ("time", time, "", self.time_sentence),
            ("disk", disk, size_of(self.disk.free), self.disk_sentence),
        ]

    @property
    def remarks(self) -> list[str]:
        """How it will be computed and why; what to do where it does not fit."""
        precision, attention = choose_precision(self.options, self.device), choose_attention(self.options, self.device)
        chosen = [self.device.reason, precision.reason, attention.reason]
        if self.fits:
            return [*chosen, "It fits."]
        does_not = "memory" if not self.fits_memory else "disk"
        return [*chosen, f"It does not fit: {does_not}.", *([] if self.fits_memory else self.remedies.lines())]

    def __str__(self) -> str:
        figures = [f"{what:<7} {sentence}" for what, _, _, sentence in self.rows()]
        return "\n".join([*figures, *self.remarks])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return table("Before it starts", _HEADS, self.rows()) + "".join(map(paragraph, self.remarks))

    @property
    def _memory(self) -> int:
        return self.memory.total * (self.options.processes if self.device.kind == "cpu" else 1)


def estimate(
    spec: PhaseSpec, samples: Sequence[Sample], exports: Sequence[str] = (), *, tried: bool = True
) -> Estimate:
    """For a phase over these samples; `exports` are the kinds of GGUF that are made behind it.

    Writes nothing. With `tried` the base is loaded for a trial where it fits. What cannot be trained at all raises as
    it would in the training; what does not fit is said by the estimate, and raised by its `check`.
    """
    device = choose_device(spec.options.device)
    check_options(spec.options, device)
    load = load_of(samples, spec.batch_size, spec.options.processes)
    options = settle(spec.base, spec.options, load)
    memory, room = memory_of(spec.base, options, load, device), room_of(device)
    curriculum = Epochs(samples, spec.batch_size, spec.epochs, options.seed)
    shared = options.processes if device.kind == "cpu" else 1
    why_not = "it is not tried out"
    if memory.total * shared > room.usable:
        why_not = "not tried out, because it does not fit"
    elif tried:
        why_not = _too_large_alone(spec.base, options, load, device)
    trial = None if why_not else try_out(spec.base, options.model_copy(update={"processes": 1}), curriculum)
    return Estimate(
        device=device,
        options=options,
        base=spec.base,
        memory=memory,
        room=room,
        disk=_disk(spec, form_of(spec.base, options, choose_precision(options, device), device.kind), samples, exports),
        steps=curriculum.steps,
        tokens=sum(map(len, samples)) * spec.epochs,
        trial=trial,
        untried=why_not,
        remedies=find_remedies(spec.base, options, load, device, room.usable // shared),
    )


def load_of(samples: Sequence[Sample], batch_size: int, processes: int = 1) -> Load:
    """The longest sample, and what the largest effective batch may hold, for one of the processes."""
    lengths = sorted(map(len, samples), reverse=True)
    return Load(longest=lengths[0], batch=-(-sum(lengths[:batch_size]) // processes))


def span_of(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`, `4 days`."""
    for unit, length, digits in (("days", 86400.0, 0), ("h", 3600.0, 1), ("min", 60.0, 0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.{digits}f} {unit}"
    return f"{seconds:.0f} s"


def _too_large_alone(base: Path, options: TrainingOptions, load: Load, device: Device) -> str:
    """Several GPUs may hold together what one of them cannot try."""
    alone = options.model_copy(update={"processes": 1})
    if options.processes == 1 or memory_of(base, alone, load, device).total <= room_of(device).usable:
        return ""
    return "not tried out, because one process alone could not hold it"


def _disk(spec: PhaseSpec, form: Form, samples: Sequence[Sample], exports: Sequence[str]) -> Disk:
    folders = _folders(spec, len(samples))
    model = form.parameters * form.saved_size
    state = form.weights + 2 * form.learned * form.learned_size
    return Disk(
        folders=folders,
        # The next one is written before an old one goes.
        checkpoints=(folders + (spec.options.keep_checkpoints in ("last", "best"))) * model,
        state=2 * state,
        model=model if exports else 0,
        gguf=int(sum(form.parameters * _BITS.get(kind, 8.5) / 8 for kind in exports)),
        free=shutil.disk_usage(_there(spec.folder)).free,
    )


def _folders(spec: PhaseSpec, rows: int) -> int:
    """Model folders that are there together."""
    every = spec.options.save_every_samples
    made = spec.epochs + (rows * spec.epochs // every if every else 0)
    return min(made, {"last": 1, "best": 2}.get(spec.options.keep_checkpoints, made))


def _there(folder: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
