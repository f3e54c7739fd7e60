"""The arms of the training benchmark: every one trains the same model on the same effective batches."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.benchmarks.training_loads import VOCABULARY, Batches, Measured, Stopwatch, make_model
from workbench.runs import Stop
from workbench.training.encoding import Sample

RATE, BETAS, EPSILON, CLIP = 1e-3, (0.9, 0.95), 1e-8, 1.0


class Given:
    """A curriculum of batches that are there already."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches
        self.steps = len(batches)

    def batch(self, step: int) -> Sequence[Sample]:
        return self.batches[step]


def ours(batches: Batches, micro_batch_tokens: int) -> Measured:
    """The workbench's loop, with its defaults but for the figures that all arms share."""
    from workbench.training.learner import Learner
    from workbench.training.loop import Phase, Settings

    settings = Settings(
        learning_rate=RATE, schedule="constant", warmup=0, betas=BETAS, eps=EPSILON, clip=CLIP,
        micro_batch_tokens=micro_batch_tokens,
    )  # fmt: skip
    events: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        phase = Phase(Learner(make_model()), Given(batches), settings, Path(folder) / "none")
        watch = Stopwatch()
        phase.run(events.append, Stop())
        return watch.stop([event["loss"] for event in events])


def plain(batches: Batches) -> Measured:
    """A loop as tutorials have it: padded to the longest of the batch, all logits at once, torch's AdamW."""
    import torch
    from torch.nn import functional

    model = make_model().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=BETAS, eps=EPSILON, weight_decay=0.0)
    losses = []
    watch = Stopwatch()
    for batch in batches:
        tokens, mask, labels = _padded(batch)
        logits = model(input_ids=tokens, attention_mask=mask).logits
        loss = functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    return watch.stop(losses)


def _padded(batch: Sequence[Sample]) -> tuple[Any, Any, Any]:
    from torch import ones, tensor
    from torch.nn.utils.rnn import pad_sequence

    tokens = pad_sequence([tensor(sample.tokens) for sample in batch], batch_first=True)
    mask = pad_sequence([ones(len(sample)).long() for sample in batch], batch_first=True)
    labels = pad_sequence([tensor(_labels(sample)) for sample in batch], batch_first=True, padding_value=-100)
    return tokens, mask, labels


def _labels(sample: Sample) -> list[int]:
    return [token if weight else -100 for token, weight in zip(sample.tokens, sample.weights, strict=True)]


def trl(batches: Batches, rows: int) -> Measured:
    """TRL's SFTTrainer without packing, `rows` at once; fewer than the batch are grouped by length within it.

    Activation checkpointing, TRL's default, is off, as it is in all arms; logs are written at each step.
    """
    datasets, peer = import_module("datasets"), import_module("trl")
    datasets.disable_progress_bars()
    size = len(batches[0])
    ordered = [sample for batch in batches for sample in (batch if rows == size else sorted(batch, key=len))]
    data = datasets.Dataset.from_list([{"input_ids": list(one.tokens), "labels": _labels(one)} for one in ordered])
    with tempfile.TemporaryDirectory() as folder:
        config = peer.SFTConfig(
            output_dir=folder, max_length=None, per_device_train_batch_size=rows,
            gradient_accumulation_steps=size // rows, max_steps=len(batches), learning_rate=RATE,
            lr_scheduler_type="constant", warmup_steps=0, optim="adamw_torch_fused", adam_beta1=BETAS[0],
            adam_beta2=BETAS[1], adam_epsilon=EPSILON, max_grad_norm=CLIP, weight_decay=0.0, bf16=False,
            gradient_checkpointing=False, logging_steps=1, save_strategy="no", report_to="none", disable_tqdm=True,
            use_cpu=True, train_sampling_strategy="sequential", dataloader_pin_memory=False,
        )  # fmt: skip
        clock = _clock()
        trainer = peer.SFTTrainer(
            make_model(), config, train_dataset=data, processing_class=_tokenizer(), callbacks=[clock]
        )
        trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    measured: Measured = clock.measured
    return replace(measured, losses=tuple(losses))


def _clock() -> Any:
    from transformers import TrainerCallback

    class Clock(TrainerCallback):  # type: ignore[misc]
        """From the training's beginning to the last step's end."""

        def on_train_begin(self, *arguments: Any, **more: Any) -> None:
            self.watch = Stopwatch()

        def on_step_end(self, *arguments: Any, **more: Any) -> None:
            self.measured = self.watch.stop()

    return Clock()


def _tokenizer() -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(WordLevel({f"w{number}": number for number in range(VOCABULARY)}, unk_token="w1"))
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="w0", eos_token="w2", unk_token="w1")
