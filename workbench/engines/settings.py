"""How a model is run on this machine: what was asked for, and for what was left open what suits it, with the reason."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.device import usable_threads

# Tokens times parameters that are worth a thread: below that it waits longer for the others than it helps.
THREAD_WORK = 15_000_000
# Above this many parameters reading weights once for many sequences outweighs the attention of each, and memory counts.
_LARGE = 100_000_000
_BATCH = 512
# Python's part of the work goes on in one thread at a time, which leaves nothing to win with many more.
_MOST_CONTEXTS = 8
_TOPOLOGY = Path("/sys/devices/system/cpu")


@dataclass(frozen=True, slots=True)
class Settings:
    """One request may hold `context_size` tokens. `sequences` run at once, and of what was evaluated `prefixes`
    beginnings are kept, in `contexts` contexts that are worked on side by side. `batch` is the most tokens that one
    evaluation takes, `threads` the most threads; `gpu_layers` layers are on a GPU, -1 all. `exact` see `LlamaContext`.
    0 and None leave the choice to `suited`."""

    context_size: int = 0
    sequences: int = 0
    prefixes: int | None = None
    contexts: int = 0
    batch: int = 0
    threads: int = 0
    gpu_layers: int = -1
    exact: bool | None = None


def divided(settings: Settings) -> Settings:
    """What each of the contexts gets."""
    contexts = settings.contexts
    return replace(
        settings,
        sequences=-(-settings.sequences // contexts),
        prefixes=-(-(settings.prefixes or 0) // contexts),
        threads=settings.threads // contexts,
        contexts=1,
    )


def suited(settings: Settings, *, parameters: int, gpu: bool) -> tuple[Settings, str]:
    """Settings that leave nothing open for a model of so many parameters, and why they are so; `gpu` says whether
    llama.cpp can use one."""
    large = parameters > _LARGE
    threads = settings.threads or available_cores()
    sequences = settings.sequences or (32 if large else 16)
    exact = settings.exact if settings.exact is not None else not (large or (gpu and settings.gpu_layers))
    most = settings.contexts or (_MOST_CONTEXTS if exact and parameters < THREAD_WORK else 1)
    chosen = replace(
        settings,
        sequences=sequences,
        prefixes=settings.prefixes if settings.prefixes is not None else (8 if large else 4),
        batch=settings.batch or _BATCH,
        contexts=min(most, threads, sequences),
        threads=threads,
        gpu_layers=settings.gpu_layers if gpu else 0,
        exact=exact,
    )
    return chosen, " ".join([_place(settings, gpu), _threads(settings, chosen), _company(settings, chosen, parameters)])


def _place(settings: Settings, gpu: bool) -> str:
    if not gpu:
        return "On the CPU, because this llama.cpp was built without a GPU."
    if not settings.gpu_layers:
        return "On the CPU, because it was asked for."
    number = "All layers" if settings.gpu_layers < 0 else f"{settings.gpu_layers} layers"
    why = "llama.cpp can use one" if settings.gpu_layers < 0 else "it was asked for"
    return f"{number} on the GPU, because {why}."


def _threads(settings: Settings, chosen: Settings) -> str:
    why = "as was asked for" if settings.threads else "one for each core, fewer where a batch is too small to divide"
    if chosen.contexts == 1:
        return f"Up to {chosen.threads} threads, {why}."
    why = "as was asked for" if settings.contexts else "as threads would only wait for each other in so small a model"
    return f"Up to {chosen.threads} threads in {chosen.contexts} contexts, {why}."


def _company(settings: Settings, chosen: Settings, parameters: int) -> str:
    size = f"{parameters / 1e6:,.0f} million parameters"
    why = "as was asked for" if settings.sequences and settings.batch else f"which suits {size}"
    return f"{chosen.sequences} sequences at once in batches of up to {chosen.batch} tokens, {why}."


def available_cores() -> int:
    """Physical cores that this process may use: two threads of one core only get in each other's way here."""
    allowed = getattr(os, "sched_getaffinity", None)
    if allowed is None:
        return usable_threads()
    cores = {_core(number) for number in allowed(0)}
    return max(1, min(len(cores), usable_threads()))


def _core(processor: int) -> tuple[str, str]:
    folder = _TOPOLOGY / f"cpu{processor}" / "topology"
    try:
        return (folder / "physical_package_id").read_text(), (folder / "core_id").read_text()
    except OSError:
        return "", str(processor)
