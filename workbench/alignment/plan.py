"""The phases of an alignment, as a table before it runs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workbench.alignment.figures import Suited, suited
from workbench.alignment.options import AlignmentOptions
from workbench.errors import OptionsError
from workbench.taxonomy.markup import paragraph, table
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseSpec
from workbench.training.sources import placed_rows

HEADS = ("phase", "learns", "from", "rows", "epochs", "rows a step", "peak rate", "optimizer", "checkpoint by")


@dataclass(frozen=True)
class Rule:
    """How the checkpoint of a phase is chosen: the `last`, by `validation_loss`, or by a benchmark; and why so."""

    by: str = "last"
    reason: str = ""


@dataclass(frozen=True)
class Source:
    """What a phase would learn, and the files that say it."""

    number: int
    learns: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class PhasePlan:
    """One phase: its training files, their rows, and its figures."""

    number: int
    learns: str
    files: tuple[Path, ...]
    rows: int
    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: str
    rule: Rule = Rule()

    @property
    def file(self) -> Path:
        """The first of them, which is the only one where a data run is trained on."""
        return self.files[0]

    def spec(self, base: Path, artifacts: Path, options: AlignmentOptions) -> PhaseSpec:
        """What the phase is told: it leaves its checkpoints in `phase_<n>/` of the artefacts."""
        shared = {name: getattr(options, name) for name in TrainingOptions.model_fields}
        return PhaseSpec(
            base=base,
            file=self.files[0],
            more_files=self.files[1:],
            folder=artifacts / f"phase_{self.number}",
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            options=TrainingOptions(**shared | {"optimizer": self.optimizer}),
        )

    def record(self) -> dict[str, Any]:
        """The figures that it runs with, whoever gave them."""
        figures = {"batch_size": self.batch_size, "learning_rate": self.learning_rate, "optimizer": self.optimizer}
        return {"phase": self.number, "learns": self.learns, **figures}

    def cells(self) -> tuple[str, ...]:
        """The phase as a table's row."""
        names = ", ".join(file.name for file in self.files)
        figures = (f"{self.rows:,}", self.epochs, f"{self.batch_size:,}", f"{self.learning_rate:g}", self.optimizer)
        return (str(self.number), self.learns, names, *map(str, figures), self.rule.by)


@dataclass(frozen=True, repr=False)
class Plan:
    """The phases that will run, in order; `left_out` says of the others why they do not, `remarks` whence the figures
    are that nobody gave."""

    phases: tuple[PhasePlan, ...]
    left_out: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is said below the table."""
        rules = [phase for phase in self.phases if phase.rule.reason]
        chosen = (f"Phase {phase.number}: {_by(phase.rule)}, because {phase.rule.reason}." for phase in rules)
        return (*self.left_out, *self.remarks, *chosen)

    def phase(self, number: int) -> PhasePlan:
        """OptionsError where it is left out."""
        if found := next((phase for phase in self.phases if phase.number == number), None):
            return found
        raise OptionsError(" ".join(self.left_out) or f"there is no phase {number}", hint="name another phase, or none")

    def record(self) -> dict[str, Any]:
        """As JSON holds it."""
        phases = [asdict(phase) | {"files": [str(file) for file in phase.files]} for phase in self.phases]
        return {"phases": phases, "left_out": [*self.left_out], "remarks": [*self.remarks]}

    def __str__(self) -> str:
        rows = [HEADS, *(phase.cells() for phase in self.phases)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([*(line.rstrip() for line in lines), *self.sentences])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        shown = table("Plan of the alignment", HEADS, [phase.cells() for phase in self.phases])
        return shown + "".join(map(paragraph, self.sentences))


def data_sources(data: Path) -> tuple[Source, ...]:
    """Those of a data run's folder."""
    return (
        Source(1, "knowledge", (data / "knowledge_train_msgs.jsonl",)),
        Source(2, "skills, with a replay of knowledge", (data / "skills_train_msgs.jsonl",)),
    )


def file_sources(files: tuple[Path, ...]) -> tuple[Source, ...]:
    """That of training files that no data run made: one phase, with the figures of phase 1."""
    return (Source(1, f"what {' and '.join(file.name for file in files)} says", files),)


def make_plan(options: AlignmentOptions, sources: Sequence[Source], base: Path) -> Plan:
    """Without phases that have no epochs or no rows, or that the strategy leaves out; OptionsError where none is left.

    NotFoundError or RecordError for a training file that is none.
    """
    figures = suited(base, adapters=options.lora_rank > 0)
    wanted = [_phase(options, source, figures) for source in sources]
    reasons = {phase.number: reason for phase in wanted if (reason := _why_not(options, phase))}
    left_out = tuple(f"Phase {number} is left out: {reason}." for number, reason in reasons.items())
    if len(reasons) == len(wanted):
        raise OptionsError(
            f"there is nothing to train: {' '.join(left_out)}", hint="raise the epochs, or name other data"
        )
    phases = tuple(phase for phase in wanted if phase.number not in reasons)
    return Plan(phases, left_out, tuple(_remarks(options, phases, figures)))


def with_rules(plan: Plan, rules: Sequence[Rule]) -> Plan:
    """The plan whose phases choose their checkpoints in these ways."""
    phases = zip(plan.phases, rules, strict=True)
    return replace(plan, phases=tuple(replace(phase, rule=rule) for phase, rule in phases))


def _phase(options: AlignmentOptions, source: Source, figures: Suited) -> PhasePlan:
    suits = figures.phases[source.number - 1]
    wished = {name: getattr(options, f"phase_{source.number}_{name}") for name in _FIGURES}
    epochs = _or(wished["epochs"], suits.epochs)
    unread = not epochs or _is_skipped(options, source.number)
    rows = 0 if unread else sum(1 for file in source.files for _ in placed_rows(file))
    return PhasePlan(
        number=source.number,
        learns=source.learns,
        files=source.files,
        rows=rows,
        epochs=epochs,
        batch_size=_or(wished["effective_batch_size"], suits.batch_for(rows)),
        learning_rate=_or(wished["learning_rate"], suits.learning_rate),
        optimizer=figures.optimizer if options.optimizer == "auto" else options.optimizer,
    )


_FIGURES = ("epochs", "learning_rate", "effective_batch_size")


def _or(wished: Any, suits: Any) -> Any:
    return suits if wished is None else wished


def _why_not(options: AlignmentOptions, phase: PhasePlan) -> str:
    if _is_skipped(options, phase.number):
        return "the strategy is lab-skills-only"
    if not phase.epochs:
        return "it has no epochs"
    return "" if phase.rows else f"{phase.file.name} holds no rows"


def _is_skipped(options: AlignmentOptions, number: int) -> bool:
    return options.strategy == "lab-skills-only" and number == 1 and not options.training_file


def _remarks(options: AlignmentOptions, phases: Sequence[PhasePlan], figures: Suited) -> list[str]:
    """Whence the figures are; nothing where all were given."""
    names = [f"phase_{phase.number}_{name}" for phase in phases for name in _FIGURES]
    if options.optimizer != "auto" and not any(getattr(options, name) is None for name in names):
        return []
    said = [f"Figures that were not given suit the base: {figures.reason}."]
    for phase in phases:
        usual = figures.phases[phase.number - 1].batch_size
        if getattr(options, f"phase_{phase.number}_effective_batch_size") is None and phase.batch_size < usual:
            steps = -(-phase.rows // phase.batch_size)
            said.append(
                f"Phase {phase.number} takes {phase.batch_size:,} rows a step, not {usual:,}, so that an epoch has "
                f"{steps} steps."
            )
    return said


def _by(rule: Rule) -> str:
    return "the last checkpoint" if rule.by == "last" else f"a checkpoint by {rule.by}"
