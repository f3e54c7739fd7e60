"""Seconds and peak memory of exporting and quantizing a random model of about 100 million parameters.

    python -m tests.benchmarks.export_speed [--repeats 3] [--threads 0]

One JSON line with versions and settings, then one a repeat and format. Each is a process of its own; `above_mb` is its
peak above that of the same export of a model with next to no weights. The files lie in the system's temporary folder.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from workbench.export import export_gguf, quantize

FORMATS = ("F16", "BF16", "Q8_0", "Q4_K_M")
SHAPE = {"hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 10, "num_attention_heads": 12}
SMALL = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4}


def save(folder: Path, shape: dict[str, int], vocabulary: int) -> int:
    """A Llama in float32 with the embedded base's tokenizer; returns how many parameters it has."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=vocabulary, tie_word_embeddings=False, **shape))
    model.save_pretrained(folder)
    base = Path(__file__).parent.parent.parent / "assets" / "models" / "seedling-base"
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return sum(weights.numel() for weights in model.parameters())


def work(folder: Path, out: Path, kind: str, threads: int) -> dict[str, Any]:
    """In a process of its own: seconds, peak memory and bytes of one file."""
    start = time.perf_counter()
    if kind == "Q4_K_M":
        quantize(folder.with_name(f"{folder.name}-F16.gguf"), out, kind, threads)
    else:
        export_gguf(folder, out, kind)
    seconds = time.perf_counter() - start
    # Not what getrusage says, which begins with the peak of the process that started this one.
    peak = 1024 * int(re.findall(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[0])
    return {"seconds": round(seconds, 2), "peak_mb": round(peak / 1e6), "file_mb": round(out.stat().st_size / 1e6, 1)}


def measure(folder: Path, kind: str, threads: int) -> dict[str, Any]:
    out = folder.with_name(f"{folder.name}-{kind}.gguf")
    command = [sys.executable, "-m", "tests.benchmarks.export_speed", "--work", str(folder), str(out), kind]
    done = subprocess.run([*command, "--threads", str(threads)], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def figures(repeats: int, threads: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as root:
        large, small = Path(root) / "large", Path(root) / "small"
        parameters = save(large, SHAPE, 32768)
        save(small, SMALL, 32768)
        yield facts() | {"parameters": parameters, "threads": threads, **SHAPE}
        plain = {kind: measure(small, kind, threads)["peak_mb"] for kind in FORMATS}
        for repeat in range(repeats):
            for kind in FORMATS:
                found = measure(large, kind, threads)
                yield {"repeat": repeat, "format": kind, **found, "above_mb": found["peak_mb"] - plain[kind]}


def facts() -> dict[str, Any]:
    packages = ("gguf", "llama-cpp-python", "numpy", "torch", "transformers")
    versions = {name: version(name) for name in packages}
    return {"python": platform.python_version(), "cores": os.cpu_count(), **versions}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        folder, out, kind = given.work
        sys.stdout.write(json.dumps(work(Path(folder), Path(out), kind, given.threads)))
        return
    for record in figures(given.repeats, given.threads):
        sys.stdout.write(json.dumps(record) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
