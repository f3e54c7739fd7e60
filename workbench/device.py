"""Where the arithmetic runs, and why: chosen once a step, written to its events, shown to the person.

Only the CPU was tested: CUDA and Metal are written from their documentation, and the reason shown says so.
"""

import os
import re
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workbench.errors import OptionsError

KINDS = ("auto", "cpu", "cuda", "mps")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")
# Dense bfloat16 with sums in float32, TFLOP/s, of the makers' data sheets (half of what they print for sparse weights).
# A name must match whole: a laptop's card, a slice of a card (MIG) or a "D" of the same number is slower.
_PEAKS = {
    r"A100.*": (312.0, "A100 data sheet, 2021"),
    r"A10": (125.0, "A10 data sheet, 2021"),
    r"A30": (165.0, "A30 data sheet, 2021"),
    r"A40": (149.7, "A40 data sheet, 2021"),
    r"RTX A6000": (154.8, "RTX A6000 data sheet, 2021"),
    r"H100 80GB HBM3": (989.4, "H100 SXM data sheet, 2023"),
    r"H100 PCIe": (756.5, "H100 PCIe data sheet, 2022"),
    r"H100 NVL": (835.5, "H100 NVL data sheet, 2024"),
    r"H200": (989.4, "H200 SXM data sheet, 2024"),
    r"H200 NVL": (835.5, "H200 NVL data sheet, 2024"),
    r"B200": (2250.0, "HGX B200 data sheet, 2024"),
    r"L4": (121.0, "L4 data sheet, 2023"),
    r"L40": (181.0, "L40 data sheet, 2022"),
    r"L40S": (362.0, "L40S data sheet, 2023"),
    r"RTX 6000 Ada Generation": (364.2, "RTX 6000 Ada data sheet, 2023"),
    r"GeForce RTX 3090": (71.0, "GA102 white paper, 2020"),
    r"GeForce RTX 4090": (165.2, "Ada white paper, 2022"),
    r"GeForce RTX 5090": (209.5, "RTX Blackwell white paper, 2025"),
}
_UNTESTED = "The workbench was not tested on such a device."
_SIDE = {"cpu": 1024, "mps": 2048, "cuda": 8192}
_ROUNDS = 12


@dataclass(frozen=True)
class Device:
    """`kind` is cpu, cuda or mps; `dtype` a name of torch's; `reason` a sentence with the facts that decided."""

    kind: str
    dtype: str
    threads: int
    reason: str


@dataclass(frozen=True)
class Peak:
    """The fastest that a device multiplies matrices, in floating-point operations a second; `source` is who says so."""

    flops: float
    source: str


def choose_device(preferred: str = "auto") -> Device:
    """Imports torch. OptionsError when a device is asked for by name and torch cannot use it."""
    if preferred not in KINDS:
        raise OptionsError(f"there is no device {preferred!r}", hint=f"the devices are {', '.join(KINDS)}")
    if preferred == "cpu":
        return _cpu("it was asked for")
    if preferred in ("auto", "cuda") and (device := _cuda()):
        return device
    if preferred in ("auto", "mps") and (device := _mps()):
        return device
    if preferred == "auto":
        return _cpu("torch sees neither a CUDA device nor Apple's Metal")
    raise OptionsError(f"torch cannot use {preferred} on this machine", hint="take device auto or cpu")


def peak_of(device: Device) -> Peak:
    """A known card's data sheet for bfloat16, elsewhere what matrices of this size reach here and now (under a second).

    Imports torch. A measured peak is that of torch's threads as they are set at the first call.
    """
    import torch

    if device.kind == "cuda" and device.dtype == "bfloat16":
        name = torch.cuda.get_device_properties(0).name.removeprefix("NVIDIA ")
        for pattern, (teraflops, source) in _PEAKS.items():
            if re.fullmatch(pattern, name) and "MIG" not in name:
                return Peak(teraflops * 1e12, f"{name}, dense bfloat16, {source}")
    return _measured_peak(device.kind, device.dtype)


@cache
def _measured_peak(kind: str, dtype: str) -> Peak:
    import torch

    side = _SIDE[kind]
    generator = torch.Generator().manual_seed(0)  # so that nobody else's random numbers change
    matrix = torch.rand((side, side), generator=generator).to(kind, getattr(torch, dtype))
    times = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        product = matrix @ matrix
        product[0, 0].item()  # waits for a device that computes beside
        times.append(time.perf_counter() - start)
    where = f"{torch.get_num_threads()} threads" if kind == "cpu" else kind
    return Peak(2 * side**3 / min(times), f"measured, {side}-wide {dtype} matrices, {where}")


def usable_threads() -> int:
    """Processors that this process may use: its affinity, or a container's quota where that is less."""
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity else (os.cpu_count() or 1)
    return max(1, min(count, _quota() or count))


def _quota() -> int:
    """Whole processors that the control group grants (Linux' cgroup v2: microseconds of each period); 0: no limit."""
    try:
        granted, period = _QUOTA.read_text().split()
    except (OSError, ValueError):
        return 0
    return 0 if granted == "max" else max(1, int(granted) // int(period))


def _cpu(why: str) -> Device:
    threads = usable_threads()
    return Device("cpu", "float32", threads, f"The CPU with {threads} threads in float32, because {why}.")


def _cuda() -> Device | None:
    import torch

    if not torch.cuda.is_available():
        return None
    properties = torch.cuda.get_device_properties(0)
    facts = f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    if torch.cuda.is_bf16_supported(including_emulation=False):
        reason = f"CUDA ({facts}) in bfloat16, which it computes natively. {_UNTESTED}"
        return Device("cuda", "bfloat16", usable_threads(), reason)
    why = "it has no native bfloat16 and float16 overflows in training"
    return Device("cuda", "float32", usable_threads(), f"CUDA ({facts}) in float32, because {why}. {_UNTESTED}")


def _mps() -> Device | None:
    import torch

    if not torch.backends.mps.is_available():
        return None
    reason = f"Apple's Metal in float32, because torch sees it and no CUDA. {_UNTESTED}"
    return Device("mps", "float32", usable_threads(), reason)
