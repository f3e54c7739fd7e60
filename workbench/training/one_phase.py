"""One phase from its spec to its record: base, rows, curriculum and loop put together, with all that it leaves."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.device import Device, choose_device, peak_of
from workbench.errors import TrainingError
from workbench.events import Event
from workbench.records import read_json, write_json
from workbench.runs import Stop
from workbench.training.adapters import with_adapters
from workbench.training.checkpoints import check_state
from workbench.training.encoding import Sample
from workbench.training.epochs import Epochs
from workbench.training.estimate import estimate
from workbench.training.keeping import check_keeping, clear_away, remove_folder
from workbench.training.loop import Phase, Report, Settings
from workbench.training.meters import Cost, Meter
from workbench.training.milestones import Course, Milestones
from workbench.training.options import TrainingOptions
from workbench.training.packing import WholeSet
from workbench.training.phase_spec import PhaseRecord, PhaseSpec, told
from workbench.training.precision import choose_attention, choose_precision, load_model
from workbench.training.pretrained import check_folder
from workbench.training.rows import load_tokenizer, read_rows, vocabulary_of
from workbench.training.sharding import shard
from workbench.training.validation import set_aside
from workbench.training.weights import fill, is_empty
from workbench.training.world import ALONE, World

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from workbench.training.learner import Learner

__all__ = ["PhaseRecord", "PhaseSpec", "train_phase"]
_SAVES_EACH_PHASE = 8
_CHOSEN = "chosen.json"
_OPEN = ("micro_batch_tokens", "activation_checkpointing", "precision")


def train_phase(spec: PhaseSpec, report: Report, stop: Stop, world: World = ALONE) -> PhaseRecord:
    """Train to the phase's end, from the start or from the last state; a finished phase's record is returned at once.

    Leaves `epoch_<n>/` and `samples_<n>/` in Hugging Face form in the spec's folder. Raises Checkpointed on a stop,
    TrainingDataError for rows, OptionsError or TrainingError for the base, StorageError where there is no room.
    """
    check_keeping(spec.options)
    check_folder(spec.base)
    belongs = world.share(spec.digest() if world.main else "")
    if done := PhaseRecord.read(spec.folder):
        return _tidied(_own(done, belongs, spec), spec, world)
    if world.main:
        clear_away(spec.folder)
    check_state(spec.state, belongs)
    prepared = _prepare(spec, world, stop)
    report(prepared.announcement())
    phase = Phase(prepared.learner, prepared.epochs, prepared.settings, spec.state, world)
    phase.progress = replace(phase.progress, belongs=belongs)
    milestones = Milestones(spec, prepared.tokenizer, prepared.epochs, prepared.held, report, stop)
    milestones.catch_up(phase)
    phase.run(lambda event: report(prepared.measured(event)), stop, milestones)
    return _finish(spec, prepared, phase, milestones)


@dataclass(frozen=True)
class _Prepared:
    """All that a phase's loop needs, and what was chosen on the way."""

    learner: "Learner"
    tokenizer: "PreTrainedTokenizerBase"
    epochs: Course
    held: list[Sample]
    left_out: dict[str, int]
    settings: Settings
    meter: Meter
    facts: dict[str, Any]

    def announcement(self) -> Event:
        """What a phase says first: on what it runs, how, and what its `mfu` is a share of."""
        peak = {"peak": self.meter.peak.source, "peak_flops": self.meter.peak.flops}
        rows = {"rows": len(self.epochs.samples), "validation_rows": len(self.held)}
        reasons = [self.facts[name] for name in ("device_reason", "precision_reason", "attention_reason")]
        return {**rows, **self.facts, **peak, "sentence": " ".join(reasons), "lasting": True}

    def measured(self, event: Event) -> Event:
        """A step's event with what the meter reads."""
        samples = self.epochs.batch(event["step"] - 1)
        seconds = sum(len(sample) for sample in samples) / event["tokens_per_second"]
        return {**event, **self.meter.read(samples, seconds)}


def _prepare(spec: PhaseSpec, world: World, stop: Stop) -> _Prepared:
    rows = read_rows(spec.files, load_tokenizer(spec.base), spec.options, vocabulary_of(spec.base), stop)
    learned, held = set_aside(rows.samples, spec.options.validation_share, spec.options.seed)
    options = _settled(spec, learned, world)
    device = choose_device(options.device)
    facts = _facts(options, device)
    stop.check()
    learner, tokenizer = _learner(spec.base, options, facts, world)
    epochs = _course(spec, learned)
    return _Prepared(
        learner=learner,
        tokenizer=tokenizer,
        epochs=epochs,
        held=held,
        left_out=rows.left_out,
        settings=_settings(spec, epochs.steps, facts),
        meter=Meter(Cost.of(learner.base), peak_of(device), device.kind, world.size),
        facts=facts,
    )


def _settled(spec: PhaseSpec, samples: Sequence[Sample], world: World) -> TrainingOptions:
    """The options with what they leave open chosen, once a phase: sums in another order would end in other weights.

    TrainingError or StorageError, with nothing written, where the phase does not fit.
    """
    path = spec.folder / _CHOSEN
    if not path.is_file() and world.main:
        found = estimate(spec, samples, tried=False)
        found.check()
        chosen = {name: getattr(found.options, name) for name in _OPEN}
        write_json(path, chosen | {"packed_to": found.options.micro_batch_tokens})
    world.barrier()
    with told(path, "delete it: it is chosen again"):
        chosen = read_json(path)
        return spec.options.model_copy(
            update={name: chosen[name] for name in _OPEN if getattr(spec.options, name) in (0, "auto")}
        )


def _course(spec: PhaseSpec, samples: list[Sample]) -> Course:
    """Rows packed over the whole set are as long as they were at first, whatever is computed at once later."""
    if not spec.options.pack_whole_set:
        return Epochs(samples, spec.batch_size, spec.epochs, spec.options.seed)
    capacity = int(read_json(spec.folder / _CHOSEN)["packed_to"])
    return WholeSet(samples, spec.batch_size, spec.epochs, spec.options.seed, capacity)


def _learner(
    base: Path, options: TrainingOptions, facts: dict[str, Any], world: World
) -> "tuple[Learner, PreTrainedTokenizerBase]":
    """On its device, cut where there are several processes, with numbers, and known to say what it learns."""
    import torch

    from workbench.training.learner import Learner, check_forward

    model, tokenizer = load_model(base, options, in_parts=world.size > 1)
    learner = Learner(with_adapters(model, options), facts["attention"])
    if world.size > 1:
        shard(learner, world, facts["device"], facts["precision"])
    if is_empty(learner):
        fill(learner, base, options.seed)
    lower = facts["precision"] != "float32"
    with torch.autocast(facts["device"], dtype=getattr(torch, facts["precision"]), enabled=lower):
        check_forward(learner)
    if options.compile:
        learner.compile()
    return learner, tokenizer


def _facts(options: TrainingOptions, device: Device) -> dict[str, Any]:
    """What the phase runs on and how, with the reasons."""
    precision, attention = choose_precision(options, device), choose_attention(options, device)
    return {
        "device": device.kind,
        "device_reason": device.reason,
        "precision": precision.compute,
        "precision_reason": precision.reason,
        "attention": attention.kind,
        "attention_reason": attention.reason,
        **{name: getattr(options, name) for name in ("micro_batch_tokens", "activation_checkpointing")},
    }


def _settings(spec: PhaseSpec, steps: int, facts: dict[str, Any]) -> Settings:
    options = spec.options
    return Settings(
        learning_rate=spec.learning_rate,
        optimizer=options.optimizer,
        schedule=options.schedule,
        warmup=max(1, int(steps * options.warmup_share)) if options.warmup_share else 0,
        weight_decay=options.weight_decay,
        clip=options.clip,
        micro_batch_tokens=facts["micro_batch_tokens"],
        fixed=options.compile,
        save_every=max(1, steps // _SAVES_EACH_PHASE),
        seed=options.seed,
        dtype=facts["precision"],
    )


def _finish(spec: PhaseSpec, prepared: _Prepared, phase: Phase, milestones: Milestones) -> PhaseRecord:
    keeper, progress = milestones.keeper, phase.progress
    record = PhaseRecord(
        rows=len(prepared.epochs.samples),
        validation_rows=len(prepared.held),
        left_out=prepared.left_out,
        epochs=spec.epochs,
        steps=progress.step,
        tokens=progress.tokens,
        targets=progress.targets,
        seconds=round(progress.seconds, 1),
        model=keeper.chosen.name,
        checkpoints=[one.record() for one in keeper.checkpoints],
        best=keeper.best.name if keeper.best else "",
        belongs=progress.belongs,
        facts={**prepared.facts, "peak": asdict(prepared.meter.peak)},
    )
    if phase.world.main:
        record.write(spec.folder)
    return _tidied(record, spec, phase.world)


def _tidied(record: PhaseRecord, spec: PhaseSpec, world: World) -> PhaseRecord:
    """Without what a finished phase needs no more; it may have been killed before that was gone."""
    if world.main:
        clear_away(spec.folder)
        if spec.options.keep_checkpoints != "all":
            remove_folder(spec.state.parent)
    world.barrier()
    return record


def _own(record: PhaseRecord, belongs: str, spec: PhaseSpec) -> PhaseRecord:
    if record.belongs != belongs:
        raise TrainingError(
            f"{spec.folder} holds a finished phase of another base, of other data or of other options",
            hint="take another folder, or delete that one",
        )
    if not (spec.folder / record.model / "config.json").is_file():
        raise TrainingError(
            f"{spec.folder / record.model} is gone, the model with which its phase ended",
            hint=f"delete {spec.folder} to train the phase again",
        )
    return record
