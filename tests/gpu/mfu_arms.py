"""The arms of the GPU's benchmark: each trains the same Llama on the same effective batches."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.training_arms import Given
from tests.gpu.llamas import SHAPES, Rows, make_llama, make_rows, targets_of
from workbench.runs import Stop

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

RATE, BETAS, EPSILON, CLIP = 1e-5, (0.9, 0.95), 1e-8, 1.0
KERNEL = "torch_packed_rows"


@dataclass(frozen=True)
class How:
    """A training: `at_once` of the `batch` rows of `length` tokens at a time, `steps` that count behind `warm` ones."""

    size: str
    rows: str
    length: int
    batch: int
    at_once: int
    checkpointing: str
    precision: str
    compile: bool
    warm: int
    steps: int
    device: str

    def model(self) -> "LlamaForCausalLM":
        import torch

        dtype = torch.bfloat16 if self.precision == "bfloat16_weights" else torch.float32
        return make_llama(self.size, self.device, dtype, self.length)

    def batches(self) -> list[Rows]:
        """The rows of each effective batch."""
        rows = make_rows(self.rows, self.batch * (self.warm + self.steps), self.length, SHAPES[self.size][0])
        return [rows[start : start + self.batch] for start in range(0, len(rows), self.batch)]


@dataclass(frozen=True)
class Measured:
    """Of the steps that count: tokens, operations by both counts, seconds; the most memory in bytes, and every loss."""

    tokens: int
    flops: float
    flops_6n: float
    seconds: float
    memory: int
    losses: Sequence[float]
    attention: str

    def record(self) -> dict[str, Any]:
        return asdict(self)


class Clock:
    """Notes the moment at which the device has done what it was given."""

    def __init__(self, how: How) -> None:
        self.how = how
        self.moments: list[float] = []

    def tick(self) -> None:
        """A step has ended."""
        if self.how.device == "cuda":
            from torch.cuda import synchronize

            synchronize()
        self.moments.append(time.perf_counter())

    def measured(self, model: "LlamaForCausalLM", losses: Sequence[float], attention: str) -> Measured:
        from workbench.training.meters import Cost, memory

        how, cost = self.how, Cost.of(model)
        samples = [sample for rows in how.batches()[how.warm :] for row in rows for sample in row]
        tokens = sum(map(len, samples))
        weights = sum(weight.numel() for weight in model.parameters())
        return Measured(
            tokens=tokens,
            flops=cost.flops(samples),
            flops_6n=tokens * (6.0 * weights + 12.0 * cost.span * how.length),
            seconds=self.moments[-1] - self.moments[how.warm - 1],
            memory=memory(how.device)[1],
            losses=list(losses),
            attention=attention,
        )


def ours(how: How) -> Measured:
    """The workbench's loop."""
    from workbench.training.learner import Learner
    from workbench.training.loop import Phase, Settings

    model = how.model()
    if how.checkpointing == "on":
        # Earlier releases of transformers 5 know it under the second name alone.
        enable = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
        enable({"use_reentrant": False})
    learner = Learner(model)
    if how.compile:
        learner.compile()
    settings = Settings(
        learning_rate=RATE, schedule="constant", warmup=0, betas=BETAS, eps=EPSILON, clip=CLIP, fixed=how.compile,
        micro_batch_tokens=how.at_once * how.length, dtype="float32" if how.precision == "float32" else "bfloat16",
    )  # fmt: skip
    clock, losses = Clock(how), list[float]()

    def report(event: dict[str, Any]) -> None:
        clock.tick()
        losses.append(event["loss"])

    batches = [[sample for row in rows for sample in row] for rows in how.batches()]
    with tempfile.TemporaryDirectory() as folder:
        Phase(learner, Given(batches), settings, Path(folder) / "none").run(report, Stop())
    return clock.measured(model, losses, "torch, ragged rows")


def trl(how: How) -> Measured:
    """TRL's SFTTrainer on packed rows; its logs are written at each step."""
    datasets, peer = import_module("datasets"), import_module("trl")
    datasets.disable_progress_bars()
    model = how.model()
    attention = _best_attention(model, how)
    rows = [_packed(row) for batch in how.batches() for row in batch]
    clock = _callback(Clock(how))
    half = how.precision != "float32"
    with tempfile.TemporaryDirectory() as folder:
        config = peer.SFTConfig(
            output_dir=folder, packing=True, max_length=how.length, dataset_kwargs={"skip_prepare_dataset": True},
            per_device_train_batch_size=how.at_once, gradient_accumulation_steps=how.batch // how.at_once,
            max_steps=how.warm + how.steps, learning_rate=RATE, lr_scheduler_type="constant", warmup_steps=0,
            optim="adamw_torch_fused", adam_beta1=BETAS[0], adam_beta2=BETAS[1], adam_epsilon=EPSILON,
            max_grad_norm=CLIP, weight_decay=0.0, bf16=half, torch_compile=how.compile,
            gradient_checkpointing=how.checkpointing == "on", gradient_checkpointing_kwargs={"use_reentrant": False},
            logging_steps=1, save_strategy="no", report_to="none", disable_tqdm=True, use_cpu=how.device == "cpu",
            train_sampling_strategy="sequential", dataloader_pin_memory=how.device == "cuda",
        )  # fmt: skip
        trainer = peer.SFTTrainer(
            model,
            config,
            train_dataset=datasets.Dataset.from_list(rows),
            processing_class=_tokenizer(SHAPES[how.size][0]),
            callbacks=[clock],
        )
        trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    measured: Measured = clock.clock.measured(model, losses, attention)
    return measured


ARMS: dict[str, Callable[[How], Measured]] = {"ours": ours, "trl": trl}


def _packed(row: Sequence[Any]) -> dict[str, list[int]]:
    """As TRL's own packing leaves a row."""
    return {
        "input_ids": [token for sample in row for token in sample.tokens],
        "labels": [label for sample in row for label in targets_of(sample)],
        "seq_lengths": [len(sample) for sample in row],
    }


def _best_attention(model: "LlamaForCausalLM", how: How) -> str:
    """Give the model the fastest attention for packed rows that is there; returns its name."""
    if how.device == "cpu" or how.precision == "float32":
        return "sdpa with a mask"
    if find_spec("flash_attn"):
        model.set_attn_implementation("flash_attention_2")
        return "flash_attention_2"
    from transformers import AttentionInterface

    # Without a function for masks of that name none is made.
    AttentionInterface.register(KERNEL, _kernel)
    model.set_attn_implementation(KERNEL)
    return "torch, packed rows"


def _kernel(module: Any, query: Any, key: Any, value: Any, mask: Any, **settings: Any) -> tuple[Any, None]:
    """Torch's kernel with the bounds that TRL's collator gives."""
    from workbench.training.attention import Segments, ragged_attention

    bounds, longest = settings.pop("cu_seq_lens_q"), settings.pop("max_length_q")
    segments = Segments((longest,), bounds, longest)
    return ragged_attention(module, query, key, value, mask, segments=segments, scaling=settings["scaling"])


def _callback(clock: Clock) -> Any:
    from transformers import TrainerCallback

    class Ticking(TrainerCallback):  # type: ignore[misc]
        """Ticks at each step's end."""

        def __init__(self) -> None:
            self.clock = clock

        def on_step_end(self, *arguments: Any, **more: Any) -> None:
            self.clock.tick()

    return Ticking()


def _tokenizer(vocabulary: int) -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(WordLevel({f"w{number}": number for number in range(vocabulary)}, unk_token="w1"))
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="w0", eos_token="w2", unk_token="w1")
