"""Chooses the checkpoint of a phase, and asks the candidates where a benchmark decides."""

from collections.abc import Mapping
from pathlib import Path

from workbench.alignment.choice import Choice, Values, best_of, last_of, lowest_of
from workbench.alignment.exam import Exam, seated
from workbench.alignment.plan import PhasePlan
from workbench.evaluation.examination import Examination
from workbench.evaluation.findings import Findings, results_of
from workbench.evaluation.plan import Plan
from workbench.evaluation.progress import Progress
from workbench.evaluation.scores import value_of
from workbench.runs import Run
from workbench.training.phase_spec import PhaseRecord


class Chooser:
    """What candidates answer is journaled in `choice/` of the phase's folder, and their results lie in the run's
    `Eval/phase_<n>/<checkpoint>/`, as an evaluation of that checkpoint leaves them."""

    def __init__(self, exam: Exam, run: Run, progress: Progress) -> None:
        self._exam = exam
        self._run = run
        self._progress = progress

    def choose(self, phase: PhasePlan, record: PhaseRecord) -> Choice:
        """What was chosen before, or is chosen now among those that are there; candidates are the ends of epochs."""
        folder = self._run.artifacts / f"phase_{phase.number}"
        if found := Choice.read(folder):
            return found
        losses = {one["name"]: one["validation_loss"] for one in record.checkpoints if one["there"]}
        if phase.rule.by == "last":
            choice = last_of(phase.rule, [*losses])
        elif phase.rule.by == "validation_loss":
            choice = lowest_of(phase.rule, losses)
        else:
            choice = self._ask(phase, folder, [name for name in losses if name.startswith("epoch_")])
        choice.write(folder)
        self._progress.say(f"Phase {phase.number}: {choice.chosen} goes on: {choice.because}.")
        return choice

    def _ask(self, phase: PhasePlan, folder: Path, names: list[str]) -> Choice:
        place = f"phase_{phase.number}"
        self._progress.say(f"Choosing the checkpoint of phase {phase.number} among {len(names)} by {phase.rule.by}.")
        plan, options = self._exam.plan([phase.rule.by]), self._exam.asking()
        seats = {name: seated(plan, folder / name, f"{self._run.folder.name}/{place}/{name}") for name in names}
        sittings = {
            name: Examination(seat, options, folder / "choice" / name, self._progress) for name, seat in seats.items()
        }
        for name, sitting in sittings.items():
            sitting.ask(seats[name].models.trained)
        for sitting in sittings.values():
            sitting.judge()
        scores = {}
        for name, sitting in sittings.items():
            results = results_of(seats[name], sitting)
            Findings(seats[name], results).shelve(self._run.folder / "Eval" / place / name)
            scores[name] = results[phase.rule.by]["trained"]
        return best_of(phase.rule, {name: _values(plan, sitting) for name, sitting in sittings.items()}, scores)


def _values(plan: Plan, sitting: Examination) -> Values:
    """What each question that could be scored counted."""
    rows = (row for asked in plan.benchmarks for row in sitting.rows(asked, "trained"))
    found: Mapping[tuple[str, str], float | None] = {(row["leaf"], row["id"]): value_of(row) for row in rows}
    return {key: value for key, value in found.items() if value is not None}
