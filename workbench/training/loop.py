"""The loop of one phase: the same for the recipe of the embedded models and for a user's data, on one rank or many."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workbench.errors import Checkpointed, TrainingError
from workbench.runs import Stop
from workbench.training.checkpoints import Progress, load_state, save_state
from workbench.training.encoding import Sample
from workbench.training.optimizers import make_optimizers, rate_factor
from workbench.training.packing import Batch, collate, fixed_length, micro_batches
from workbench.training.sharding import clip
from workbench.training.world import ALONE, World

if TYPE_CHECKING:
    from workbench.training.learner import Learner

Report = Callable[[dict[str, Any]], None]
# Ranks draw apart from each other, by more than any phase has steps.
_APART = 1_000_000_007


class Curriculum(Protocol):
    """What is learned when: `steps` effective batches, each the same whenever it is asked for."""

    steps: int

    def batch(self, step: int) -> Sequence[Sample]:
        """The samples of one effective batch, step counted from 0."""


@dataclass(frozen=True)
class Settings:
    """How one phase is trained; `save_every` is in steps.

    Up to `micro_batch_tokens` are computed at once; with `fixed`, rows are padded so that few shapes occur. `seed` is
    for what a model draws itself (dropout); `dtype` is what it computes in, its weights keep their own.
    """

    learning_rate: float = 2e-3
    optimizer: str = "adamw"
    schedule: str = "cosine"
    warmup: int = 20
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.95)
    eps: float = 1e-8
    clip: float = 1.0
    micro_batch_tokens: int = 2048
    fixed: bool = False
    save_every: int = 0
    seed: int = 0
    dtype: str = "float32"


class Phase:
    """One phase under way: learner, optimizers, curriculum, and the state file that it goes on from.

    `learner` is a Learner or what compiles one, on its device and sharded already where `world` has several ranks.
    """

    def __init__(
        self,
        learner: "Learner",
        curriculum: Curriculum,
        settings: Settings,
        state: Path,
        world: World = ALONE,
    ) -> None:
        self.learner = learner
        self.curriculum = curriculum
        self.settings = settings
        self.state = state
        self.world = world
        self.optimizers = make_optimizers(
            learner, settings.optimizer, settings.learning_rate, settings.weight_decay, settings.betas, settings.eps
        )
        self.progress = load_state(state, learner, self.optimizers) if state.is_file() else Progress()
        self._stop = Stop()

    def run(self, report: Report, stop: Stop, after_step: Callable[["Phase"], None] = lambda phase: None) -> Progress:
        """Train to the end of the curriculum; a stop request saves the state and raises `Checkpointed`.

        It is looked at behind every micro-batch: what a step has computed until then is forgotten.
        `after_step` is called behind every step, its event reported, and before the state is saved. TrainingError
        where the loss is no number or memory runs out; the state that was saved last stays.
        """
        self._stop = stop
        self.learner.train()
        for step in range(self.progress.step, self.curriculum.steps):
            with _memory_told():
                event = self._step(step)
            if event:
                report(event)
                after_step(self)
            if self.world.any(stop.requested):
                # Not every process was asked itself, and all of them say why.
                why = self.world.first(stop.reason)
                self.save()
                raise Checkpointed(
                    f"stopped at step {self.progress.step} of {self.curriculum.steps}: {why}",
                    hint="start it again to go on from there",
                )
            if self.settings.save_every and (step + 1) % self.settings.save_every == 0:
                self.save()
        return self.progress

    def save(self) -> None:
        """Write the state that a later run goes on from; called by all ranks at once."""
        save_state(self.state, self.learner, self.optimizers, self.progress, self.world.main)

    def _step(self, step: int) -> dict[str, Any]:
        """Its event, empty where a stop came within it: everything is then as it was before."""
        import torch

        started = time.perf_counter()
        samples = self.curriculum.batch(step)
        rate = self._set_rate(step)
        # Of each step anew, so that a model with dropout goes on after a stop as if there had been none.
        torch.manual_seed(self.settings.seed + step + _APART * self.world.rank)
        if (loss := self._backward(samples)) is None:
            self._forget()
            return {}
        norm = clip(self.learner.parameters(), self.settings.clip)
        if not math.isfinite(norm):
            raise _no_number("gradient", norm)
        for optimizer in self.optimizers:
            optimizer.step()
        self._forget()
        tokens = sum(len(sample) for sample in samples)
        targets = sum(sum(weight > 0 for weight in sample.weights[1:]) for sample in samples)
        seconds = time.perf_counter() - started
        self._advance(tokens, targets, seconds)
        return {
            "step": step + 1,
            "steps": self.curriculum.steps,
            "loss": loss,
            "gradient_norm": norm,
            "rate": rate,
            "tokens_per_second": tokens / seconds,
            "target_tokens_per_second": targets / seconds,
            "seconds_left": self.progress.seconds / (step + 1) * (self.curriculum.steps - step - 1),
        }

    def _forget(self) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)

    def _advance(self, tokens: int, targets: int, seconds: float) -> None:
        done = self.progress
        self.progress = replace(
            done,
            step=done.step + 1,
            tokens=done.tokens + tokens,
            targets=done.targets + targets,
            seconds=done.seconds + seconds,
        )

    def _set_rate(self, step: int) -> float:
        settings = self.settings
        rate = settings.learning_rate * rate_factor(step, self.curriculum.steps, settings.warmup, settings.schedule)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        return rate

    def _backward(self, samples: Sequence[Sample]) -> float | None:
        """Gradients of the effective batch, in which every target token weighs the same; returns its mean loss.

        None where a stop is asked for meanwhile.
        """
        import torch

        total = sum(sum(sample.weights[1:]) for sample in samples)
        loss = torch.zeros((), device=self.learner.device)
        for batch in self.batches(samples):
            if self.world.any(self._stop.requested):
                return None
            with self.precision():
                # Sharding takes the mean over ranks where the sum is wanted.
                part = self.learner(batch) * (self.world.size / total)
            part.backward()
            loss += part.detach()
        (mean,) = self.world.sum([float(loss) / self.world.size])
        if not math.isfinite(mean):
            raise _no_number("loss", mean)
        return mean

    def batches(self, samples: Sequence[Sample]) -> Iterator[Batch]:
        """This rank's micro-batches, on their device; as many as every rank has."""
        settings, base = self.settings, self.learner.base
        lengths = [len(sample) for sample in samples]
        shares = micro_batches(lengths, settings.micro_batch_tokens, self.world.size)
        length = fixed_length(lengths, shares, settings.micro_batch_tokens) if settings.fixed else 0
        pad = int(base.config.pad_token_id or 0)
        for row in shares[self.world.rank]:
            # Neighbours of about the same length are computed side by side.
            chosen = sorted((samples[index] for index in row), key=len, reverse=True)
            yield collate(chosen, pad, length).to(self.learner.device)

    def precision(self) -> AbstractContextManager[Any]:
        """Inside it the learner computes in the settings' numbers."""
        import torch

        if self.settings.dtype == "float32":
            return nullcontext()
        return torch.autocast(self.learner.device.type, dtype=getattr(torch, self.settings.dtype))


def _no_number(what: str, value: float) -> TrainingError:
    return TrainingError(
        f"the {what} is {value}, no number to go on with",
        hint="lower the learning rate, or look at the training data for broken rows; starting again goes on from "
        "the last checkpoint",
    )


@contextmanager
def _memory_told() -> Iterator[None]:
    """TrainingError with what to do in place of torch's, where memory runs out."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # Torch's class for a GPU is a RuntimeError too; a processor's allocator only has its own words.
        told = type(error).__name__ == "OutOfMemoryError" or "t allocate memory" in str(error)
        if not (told or isinstance(error, MemoryError)):
            raise
        raise TrainingError(
            f"memory ran out in a training step: {str(error).splitlines()[0][:200] if str(error) else 'none left'}",
            hint="give --micro-batch-tokens a smaller number, --activation-checkpointing on, or --lora-rank 16; "
            "starting again goes on from the last checkpoint",
        ) from error
