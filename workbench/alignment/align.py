"""The step: a data run and a base in, `trained_models/<run>/` out."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.alignment.options import AlignmentOptions
from workbench.alignment.plan import PhasePlan, Plan, make_plan
from workbench.device import Device, choose_device
from workbench.engines.catalogue import find_entry, resolve_folder
from workbench.errors import OptionsError, TrainingError
from workbench.export import export_gguf, quantize
from workbench.records import digest_file, digest_folder
from workbench.runs import Attempt, Run, Stop
from workbench.training.checkpoints import Progress
from workbench.training.epochs import Epochs
from workbench.training.loop import Phase
from workbench.training.loss import check_forward
from workbench.training.rows import TrainingRows, read_rows
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def planned(options: AlignmentOptions, workspace: Workspace) -> Plan:
    """What would run; NotFoundError where there are no finished data, OptionsError where they do not suit."""
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
    digests = {f"phase_{phase.number}": digest_file(phase.file) for phase in planned(options, workspace).phases}
    return digests | {"base_model": digest_folder(resolve_folder(options.base_model, workspace.models))}


def align(options: AlignmentOptions, run: Run, attempt: Attempt, stop: Stop) -> dict[str, Any]:
    """Train the phases, save `Model/` and `GGUF/`; goes on after the last checkpoint."""
    workspace = Workspace(run.folder.parent.parent)
    plan = planned(options, workspace)
    device = choose_device(options.device)
    attempt.events.emit("device", device=device.kind, dtype=device.dtype, sentence=device.reason)
    base = resolve_folder(options.base_model, workspace.models)
    model, tokenizer = _load(base, device, options)
    training = _Training(options, run, attempt, stop)
    phases = [training.run(phase, model, tokenizer, device.dtype) for phase in plan.phases]
    attempt.say("Saving the model and its GGUF.")
    _save(run.folder / "Model", model, tokenizer)
    files = _export(run.folder, options.quantization)
    data = workspace.get("synthetic_data", options.data)
    return {
        "base_model": workspace.relative(base),
        "data": {"id": data.id, "name": data.name},
        "model": "Model",
        "gguf": files,
        "device": asdict(device),
        "phases": phases,
    }


def _load(
    folder: Path, device: Device, options: AlignmentOptions
) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if options.threads or device.kind == "cpu":
        torch.set_num_threads(options.threads or device.threads)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).to(device.kind)
    except (OSError, ValueError, KeyError, ImportError, SafetensorError) as error:
        hint = "give a folder that save_pretrained() wrote, with its tokenizer"
        raise TrainingError(f"{folder}: not a model that can be trained: {error}", hint=hint) from error
    reach = getattr(model.config, "max_position_embeddings", None)
    if reach and options.max_length > reach:
        raise OptionsError(
            f"max_length {options.max_length} is longer than {folder.name} can read", hint=f"give at most {reach}"
        )
    check_forward(model)
    return model, tokenizer


class _Training:
    """The phases of a run, each with its folder `Artifacts/phase_<n>/`."""

    def __init__(self, options: AlignmentOptions, run: Run, attempt: Attempt, stop: Stop) -> None:
        self.options = options
        self.artifacts = run.artifacts
        self.attempt = attempt
        self.stop = stop

    def run(
        self, plan: PhasePlan, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", dtype: str
    ) -> dict[str, Any]:
        """Bring the model to the phase's end, by training or from its last state; returns what is recorded of it."""
        folder = self.artifacts / f"phase_{plan.number}"
        rows = read_rows(plan.file, tokenizer, self.options.max_length, self.options.most_left_out)
        epochs = Epochs(rows.samples, plan.batch_size, plan.epochs, self.options.seed)
        settings = plan.settings(self.options, epochs.steps, dtype)
        phase = Phase(model, epochs, settings, folder / "state" / "state.safetensors")
        done_before = phase.progress.step
        progress = phase.run(lambda event: self._report(plan, event), self.stop)
        if progress.step > done_before:
            phase.save()
        last = folder / f"epoch_{plan.epochs}"
        if not last.is_dir():
            _save(last, model, tokenizer)
        return _record(plan, rows, progress)

    def _report(self, plan: PhasePlan, event: dict[str, Any]) -> None:
        self.attempt.events.emit(f"phase_{plan.number}", **event)
        if event["step"] % 10 == 0 or event["step"] == event["steps"]:
            share = round(100 * event["step"] / event["steps"])
            self.attempt.say(
                f"Phase {plan.number} ({plan.learns}): {share}% step {event['step']}/{event['steps']}, "
                f"loss {event['loss']:.3f}"
            )


def _record(plan: PhasePlan, rows: TrainingRows, progress: Progress) -> dict[str, Any]:
    return {
        "phase": plan.number,
        "learns": plan.learns,
        "rows": len(rows.samples),
        "left_out": rows.left_out,
        "epochs": plan.epochs,
        "steps": progress.step,
        "tokens": progress.tokens,
        "targets": progress.targets,
        "seconds": round(progress.seconds, 1),
    }


def _save(folder: Path, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> None:
    """A Hugging Face folder, whole or not at all."""
    temporary = folder.with_name(folder.name + ".part")
    shutil.rmtree(temporary, ignore_errors=True)
    model.save_pretrained(temporary)
    tokenizer.save_pretrained(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.replace(folder)


def _export(folder: Path, quantization: str) -> dict[str, str]:
    target = folder / "GGUF"
    target.mkdir(exist_ok=True)
    whole = export_gguf(folder / "Model", target / "model-F16.gguf", "F16")
    small = quantize(whole, target / f"model-{quantization}.gguf", quantization)
    return {"F16": f"GGUF/{whole.name}", quantization: f"GGUF/{small.name}"}
