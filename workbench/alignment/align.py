"""The step: a data run or training files and a base in, `trained_models/<run>/` out."""

import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.alignment.chooser import Chooser
from workbench.alignment.exam import seated
from workbench.alignment.forecast import forecast
from workbench.alignment.options import AlignmentOptions
from workbench.alignment.plan import PhasePlan, Plan
from workbench.alignment.reporter import Reporter
from workbench.alignment.setting import Setting
from workbench.evaluation.examination import Examination
from workbench.evaluation.findings import Findings, results_of, tokens_of
from workbench.evaluation.inquiry import Examinee, learning_record
from workbench.evaluation.progress import Progress
from workbench.export import export_gguf, quantize
from workbench.runs import Attempt, Run, Stop
from workbench.training.keeping import clear_away, save_folder, settle_on
from workbench.training.launch import run_phase
from workbench.training.phase_spec import PhaseRecord, PhaseSpec
from workbench.training.tensorboard import TensorBoard
from workbench.workspace import Workspace

Record = dict[str, Any]


def planned(options: AlignmentOptions, workspace: Workspace) -> Plan:
    """What would run; NotFoundError where there are no finished data, OptionsError where they do not suit."""
    return Setting(options, workspace).plan


def inputs(options: AlignmentOptions, workspace: Workspace) -> dict[str, str]:
    """Digests of all that decides the weights; raises for whatever will be missed later, a judge for one."""
    setting = Setting(options, workspace)
    _ = setting.asked
    return setting.inputs()


def align(options: AlignmentOptions, run: Run, attempt: Attempt, stop: Stop) -> Record:
    """Train the phases, choose their checkpoints, save `Model/` and `GGUF/`, and evaluate where that is wished.

    Goes on where an earlier attempt was: nothing that is finished is done again.
    """
    alignment = _Alignment(options, run, attempt, stop)
    phases = alignment.phases()
    made = alignment.save(phases)
    return made | ({"evaluation": alignment.evaluate(made)} if options.evaluate else {})


def train_first(options: AlignmentOptions, run: Run, attempt: Attempt, stop: Stop) -> Record:
    """Phase 1 alone, with the choice of its checkpoint; OptionsError where the plan leaves it out."""
    return _Alignment(options, run, attempt, stop).phases(until=1)[-1]


def train_second(options: AlignmentOptions, run: Run, attempt: Attempt, stop: Stop) -> Record:
    """Phase 2 behind phase 1, which is trained first where it was not."""
    return _Alignment(options, run, attempt, stop).phases(until=2)[-1]


class _Alignment:
    """The stages of a run, each of which goes on where it was."""

    def __init__(self, options: AlignmentOptions, run: Run, attempt: Attempt, stop: Stop) -> None:
        self.options = options
        self.run = run
        self.attempt = attempt
        self.stop = stop
        self.setting = Setting(options, Workspace(run.folder.parents[1]))
        self.progress = Progress(attempt, stop)

    def phases(self, until: int = 0) -> list[Record]:
        """What came of each phase, up to the one of that number or to the last."""
        plans = list(self.setting.plan.phases)
        if until:
            plans = plans[: plans.index(self.setting.plan.phase(until)) + 1]
        self._look_ahead()
        chooser = Chooser(self.setting.exam, self.run, self.progress)
        base, records = self.setting.base, list[Record]()
        for plan in plans:
            spec = plan.spec(base, self.run.artifacts, self.options)
            record = self._train(plan, spec)
            self.stop.check()
            choice = chooser.choose(plan, record)
            record = settle_on(spec.folder, record, choice.chosen, self.options.keep_checkpoints)
            base = spec.folder / record.model
            records.append({**plan.record(), **record.record(), "choice": choice.record()})
            self.stop.check()
        return records

    def save(self, phases: Sequence[Record]) -> Record:
        """What the manifest says, once `Model/` and `GGUF/` are there."""
        last = phases[-1]
        folder = self._folder(last) / str(last["model"])
        self.attempt.say("Saving the model and its GGUF.")
        if not (model := self.run.folder / "Model").is_dir():
            save_folder(model, lambda part: _copy(folder, part))
        return {
            "base_model": self.setting.workspace.relative(self.setting.base),
            "data": self.setting.data_record(),
            "model": model.name,
            "gguf": _export(self.run.folder, self.options.quantization, self.stop),
            "phases": [*phases],
        }

    def evaluate(self, made: Record) -> Record:
        """Base and trained model compared; the results lie in `Eval/` and what was said in `Artifacts/evaluation/`."""
        exam, folder = self.setting.exam, self.run.artifacts / "evaluation"
        plan = seated(exam.final, self.run.folder / made["model"], self.run.folder.name, self.setting.base)
        exam.begin(folder)
        self._take_over(made["phases"][-1], folder)
        sitting = Examination(plan, exam.asking(), folder, self.progress)
        for subject in plan.models.subjects:
            sitting.ask(subject)
        sitting.judge()
        results, tokens = results_of(plan, sitting), tokens_of(made, self.setting.workspace)
        examinee = Examinee(replace(plan.models, run=self.run), self.setting.workspace, made)
        learning = learning_record(examinee, folder, results)
        findings = Findings(plan, results, tokens, learning)
        findings.shelve(self.run.folder / "Eval")
        return findings.record()

    def _look_ahead(self) -> None:
        """What would be missed only hours later is missed before the first step."""
        if any(self.run.artifacts.glob("phase_*")):
            return
        self.attempt.say("Looking whether all that will be needed is there.")
        self.setting.exam.check_judge(self.setting.asked)
        forecast(self.options, self.setting.workspace, tried=False).check()
        self.stop.check()

    def _train(self, plan: PhasePlan, spec: PhaseSpec) -> PhaseRecord:
        """Bring a phase to its end, by training or from what it left."""
        self.attempt.say(f"Phase {plan.number} ({plan.learns}) begins, or goes on.")
        reporter = Reporter(plan, self.attempt)
        if not self.options.tensorboard:
            return run_phase(spec, reporter.report, self.stop)
        with closing(TensorBoard(self.run.artifacts / "tensorboard" / spec.folder.name)) as board:
            reporter.board = board
            return run_phase(spec, reporter.report, self.stop)

    def _take_over(self, last: Record, folder: Path) -> None:
        """What the model said when its checkpoint was chosen is not asked again."""
        choice = last["choice"]
        for journal in (self._folder(last) / "choice" / choice["chosen"]).glob(f"{choice['by']}_trained*.jsonl"):
            if not (target := folder / journal.name).exists():
                shutil.copyfile(journal, target)

    def _folder(self, phase: Record) -> Path:
        return self.run.artifacts / f"phase_{phase['phase']}"


def _copy(source: Path, target: Path) -> None:
    for file in source.iterdir():
        if file.is_file():
            shutil.copyfile(file, target / file.name)


def _export(folder: Path, quantization: str, stop: Stop) -> dict[str, str]:
    """Each file appears whole, and so one that is there is finished."""
    target = folder / "GGUF"
    target.mkdir(exist_ok=True)
    clear_away(target)
    whole, small = target / "model-F16.gguf", target / f"model-{quantization}.gguf"
    stop.check()
    if not whole.is_file():
        export_gguf(folder / "Model", whole, "F16")
    stop.check()
    if not small.is_file():
        quantize(whole, small, quantization)
    return {"F16": f"GGUF/{whole.name}", quantization: f"GGUF/{small.name}"}
