"""What happens behind a step where something is due: validation, a model folder, the state."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.runs import Stop
from workbench.training.encoding import Sample
from workbench.training.epochs import Epochs
from workbench.training.keeping import Checkpoint, Keeper
from workbench.training.model_folder import whole_weights, write_model
from workbench.training.packing import WholeSet
from workbench.training.phase_spec import PhaseSpec
from workbench.training.validation import validation_loss

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from workbench.training.loop import Phase, Report

Course = Epochs | WholeSet
# A kill costs no more than this many seconds of work, however long the steps are.
_MOST_LOST = 600.0


class Milestones:
    """Called behind every step, by all ranks; `epochs` says where an epoch ends.

    The folder is written before the state: after a kill in between it is made again, the same to the bit.
    """

    def __init__(
        self,
        spec: PhaseSpec,
        tokenizer: "PreTrainedTokenizerBase",
        epochs: Course,
        held: Sequence[Sample],
        report: "Report",
        stop: Stop,
    ) -> None:
        self.keeper = Keeper(spec.folder, spec.options.keep_checkpoints)
        self._options = spec.options
        self._tokenizer = tokenizer
        self._epochs = epochs
        self._held = held
        self._report = report
        self._stop = stop
        self._saved = time.monotonic()

    def __call__(self, phase: "Phase") -> None:
        """What is due behind this step; a stop that comes while it validates leaves it to `catch_up`."""
        if name := self._name(phase.progress.step):
            self._checkpoint(phase, name)
        elif self._validates(phase.progress.step):
            self._validate(phase)
        if phase.world.any(time.monotonic() - self._saved > _MOST_LOST):
            self._save(phase)

    def catch_up(self, phase: "Phase") -> None:
        """What was due behind the step that a phase goes on from, and was not done."""
        step = phase.progress.step
        self.keeper.go_back(step)
        name = self._name(step)
        if name and not self.keeper.holds(name, step):
            self._checkpoint(phase, name)

    def _name(self, step: int) -> str:
        """Of the checkpoint behind a step, empty where none is due."""
        if step and step % self._epochs.steps_each == 0:
            return f"epoch_{step // self._epochs.steps_each}"
        every, seen = self._options.save_every_samples, self._epochs.seen(step)
        return f"samples_{seen}" if every and step and seen // every > self._epochs.seen(step - 1) // every else ""

    def _validates(self, step: int) -> bool:
        return bool(self._held and self._options.validate_every and step % self._options.validate_every == 0)

    def _validate(self, phase: "Phase") -> float | None:
        loss = validation_loss(phase, self._held, self._stop)
        if loss is not None:
            self._report({"step": phase.progress.step, "steps": self._epochs.steps, "validation_loss": loss})
        return loss

    def _checkpoint(self, phase: "Phase", name: str) -> None:
        loss = self._validate(phase) if self._held else None
        if self._held and loss is None:
            return
        weights = whole_weights(phase.learner, phase.world)
        step = phase.progress.step
        checkpoint = Checkpoint(name, step, self._epochs.seen(step), loss)
        self.keeper.add(
            checkpoint,
            (lambda folder: write_model(folder, phase.learner, self._tokenizer, weights)) if phase.world.main else None,
        )
        self._save(phase)

    def _save(self, phase: "Phase") -> None:
        phase.save()
        self._saved = time.monotonic()
