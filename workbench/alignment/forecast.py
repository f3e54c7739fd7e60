"""What an alignment will read and take, phase by phase, before it starts."""

from dataclasses import dataclass
from typing import Any

from workbench.alignment.align import planned, specs
from workbench.alignment.options import AlignmentOptions
from workbench.engines.catalogue import resolve_folder
from workbench.training.estimate import Estimate, estimate, span_of
from workbench.training.left_out import DataReport
from workbench.training.phase_spec import PhaseSpec
from workbench.training.rows import data_report, load_tokenizer, read_rows, vocabulary_of
from workbench.training.validation import set_aside
from workbench.workspace import Workspace


@dataclass(frozen=True)
class Forecast:
    """The estimates of the phases by their names; each counts the disk as if it were alone."""

    phases: dict[str, Estimate]

    @property
    def fits(self) -> bool:
        """Whether every phase does."""
        return all(each.fits for each in self.phases.values())

    @property
    def seconds(self) -> float | None:
        """Of all phases' steps; None where one was not tried out."""
        known = [each.seconds for each in self.phases.values() if each.seconds is not None]
        return sum(known) if len(known) == len(self.phases) else None

    def check(self) -> None:
        """TrainingError or StorageError for the first phase that cannot fit, with the options that make it fit."""
        for each in self.phases.values():
            each.check()

    def record(self) -> dict[str, Any]:
        """As JSON holds it: bytes and seconds."""
        return {"fits": self.fits, "seconds": self.seconds, "phases": {n: _record(e) for n, e in self.phases.items()}}

    def __str__(self) -> str:
        return "\n\n".join([*(f"{name}\n{each}" for name, each in self.phases.items()), *self._sum()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = (f"<h4>{name}</h4>{each._repr_html_()}" for name, each in self.phases.items())
        return "".join([*parts, *(f"<p>{sentence}</p>" for sentence in self._sum())])

    def _sum(self) -> list[str]:
        if len(self.phases) < 2 or self.seconds is None:
            return []
        return [f"The phases together take about {span_of(self.seconds)}."]


def forecast(options: AlignmentOptions, workspace: Workspace) -> Forecast:
    """By arithmetic and by a trial of three steps, which are thrown away; nothing is written.

    Errors in options, base or rows are raised as the training itself would.
    """
    exports = ("F16", options.quantization)
    named = {spec.folder.name.replace("_", " ").capitalize(): spec for spec in specs(options, workspace)}
    return Forecast({name: _estimate(spec, exports) for name, spec in named.items()})


def read_data(options: AlignmentOptions, workspace: Workspace) -> DataReport:
    """The training files of all phases in numbers, read with the tokenizer of the base."""
    files = [file for phase in planned(options, workspace).phases for file in phase.files]
    return data_report(files, resolve_folder(options.base_model, workspace.models), options)


def _estimate(spec: PhaseSpec, exports: tuple[str, ...]) -> Estimate:
    rows = read_rows(spec.files, load_tokenizer(spec.base), spec.options, vocabulary_of(spec.base))
    learned, _ = set_aside(rows.samples, spec.options.validation_share, spec.options.seed)
    return estimate(spec, learned, exports)


def _record(each: Estimate) -> dict[str, Any]:
    figures = {"seconds": each.seconds, "steps": each.steps, "tokens": each.tokens, "device": each.device.kind}
    memory = {"memory": each.memory.total, "memory_parts": each.memory.parts(), "memory_free": each.room.free}
    disk = {"disk": each.disk.total, "disk_free": each.disk.free}
    chosen = {name: getattr(each.options, name) for name in ("micro_batch_tokens", "activation_checkpointing")}
    return {"fits": each.fits, **figures, **memory, **disk, **chosen}
