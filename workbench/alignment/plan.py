"""The phases of an alignment, as a table before it runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.alignment.options import AlignmentOptions
from workbench.errors import OptionsError
from workbench.taxonomy.markup import paragraph, table
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseSpec
from workbench.training.sources import check_file

_HEADS = ("phase", "learns", "epochs", "rows a step", "peak rate", "optimizer")


@dataclass(frozen=True)
class PhasePlan:
    """One phase: its training files and figures."""

    number: int
    learns: str
    files: tuple[Path, ...]
    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: str

    @property
    def file(self) -> Path:
        """The first of them, which is the only one where a data run is trained on."""
        return self.files[0]

    def spec(self, base: Path, artifacts: Path, options: TrainingOptions) -> PhaseSpec:
        """What the phase is told: it leaves its checkpoints in `phase_<n>/` of the artefacts."""
        return PhaseSpec(
            base=base,
            file=self.files[0],
            more_files=self.files[1:],
            folder=artifacts / f"phase_{self.number}",
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            options=options,
        )

    def cells(self) -> tuple[str, ...]:
        """The phase as a table's row."""
        figures = (self.epochs, self.batch_size, f"{self.learning_rate:g}", self.optimizer)
        return (str(self.number), self.learns, *map(str, figures))


@dataclass(frozen=True)
class Plan:
    """The phases that will run, in order; `left_out` says of the others why they do not."""

    phases: tuple[PhasePlan, ...]
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = [_HEADS, *(phase.cells() for phase in self.phases)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([*(line.rstrip() for line in lines), *self.left_out])

    def _repr_html_(self) -> str:
        shown = table("Plan of the alignment", _HEADS, [phase.cells() for phase in self.phases])
        return shown + "".join(map(paragraph, self.left_out))


def make_plan(options: AlignmentOptions, data: Path) -> Plan:
    """The plan for a data run's folder, without phases of no epochs or no rows; OptionsError where none is left."""
    first = _first(options, "knowledge", (data / "knowledge_train_msgs.jsonl",))
    return _without_empty((first, _second(options, data / "skills_train_msgs.jsonl")))


def make_file_plan(options: AlignmentOptions, files: tuple[Path, ...]) -> Plan:
    """The plan for training files that no data run made: one phase, with the figures of phase 1."""
    return _without_empty((_first(options, f"what {' and '.join(file.name for file in files)} says", files),))


def _without_empty(wanted: Sequence[PhasePlan]) -> Plan:
    reasons = {phase.number: reason for phase in wanted if (reason := _why_not(phase))}
    left_out = tuple(f"Phase {number} is left out: {reason}." for number, reason in reasons.items())
    if len(reasons) == len(wanted):
        raise OptionsError(
            f"there is nothing to train: {' '.join(left_out)}", hint="raise the epochs, or name other data"
        )
    return Plan(tuple(phase for phase in wanted if phase.number not in reasons), left_out)


def _first(options: AlignmentOptions, learns: str, files: tuple[Path, ...]) -> PhasePlan:
    return PhasePlan(
        number=1,
        learns=learns,
        files=files,
        epochs=options.phase_1_epochs,
        batch_size=options.phase_1_effective_batch_size,
        learning_rate=options.phase_1_learning_rate,
        optimizer=options.optimizer,
    )


def _second(options: AlignmentOptions, file: Path) -> PhasePlan:
    return PhasePlan(
        number=2,
        learns="skills, with a replay of knowledge",
        files=(file,),
        epochs=options.phase_2_epochs,
        batch_size=options.phase_2_effective_batch_size,
        learning_rate=options.phase_2_learning_rate,
        optimizer=options.optimizer,
    )


def _why_not(phase: PhasePlan) -> str:
    if not phase.epochs:
        return "it has no epochs"
    for file in phase.files:
        check_file(file)
    if any(file.stat().st_size for file in phase.files):
        return ""
    return f"{phase.file.name} holds no rows"
