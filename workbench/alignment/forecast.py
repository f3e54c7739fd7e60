"""What an alignment will read and take, phase by phase, before it starts."""

from dataclasses import dataclass
from typing import Any

from workbench.alignment.options import AlignmentOptions
from workbench.alignment.plan import HEADS, Plan
from workbench.alignment.setting import Setting
from workbench.errors import StorageError
from workbench.taxonomy.markup import paragraph, table
from workbench.training.estimate import Estimate, estimate, span_of
from workbench.training.left_out import DataReport
from workbench.training.memory import size_of
from workbench.training.phase_spec import PhaseSpec
from workbench.training.rows import data_report, load_tokenizer, read_rows, vocabulary_of
from workbench.training.validation import set_aside
from workbench.workspace import Workspace


@dataclass(frozen=True)
class Forecast:
    """The estimates of a plan's phases by their names; each counts the disk as if it were alone."""

    plan: Plan
    phases: dict[str, Estimate]

    @property
    def fits(self) -> bool:
        """Whether every phase does, and all of them together on the disk."""
        return self.fits_disk and all(each.fits for each in self.phases.values())

    @property
    def fits_disk(self) -> bool:
        return self.disk <= min(each.disk.free for each in self.phases.values())

    @property
    def disk(self) -> int:
        """Bytes that all phases write, checkpoints of earlier ones included that the later ones no longer need."""
        *_, last = self.phases.values()
        return sum(each.disk.checkpoints + each.disk.state for each in self.phases.values()) + (
            last.disk.model + last.disk.gguf
        )

    @property
    def seconds(self) -> float | None:
        """Of all phases' steps; None where one was not tried out."""
        known = [each.seconds for each in self.phases.values() if each.seconds is not None]
        return sum(known) if len(known) == len(self.phases) else None

    def check(self) -> None:
        """TrainingError or StorageError for the first phase that cannot fit, with the options that make it fit."""
        for each in self.phases.values():
            each.check()
        if not self.fits_disk:
            raise StorageError(
                f"this alignment does not fit on the disk: {self._disk_sentence}",
                hint="give keep_checkpoints chosen or last, or make room",
            )

    def record(self) -> dict[str, Any]:
        """As JSON holds it: bytes and seconds."""
        whole = {"fits": self.fits, "seconds": self.seconds, "disk": self.disk}
        return whole | {"phases": {name: _record(each) for name, each in self.phases.items()}}

    def __str__(self) -> str:
        return "\n\n".join([*(f"{name}\n{each}" for name, each in self.phases.items()), *self._sum()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        heads = (*HEADS, "time")
        spans = [span_of(each.seconds) if each.seconds is not None else each.untried for each in self.phases.values()]
        rows = [(*phase.cells(), span) for phase, span in zip(self.plan.phases, spans, strict=True)]
        parts = (f"<h4>{name}</h4>{each._repr_html_()}" for name, each in self.phases.items())
        return "".join([table("Plan and time", heads, rows), *parts, *map(paragraph, self._sum())])

    def _sum(self) -> list[str]:
        if len(self.phases) < 2:
            return []
        spans = [f"The phases together take about {span_of(self.seconds)}."] if self.seconds is not None else []
        return [*spans, f"On the disk they take {self._disk_sentence}."]

    @property
    def _disk_sentence(self) -> str:
        free = min(each.disk.free for each in self.phases.values())
        return f"{size_of(self.disk)} together, of {size_of(free)} that are free"


def forecast(options: AlignmentOptions, workspace: Workspace, *, tried: bool = True) -> Forecast:
    """By arithmetic, and where it is to be `tried` by three steps, which are thrown away; nothing is written.

    Errors in options, base or rows are raised as the training itself would.
    """
    setting, exports = Setting(options, workspace), ("F16", options.quantization)
    named = {spec.folder.name.replace("_", " ").capitalize(): spec for spec in setting.specs}
    return Forecast(setting.plan, {name: _estimate(spec, exports, tried) for name, spec in named.items()})


def read_data(options: AlignmentOptions, workspace: Workspace) -> DataReport:
    """The training files of all phases in numbers, read with the tokenizer of the base."""
    setting = Setting(options, workspace)
    files = [file for phase in setting.plan.phases for file in phase.files]
    return data_report(files, setting.base, options)


def _estimate(spec: PhaseSpec, exports: tuple[str, ...], tried: bool) -> Estimate:
    rows = read_rows(spec.files, load_tokenizer(spec.base), spec.options, vocabulary_of(spec.base))
    learned, _ = set_aside(rows.samples, spec.options.validation_share, spec.options.seed)
    return estimate(spec, learned, exports, tried=tried)


def _record(each: Estimate) -> dict[str, Any]:
    figures = {"seconds": each.seconds, "steps": each.steps, "tokens": each.tokens, "device": each.device.kind}
    memory = {"memory": each.memory.total, "memory_parts": each.memory.parts(), "memory_free": each.room.free}
    disk = {"disk": each.disk.total, "disk_free": each.disk.free}
    chosen = {name: getattr(each.options, name) for name in ("micro_batch_tokens", "activation_checkpointing")}
    return {"fits": each.fits, **figures, **memory, **disk, **chosen}
