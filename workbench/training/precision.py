"""What numbers a training computes with, how rows are kept apart, and the base loaded accordingly."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.device import Device, choose_device
from workbench.errors import OptionsError, TrainingError
from workbench.training.options import TrainingOptions
from workbench.training.pretrained import check_vocabulary, read_config
from workbench.training.weights import empty_model, fits

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Below this a switch does not pay for what bfloat16 loses.
_WORTH = 1.2
_EXTRA = "pip install 'instructlab-workbench[quantized]'"


@dataclass(frozen=True)
class Precision:
    """`compute` is the type of products, `weights` that in which weights are held, both names of torch's."""

    compute: str
    weights: str
    reason: str


@dataclass(frozen=True)
class Attention:
    """`kind` is ragged (rows end to end, no padding) or padded (a row each, for models that know nothing else)."""

    kind: str
    reason: str


def choose_precision(options: TrainingOptions, device: Device) -> Precision:
    """OptionsError where bfloat16 is asked for by name and the device has no gain from it."""
    if options.precision == "float32" or (options.precision == "auto" and device.dtype == "float32"):
        return Precision("float32", "float32", _why_float32(device))
    gain = _gain(device)
    if options.precision == "bfloat16_weights":
        why = f"{gain} Weights are held in it too, so that updates under 1/256 of a weight are lost."
        return Precision("bfloat16", "bfloat16", why)
    if options.lora_rank:
        return Precision("bfloat16", "bfloat16", f"{gain} The base stays as it is; the adapters are float32.")
    return Precision("bfloat16", "float32", f"{gain} Weights and what the optimizer remembers stay in float32.")


def choose_attention(options: TrainingOptions, device: Device) -> Attention:
    """How rows are kept apart; `auto` is ragged, which every model does that takes another attention."""
    if options.attention == "padded":
        return Attention(
            "padded", "A row each, filled up to the longest, with the model's own attention, as was asked."
        )
    half = device.kind == "cuda" and choose_precision(options, device).compute != "float32"
    kernel = "torch's kernel for ragged rows" if half else "rows of about one length side by side"
    return Attention("ragged", f"Rows lie end to end without padding; {kernel} keeps them from seeing each other.")


def check_options(options: TrainingOptions, device: Device) -> None:
    """One OptionsError for the first pair of options, or option and device, that do not go together."""
    for problem, hint in _conflicts(options, device):
        raise OptionsError(problem, hint=hint)


def load_model(
    folder: Path, options: TrainingOptions, *, in_parts: bool = False
) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """A Hugging Face folder on the device that the options choose, in training's precision; no code of its own is run.

    `in_parts` is for one of several processes: the model then has no numbers until `weights.fill`, or all of them in
    the machine's memory where its files do not fit that. Sets torch's threads. NotFoundError, OptionsError or
    TrainingError with what to do where it cannot be trained.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    # A notebook would keep the bars of loading and saving among its outputs.
    disable_progress_bar()
    device = choose_device(options.device)
    check_options(options, device)
    precision = choose_precision(options, device)
    _check_reach(folder, options)
    if options.threads or device.kind == "cpu":
        torch.set_num_threads(options.threads or device.threads)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model = _empty(folder, precision) if in_parts else None
        model = model or _load(folder, options, "cpu" if in_parts else device.kind, precision)
    except torch.OutOfMemoryError as error:
        hint = "give quantize_base nf4 with lora_rank 16, or take a smaller base"
        raise TrainingError(f"{folder}: its weights do not fit into the memory of {device.kind}", hint=hint) from error
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        ImportError,
        RuntimeError,
        SafetensorError,
    ) as error:
        hint = "give a folder that save_pretrained() wrote, with its tokenizer"
        raise TrainingError(f"{folder}: not a model that can be trained: {_first_line(error)}", hint=hint) from error
    check_vocabulary(folder, model, tokenizer)
    if options.activation_checkpointing == "on":
        _compute_again(folder, model)
    return model, tokenizer


def _empty(folder: Path, precision: Precision) -> "PreTrainedModel | None":
    import torch

    model = empty_model(folder, getattr(torch, precision.weights))
    return model if fits(folder, model) else None


def _load(folder: Path, options: TrainingOptions, device: str, precision: Precision) -> "PreTrainedModel":
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    wanted = {"dtype": getattr(torch, precision.weights), "trust_remote_code": False, "use_safetensors": True}
    if options.quantize_base == "nf4":
        wanted["device_map"] = {"": device}
        wanted["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=getattr(torch, precision.compute),
        )
    model, found = AutoModelForCausalLM.from_pretrained(
        folder, output_loading_info=True, ignore_mismatched_sizes=True, **wanted
    )
    if found["mismatched_keys"]:
        name, stored, expected = sorted(found["mismatched_keys"])[0]
        raise ValueError(f"{name} is {tuple(stored)}, and {tuple(expected)} by its config.json")
    if found["missing_keys"]:
        missing = sorted(found["missing_keys"])
        raise ValueError(f"{len(missing)} of its weights are missing, {missing[0]} among them")
    if beyond := sorted(name for name in found["unexpected_keys"] if ".layers." in name):
        raise ValueError(f"by its config.json the model has no place for {len(beyond)} weights, {beyond[0]} among them")
    return model if options.quantize_base == "nf4" else model.to(device)


def _compute_again(folder: Path, model: "PreTrainedModel") -> None:
    # Earlier releases of transformers 5 know it under the second name alone.
    enable = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
    try:
        # The re-entrant way needs inputs with gradients, which a frozen base has none of.
        enable({"use_reentrant": False})
    except ValueError as error:
        hint = "give activation_checkpointing off"
        raise TrainingError(
            f"{folder}: {type(model).__name__} cannot compute its activations again", hint=hint
        ) from error


def _check_reach(folder: Path, options: TrainingOptions) -> None:
    reach = read_config(folder).get("max_position_embeddings")
    if reach and options.max_length > reach:
        raise OptionsError(
            f"max_length {options.max_length} is longer than {folder.name} can read", hint=f"give at most {reach}"
        )


def _conflicts(options: TrainingOptions, device: Device) -> Iterator[tuple[str, str]]:
    """What does not go together, and what to do about it; the most telling first."""
    nf4, eight_bit = options.quantize_base == "nf4", options.optimizer == "adamw_8bit"
    if nf4 and not options.lora_rank:
        yield "quantize_base nf4 and lora_rank 0: a base of 4 bits cannot be trained itself", "give lora_rank 16"
    for name in ("lora_targets", "lora_dropout"):
        if getattr(options, name) and not options.lora_rank:
            yield f"{name} and lora_rank 0: there are no adapters", "give lora_rank 16"
    if nf4 and device.kind == "cpu":
        why = "bitsandbytes turns the weights into another form there whenever the model is asked without training"
        yield f"quantize_base nf4 and device cpu: {why}", "give quantize_base none, or train on a GPU"
    for wanted, name in ((nf4, "quantize_base nf4"), (eight_bit, "optimizer adamw_8bit")):
        if wanted and device.kind == "mps":
            yield f"{name} and device mps: bitsandbytes does not train there", "leave it off, or take device cpu"
        if wanted and not find_spec("bitsandbytes"):
            yield f"{name} needs bitsandbytes, which is not installed", f"{_EXTRA}, or leave it off"
        if wanted and options.processes > 1:
            yield f"{name} and processes {options.processes}: its numbers cannot be shared out", "give processes 1"
    if nf4 and options.compile:
        yield "quantize_base nf4 and compile: torch cannot compile 4-bit products", "leave one of them off"
    if options.attention == "padded" and options.compile:
        why = "torch would compile anew for every length"
        yield f"attention padded and compile: {why}", "give attention auto, or leave compile off"
    if options.compile and not _can_compile(device):
        missing = "Triton" if device.kind == "cuda" else "a C++ compiler"
        yield f"compile needs {missing}, which is not there", "leave compile off, or install it (g++)"
    if options.processes > 1 and device.kind == "mps":
        yield f"processes {options.processes} and device mps: it has one GPU", "give processes 1"


def _can_compile(device: Device) -> bool:
    if device.kind == "cuda":
        return find_spec("triton") is not None
    return any(shutil.which(name) for name in ("g++", "clang++", "c++"))


def _why_float32(device: Device) -> str:
    if device.dtype != "float32":
        return "In float32, as was asked."
    if device.kind == "cpu":
        return "In float32, which every processor computes natively and alike."
    return f"In float32, because {device.kind} does not compute bfloat16 natively here."


def _gain(device: Device) -> str:
    """Why bfloat16 pays, as a sentence; OptionsError where it does not."""
    if device.kind == "cuda" and device.dtype == "bfloat16":
        return "In bfloat16, which the GPU computes natively."
    if device.kind != "cpu":
        raise OptionsError(f"{device.kind} does not compute bfloat16 natively here", hint="give precision float32")
    gain = bfloat16_gain()
    if gain < _WORTH:
        raise OptionsError(
            f"this processor multiplies matrices in bfloat16 {gain:.2g} times as fast as in float32: nothing is won",
            hint="give precision float32",
        )
    return f"In bfloat16, in which this processor multiplies matrices {gain:.2g} times as fast as in float32."


@cache
def bfloat16_gain() -> float:
    """How many times faster this processor multiplies matrices in bfloat16 than in float32, measured once."""
    import torch

    def fastest(dtype: torch.dtype) -> float:
        matrix = torch.ones((512, 512), dtype=dtype)
        times = []
        for _ in range(6):
            start = time.perf_counter()
            matrix @ matrix
            times.append(time.perf_counter() - start)
        return min(times)

    return fastest(torch.float32) / fastest(torch.bfloat16)


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
