"""The step: a data run or training files and a base in, `trained_models/<run>/` out."""

import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.alignment.options import AlignmentOptions
from workbench.alignment.plan import PhasePlan, Plan, make_file_plan, make_plan
from workbench.engines.catalogue import find_entry, resolve_folder
from workbench.errors import OptionsError
from workbench.events import Event
from workbench.export import export_gguf, quantize
from workbench.records import digest_file, digest_folder
from workbench.runs import Attempt, Run, Stop
from workbench.training.keeping import check_keeping, clear_away, save_folder
from workbench.training.launch import run_phase
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseRecord, PhaseSpec
from workbench.training.tensorboard import TensorBoard
from workbench.workspace import Workspace

_SAID_EVERY = 10


def planned(options: AlignmentOptions, workspace: Workspace) -> Plan:
    """What would run; NotFoundError where there are no finished data, OptionsError where they do not suit."""
    check_keeping(options)
    if options.training_file:
        return make_file_plan(options, tuple(workspace.resolve(name) for name in options.training_file))
    data = workspace.get("synthetic_data", options.data)
    teacher, student = find_entry(str(data.manifest["model"])), find_entry(options.base_model)
    if teacher and student and not teacher.suits(student.name):
        raise OptionsError(
            f"{student.name} cannot learn from what {teacher.name} wrote: they were not made for each other",
            hint=f"students of {teacher.name}: {', '.join(teacher.students)}; or generate with another teacher",
        )
    return make_plan(options, data.folder)


def inputs(options: AlignmentOptions, workspace: Workspace) -> dict[str, str]:
    """Digests of the training files and of the base."""
    digests: dict[str, str] = {}
    for phase in planned(options, workspace).phases:
        names = [f"phase_{phase.number}", *(f"phase_{phase.number}_file_{n}" for n in range(2, len(phase.files) + 1))]
        digests |= {name: digest_file(file) for name, file in zip(names, phase.files, strict=True)}
    return digests | {"base_model": digest_folder(resolve_folder(options.base_model, workspace.models))}


def specs(options: AlignmentOptions, workspace: Workspace) -> list[PhaseSpec]:
    """The phases as they would be told what to do, each on the base itself: for reports and estimates before a run."""
    base = resolve_folder(options.base_model, workspace.models)
    nowhere = workspace.folder("trained_models")
    return [phase.spec(base, nowhere, training_options(options)) for phase in planned(options, workspace).phases]


def training_options(options: AlignmentOptions) -> TrainingOptions:
    """The part that every training shares."""
    return TrainingOptions(**{name: getattr(options, name) for name in TrainingOptions.model_fields})


def align(options: AlignmentOptions, run: Run, attempt: Attempt, stop: Stop) -> dict[str, Any]:
    """Train the phases, save `Model/` and `GGUF/`; goes on after the last checkpoint."""
    workspace = Workspace(run.folder.parent.parent)
    plan = planned(options, workspace)
    base = resolve_folder(options.base_model, workspace.models)
    training = _Training(options, run, attempt, stop)
    folder, phases = base, list[dict[str, Any]]()
    for phase in plan.phases:
        record = training.run(phase, folder)
        folder = run.artifacts / f"phase_{phase.number}" / record.model
        phases.append({"phase": phase.number, "learns": phase.learns, **record.record()})
    stop.check()
    attempt.say("Saving the model and its GGUF.")
    save_folder(run.folder / "Model", lambda part: _copy(folder, part))
    return {
        "base_model": workspace.relative(base),
        "data": _data(options, workspace),
        "model": "Model",
        "gguf": _export(run.folder, options.quantization, stop),
        "phases": phases,
    }


class _Training:
    """The phases of a run, each with its folder `Artifacts/phase_<n>/`."""

    def __init__(self, options: AlignmentOptions, run: Run, attempt: Attempt, stop: Stop) -> None:
        self.options = options
        self.artifacts = run.artifacts
        self.attempt = attempt
        self.stop = stop

    def run(self, plan: PhasePlan, base: Path) -> PhaseRecord:
        """Bring a phase to its end, by training or from what it left."""
        spec = plan.spec(base, self.artifacts, training_options(self.options))
        reporter = _Reporter(plan, self.attempt)
        if not self.options.tensorboard:
            return run_phase(spec, reporter.report, self.stop)
        with closing(TensorBoard(self.artifacts / "tensorboard" / spec.folder.name)) as board:
            reporter.board = board
            return run_phase(spec, reporter.report, self.stop)


@dataclass
class _Reporter:
    """What becomes of a phase's events: the run's log, a sentence now and then, TensorBoard where it is asked for."""

    plan: PhasePlan
    attempt: Attempt
    board: TensorBoard | None = None

    def report(self, event: Event) -> None:
        """Steps are told with a sentence of their own, which whoever watches is shown."""
        sentence = {"sentence": self._sentence(event)} if "loss" in event else {}
        learns = {} if "step" in event else {"learns": self.plan.learns}
        self.attempt.events.emit(f"phase_{self.plan.number}", **event, **sentence, **learns)
        if self.board:
            self.board.add(event)
        if sentence and (event["step"] % _SAID_EVERY == 0 or event["step"] == event["steps"]):
            self.attempt.say(sentence["sentence"])

    def _sentence(self, event: Event) -> str:
        share = round(100 * event["step"] / event["steps"])
        return (
            f"Phase {self.plan.number} ({self.plan.learns}): {share}% step {event['step']}/{event['steps']}, "
            f"loss {event['loss']:.3f}, {event['tokens_per_second']:,.0f} tokens a second, "
            f"{_time(event['seconds_left'])} left"
        )


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _data(options: AlignmentOptions, workspace: Workspace) -> dict[str, Any]:
    if options.training_file:
        return {"files": [workspace.relative(workspace.resolve(name)) for name in options.training_file]}
    data = workspace.get("synthetic_data", options.data)
    return {"id": data.id, "name": data.name}


def _copy(source: Path, target: Path) -> None:
    for file in source.iterdir():
        if file.is_file():
            shutil.copyfile(file, target / file.name)


def _export(folder: Path, quantization: str, stop: Stop) -> dict[str, str]:
    target = folder / "GGUF"
    target.mkdir(exist_ok=True)
    clear_away(target)
    stop.check()
    whole = export_gguf(folder / "Model", target / "model-F16.gguf", "F16")
    stop.check()
    small = quantize(whole, target / f"model-{quantization}.gguf", quantization)
    return {"F16": f"GGUF/{whole.name}", quantization: f"GGUF/{small.name}"}
