"""Where the arithmetic runs, and why: chosen once a step, written to its events, shown to the person."""

import os
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import OptionsError

KINDS = ("auto", "cpu", "cuda", "mps")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


@dataclass(frozen=True)
class Device:
    """`kind` is cpu, cuda or mps; `dtype` a name of torch's; `reason` a sentence with the facts that decided."""

    kind: str
    dtype: str
    threads: int
    reason: str


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
        return Device("cuda", "bfloat16", usable_threads(), f"CUDA ({facts}) in bfloat16, which it computes natively.")
    why = "it has no native bfloat16 and float16 overflows in training"
    return Device("cuda", "float32", usable_threads(), f"CUDA ({facts}) in float32, because {why}.")


def _mps() -> Device | None:
    import torch

    if not torch.backends.mps.is_available():
        return None
    return Device("mps", "float32", usable_threads(), "Apple's Metal in float32, because torch sees it and no CUDA.")
