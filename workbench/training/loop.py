"""The loop of one phase: the same for the recipe of the embedded models and for a user's data."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workbench.errors import Checkpointed, TrainingError
from workbench.runs import Stop
from workbench.training.checkpoints import Progress, load_state, save_state
from workbench.training.encoding import Sample
from workbench.training.loss import summed_loss
from workbench.training.optimizers import make_optimizers, rate_factor
from workbench.training.packing import collate, pack

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Report = Callable[[dict[str, Any]], None]


class Curriculum(Protocol):
    """What is learned when: `steps` effective batches, each the same whenever it is asked for."""

    steps: int

    def batch(self, step: int) -> Sequence[Sample]:
        """The samples of one effective batch, step counted from 0."""


@dataclass(frozen=True)
class Settings:
    """How one phase is trained. `row` is in tokens, `rows` the rows of a micro-batch, `save_every` in steps.

    `seed` is for what a model draws itself (dropout); `dtype` is what it computes in, its weights keep their own.
    """

    learning_rate: float = 2e-3
    optimizer: str = "adamw"
    schedule: str = "cosine"
    warmup: int = 20
    weight_decay: float = 0.0
    clip: float = 1.0
    row: int = 256
    rows: int = 32
    save_every: int = 0
    seed: int = 0
    dtype: str = "float32"


class Phase:
    """One phase under way: model, optimizers, curriculum, and the state file that it goes on from."""

    def __init__(self, model: "PreTrainedModel", curriculum: Curriculum, settings: Settings, state: Path) -> None:
        self.model = model
        self.curriculum = curriculum
        self.settings = settings
        self.state = state
        self.optimizers = make_optimizers(model, settings.optimizer, settings.learning_rate, settings.weight_decay)
        self.progress = load_state(state, model, self.optimizers) if state.is_file() else Progress()

    def run(self, report: Report, stop: Stop) -> Progress:
        """Train to the end of the curriculum; a stop request saves the state and raises `Checkpointed`."""
        self.model.train()
        for step in range(self.progress.step, self.curriculum.steps):
            report(self._step(step))
            if stop.requested:
                self.save()
                raise Checkpointed(
                    f"stopped at step {step + 1} of {self.curriculum.steps}: {stop.reason}",
                    hint="start it again to go on from there",
                )
            if self.settings.save_every and (step + 1) % self.settings.save_every == 0:
                self.save()
        return self.progress

    def save(self) -> None:
        """Write the state that a later run goes on from."""
        save_state(self.state, self.model, self.optimizers, self.progress)

    def _step(self, step: int) -> dict[str, Any]:
        import torch

        started = time.perf_counter()
        samples = self.curriculum.batch(step)
        rate = self._set_rate(step)
        # Of each step anew, so that a model with dropout goes on after a stop as if there had been none.
        torch.manual_seed(self.settings.seed + step)
        loss = self._backward(samples)
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip))
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        tokens = sum(len(sample) for sample in samples)
        targets = sum(sum(weight > 0 for weight in sample.weights) for sample in samples)
        seconds = time.perf_counter() - started
        done = self.progress
        self.progress = replace(
            done,
            step=step + 1,
            tokens=done.tokens + tokens,
            targets=done.targets + targets,
            seconds=done.seconds + seconds,
        )
        left = self.progress.seconds / (step + 1) * (self.curriculum.steps - step - 1)
        return {
            "step": step + 1,
            "steps": self.curriculum.steps,
            "loss": loss,
            "gradient_norm": norm,
            "rate": rate,
            "tokens_per_second": tokens / seconds,
            "target_tokens_per_second": targets / seconds,
            "seconds_left": left,
        }

    def _set_rate(self, step: int) -> float:
        settings = self.settings
        rate = settings.learning_rate * rate_factor(step, self.curriculum.steps, settings.warmup, settings.schedule)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        return rate

    def _backward(self, samples: Sequence[Sample]) -> float:
        """Gradients of the effective batch, in which every target token weighs the same; returns its mean loss."""
        total = sum(sum(sample.weights[1:]) for sample in samples)
        pad = int(self.model.config.pad_token_id or 0)
        rows = pack([len(sample) for sample in samples], self.settings.row)
        loss = 0.0
        for start in range(0, len(rows), self.settings.rows):
            batch = collate(samples, rows[start : start + self.settings.rows], pad).to(self.model.device)
            with self._precision():
                part = summed_loss(self.model, batch) / total
            part.backward()  # type: ignore[no-untyped-call]
            loss += float(part.detach())
        if not math.isfinite(loss):
            hint = "lower the learning rate, or look at the training data for broken rows"
            raise TrainingError(f"the loss is {loss}, no number to go on with", hint=hint)
        return loss

    def _precision(self) -> AbstractContextManager[Any]:
        import torch

        if self.settings.dtype == "float32":
            return nullcontext()
        return torch.autocast(self.model.device.type, dtype=getattr(torch, self.settings.dtype))
