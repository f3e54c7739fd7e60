"""How near the estimated memory of a training comes to what it really takes.

    python -m tests.benchmarks.training_memory [--sizes 8 25 60 100] [--ways muon adamw ...]

Each way of training each size of a random Llama runs three steps in a process of its own (Linux, CPU). Measured is the
highest resident memory from the base's loading to the end of the steps, less what the process held before it, with all
libraries loaded and warm; estimated is what `workbench.training.memory` says before. A ratio above 1 is an estimate on
the safe side.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from workbench.training.options import TrainingOptions

# Millions of weights, and the Llama that has about as many: width, inner width, layers, vocabulary.
_LLAMAS = {
    8: (256, 768, 8, 4096),
    25: (448, 1280, 8, 8192),
    60: (640, 1792, 8, 16384),
    100: (768, 2048, 10, 16384),
}
_LENGTH, _BATCH, _STEPS = 512, 16, 3
WAYS: dict[str, dict[str, Any]] = {
    "muon": {"optimizer": "muon"},
    "adamw": {"optimizer": "adamw"},
    "adamw, one micro-batch": {"optimizer": "adamw", "micro_batch_tokens": _LENGTH * _BATCH},
    "adamw, checkpointing": {"optimizer": "adamw", "activation_checkpointing": "on"},
    "adamw_8bit": {"optimizer": "adamw_8bit"},
    "lora": {"optimizer": "adamw", "lora_rank": 16},
    "lora, checkpointing": {"optimizer": "adamw", "lora_rank": 16, "activation_checkpointing": "on"},
    "bfloat16": {"optimizer": "adamw", "precision": "bfloat16"},
}
_PACKAGES = ("torch", "transformers", "peft", "bitsandbytes")


def compare(millions: int, way: str, tokens: int = 2048) -> dict[str, Any]:
    """Estimated and measured bytes of one training, and the first over the second."""
    values = {"device": "cpu", "threads": 2, "micro_batch_tokens": tokens, "activation_checkpointing": "off"}
    options = {**values, "max_length": _LENGTH, **WAYS[way]}
    with tempfile.TemporaryDirectory() as folder:
        _run("write", {"folder": folder, "millions": millions})
        found = _run("train", {"folder": folder, "options": options})
    ratio = round(found["estimated"] / found["measured"], 2)
    return {"millions": millions, "way": way, **found, "ratio": ratio}


def _run(task: str, told: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", __spec__.name, "--task", task, "--told", json.dumps(told)]
    # One arena, so that what is measured is the training and not the C library's reserves for each thread.
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "MALLOC_ARENA_MAX": "1"}
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def write(folder: Path, millions: int) -> dict[str, Any]:
    """A Hugging Face folder with a random Llama and a tokenizer that nobody reads with."""
    import torch
    from tokenizers import Tokenizer, models
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    width, inner, layers, vocabulary = _LLAMAS[millions]
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        max_position_embeddings=_LENGTH,
        tie_word_embeddings=True,
        pad_token_id=0,
    )
    torch.manual_seed(1)
    LlamaForCausalLM(config).save_pretrained(folder)
    empty = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
    PreTrainedTokenizerFast(tokenizer_object=empty, unk_token="<unk>", pad_token="<unk>").save_pretrained(folder)
    return {"weights": sum(path.stat().st_size for path in folder.glob("*.safetensors"))}


def train(folder: Path, options: TrainingOptions) -> dict[str, Any]:
    """Three steps; the estimate comes first, so that all that is imported is there when counting begins."""
    from workbench.device import choose_device
    from workbench.training.epochs import Epochs
    from workbench.training.estimate import load_of
    from workbench.training.memory import memory_of
    from workbench.training.trial import try_out

    samples = _samples(folder)
    estimated = memory_of(folder, options, load_of(samples, _BATCH), choose_device("cpu"))
    _warm_up(options)
    # The kernel starts the high-water mark anew.
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    try_out(folder, options, Epochs(samples, _BATCH, 1, 1))
    measured = _status("VmHWM") - before
    return {"estimated": estimated.total, "measured": measured, "parts": estimated.parts()}


def _samples(folder: Path) -> list[Any]:
    import random

    from workbench.training.encoding import Sample

    vocabulary = json.loads((folder / "config.json").read_text())["vocab_size"]
    rng = random.Random(2)
    lengths = [rng.randrange(_LENGTH // 4, _LENGTH + 1) for _ in range(_BATCH * _STEPS)]
    return [Sample(tuple(rng.choices(range(vocabulary), k=n)), (1.0,) * n) for n in lengths]


def _warm_up(options: TrainingOptions) -> None:
    """The libraries' own tables and threads, on a small model of the same kind."""
    from workbench.training.epochs import Epochs
    from workbench.training.trial import try_out

    with tempfile.TemporaryDirectory() as folder:
        _LLAMAS[0] = (64, 128, 1, 256)
        write(Path(folder), 0)
        try_out(Path(folder), options, Epochs(_samples(Path(folder))[:4], 4, 1, 1))


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def main() -> None:
    parser = argparse.ArgumentParser(description="estimated beside measured memory of a training")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(_LLAMAS))
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=WAYS)
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--task", choices=("write", "train"), help=argparse.SUPPRESS)
    parser.add_argument("--told", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        told = arguments.told
        folder = Path(told["folder"])
        if arguments.task == "write":
            found = write(folder, told["millions"])
        else:
            found = train(folder, TrainingOptions.parse(told["options"]))
        sys.stdout.write(json.dumps(found) + "\n")
        return
    versions = {name: _version(name) for name in _PACKAGES}
    sys.stdout.write(json.dumps({"python": platform.python_version(), **versions}) + "\n")
    for millions in arguments.sizes:
        for way in arguments.ways:
            sys.stdout.write(json.dumps(compare(millions, way, arguments.tokens)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
