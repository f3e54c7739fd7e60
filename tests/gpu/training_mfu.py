"""Tokens a second and share of the peak (MFU) on one GPU: the workbench's loop beside TRL packed.

    python -m tests.gpu.training_mfu --size 1b --checkpointing off
    python -m tests.gpu.training_mfu --size 7b --checkpointing on
    python -m tests.gpu.training_mfu --size 8b --checkpointing on --precision bfloat16_weights

A Llama is made on the device from its shape, with random weights. Both arms train it with fused AdamW in bfloat16 on
the same effective batches, rows of up to 4,096 tokens, and must lose the same within 2e-2 in each step. An arm is a
process of its own, so that it has the whole GPU; arms take turns. TRL gets rows that are packed already, as its own
packing would fill them, and the same kernel for packed rows: FlashAttention where it is installed, else torch's.

Held for each weight: in `bfloat16` 16 bytes (weight, gradient and two states of AdamW in float32; 7b: 100 GiB), in
`bfloat16_weights` 8 (all of them in bfloat16; 7b: 50 GiB, 8b: 60 GiB). `mfu` counts what a step cannot do without
(workbench.training.meters: attention only on what precedes, the head only on targets, nothing twice); on full rows
`mfu_6n` counts as published figures do, 6 for each weight and token and attention on the whole square. TRL's arm needs
`trl` and `datasets`. Needs a GPU but for `--size tiny --device cpu`.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from tests.gpu.llamas import SHAPES
from tests.gpu.mfu_arms import ARMS, How, Measured
from workbench.device import choose_device, peak_of

PACKAGES = ("torch", "triton", "transformers", "trl", "accelerate", "datasets", "flash_attn")
EQUAL = 2e-2


def main() -> None:
    arguments = _arguments()
    how = How(**{name: getattr(arguments, name) for name in How.__dataclass_fields__})
    if arguments.arm:
        _say(**ARMS[arguments.arm](how).record())
        return
    _say(python=platform.python_version(), **{name: _version(name) for name in PACKAGES}, **_settings())
    _say(**how.__dict__, **_machine(how))
    found: dict[str, list[Measured]] = {name: [] for name in _arms(arguments.arms)}
    for number in range(arguments.rounds):
        for name in found if number % 2 == 0 else reversed(found):
            if measured := _measured(name):
                found[name].append(measured)
    _report({name: measured for name, measured in found.items() if measured}, how)


def _arms(wanted: list[str]) -> list[str]:
    if "trl" in wanted and not (find_spec("trl") and find_spec("datasets")):
        _say(left_out="trl: pip install trl datasets to have it")
        return [name for name in wanted if name != "trl"]
    return wanted


def _measured(name: str) -> Measured | None:
    """What the arm measured in a process of its own; None, with the end of what it said, where it failed."""
    command = [sys.executable, "-m", "tests.gpu.training_mfu", *sys.argv[1:], "--arm", name]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        _say(arm=name, failed=done.stderr.strip()[-1500:])
        return None
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _report(found: dict[str, list[Measured]], how: How) -> None:
    for name, measured in found.items():
        _say(arm=name, **_figures(measured, how))
    if len(found) < len(ARMS):
        return
    ours, theirs = found["ours"], found["trl"]
    times = statistics.median(them.seconds / us.seconds for us, them in zip(ours, theirs, strict=False))
    pairs = zip(ours[0].losses, theirs[0].losses, strict=True)
    apart = max(abs(one - other) for one, other in pairs)
    _say(ours_to="trl packed", times=round(times, 3), losses_apart=round(apart, 5), equal=apart <= EQUAL)
    if apart > EQUAL:
        sys.exit("the arms do not lose the same: their times say nothing")


def _figures(measured: list[Measured], how: How) -> dict[str, Any]:
    peak = peak_of(choose_device(how.device)).flops
    first = measured[0]
    seconds = statistics.median(one.seconds for one in measured)
    shares = {"mfu": first.flops / seconds / peak}
    if how.rows == "full":
        shares["mfu_6n"] = first.flops_6n / seconds / peak
    return {
        "tokens_per_second": round(first.tokens / seconds, 1),
        **{name: round(share, 4) for name, share in shares.items()},
        "memory_peak_gib": round(max(one.memory for one in measured) / 2**30, 1),
        "seconds_a_step": round(seconds / how.steps, 3),
        "attention": first.attention,
        "losses": [round(first.losses[0], 3), round(first.losses[-1], 3)],
    }


def _machine(how: How) -> dict[str, Any]:
    device = choose_device(how.device)
    peak = peak_of(device)
    return {"on": device.reason, "peak_tflops": round(peak.flops / 1e12, 3), "peak": peak.source}


def _settings() -> dict[str, str]:
    """Settings of torch's allocator, which are part of a figure for memory."""
    return {name: os.environ[name] for name in ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF") if name in os.environ}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _say(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SHAPES, required=True)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--rows", choices=("full", "chat"), default="full")
    parser.add_argument("--length", type=int, default=4096, help="tokens of a row")
    parser.add_argument("--batch", type=int, default=16, help="rows of an effective batch")
    parser.add_argument("--at-once", type=int, default=2, help="rows of a micro-batch")
    parser.add_argument("--checkpointing", choices=("on", "off"), default="on")
    parser.add_argument("--precision", choices=("bfloat16", "bfloat16_weights", "float32"), default="bfloat16")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--warm", type=int, default=3, help="steps before the clock runs")
    parser.add_argument("--steps", type=int, default=5, help="steps that count")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
