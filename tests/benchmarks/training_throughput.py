"""Useful tokens per second of the workbench's training loop and of its peers on a processor.

    python -m tests.benchmarks.training_throughput [--rounds N] [--threads N] [--micro-batch-tokens N]

A Llama of 8.7 million weights in float32 and 200 chat-like samples of log-normal length (mean 250, deviation 200, cut
at 1024). Every arm takes the same 20 effective batches of 16 with AdamW and must lose the same within 1e-4 in each
step; arms take turns within a round, and of each the median round counts. TRL's arms need `trl` and `datasets`.

Useful tokens are those of the samples. Useful operations are two for each weight and token forward and four backward,
the head on targets only, and attention over what precedes a token (workbench.training.meters). The machine's rate is
that of torch.matmul in float32 with as many threads, in the shapes of this model's products, each at its fastest. The
share of it that counts is by the clock, on a machine with nothing else to do: what else runs slows a whole step and not
the fastest of fifteen products. The share by processor sets the processors' seconds of a step against those of the
products, which is one and the same with `--threads 1`, whatever else runs.
"""

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from tests.benchmarks.training_arms import ours, plain, trl
from tests.benchmarks.training_loads import Batches, Measured, make_batches, make_model, matrix_rate, tokens
from workbench.engines.settings import available_cores

STEPS, BATCH_SIZE, GROUPED = 20, 16, 4
PACKAGES = ("torch", "transformers", "trl", "accelerate", "datasets")
OURS, PADDED = "ours", "trl padded"
EQUAL = 1e-4


def main() -> None:
    arguments = _arguments()
    import torch

    torch.set_num_threads(arguments.threads)
    batches = make_batches(arguments.steps, BATCH_SIZE)
    _say(python=platform.python_version(), threads=arguments.threads, **{name: _version(name) for name in PACKAGES})
    _say(
        weights=sum(weight.numel() for weight in make_model().parameters()), dtype="float32", optimizer="adamw",
        effective_batch=BATCH_SIZE, steps=len(batches), rounds=arguments.rounds, useful_tokens=tokens(batches),
        micro_batch_tokens=arguments.micro_batch_tokens, machine_load=round(os.getloadavg()[0], 1),
    )  # fmt: skip
    arms = _arms(batches, arguments)
    found, rates = _rounds(arms, batches, arguments)
    _report(found, rates, batches)


def _arms(batches: Batches, arguments: argparse.Namespace) -> dict[str, Callable[[Batches], Measured]]:
    arms: dict[str, Callable[[Batches], Measured]] = {
        OURS: partial(ours, micro_batch_tokens=arguments.micro_batch_tokens),
        "plain padded": plain,
    }
    if find_spec("trl") and find_spec("datasets"):
        arms[PADDED] = partial(trl, rows=BATCH_SIZE)
        arms["trl grouped"] = partial(trl, rows=GROUPED)
    else:
        _say(left_out="the arms of TRL: pip install trl datasets to have them")
    return {name: arm for name, arm in arms.items() if not arguments.arms or name in arguments.arms}


def _rounds(
    arms: dict[str, Callable[[Batches], Measured]], batches: Batches, arguments: argparse.Namespace
) -> tuple[dict[str, list[Measured]], list[tuple[float, float]]]:
    """The arms take turns, so that what disturbs the machine disturbs all of them; a step before only warms up."""
    for arm in arms.values():
        arm(batches[:1])
    found: dict[str, list[Measured]] = {name: [] for name in arms}
    rates = []
    for number in range(arguments.rounds):
        rates.append(matrix_rate(make_model(), arguments.micro_batch_tokens))
        for name in arms if number % 2 == 0 else reversed(arms):
            found[name].append(arms[name](batches))
            last = found[name][-1]
            _say(round=number + 1, arm=name, seconds=round(last.seconds, 2), processor=round(last.processor, 2))
    return found, rates


def _report(found: dict[str, list[Measured]], rates: list[tuple[float, float]], batches: Batches) -> None:
    from workbench.training.meters import Cost

    useful = tokens(batches)
    flops = sum(map(Cost.of(make_model()).flops, batches))
    machine = statistics.median(rate for rate, _ in rates)
    _say(matmul_gflops=round(machine / 1e9, 1), useful_gflop=round(flops / 1e9))
    for name, measured in found.items():
        seconds = statistics.median(one.seconds for one in measured)
        pairs = list(zip(measured, rates, strict=True))
        wall = statistics.median(flops / one.seconds / rate for one, (rate, _) in pairs)
        processor = statistics.median(flops / one.processor / rate for one, (_, rate) in pairs)
        _say(
            arm=name,
            useful_tokens_per_second=round(useful / seconds),
            share_of_matmul_rate=round(wall, 3),
            share_by_processor=round(processor, 3),
        )
    for name, measured in found.items():
        if name != OURS and OURS in found:
            both = list(zip(measured, found[OURS], strict=True))
            wall = statistics.median(them.seconds / us.seconds for them, us in both)
            processor = statistics.median(them.processor / us.processor for them, us in both)
            _say(ours_to=name, times=round(wall, 2), times_by_processor=round(processor, 2))
    apart = max(_apart(one.losses, next(iter(found.values()))[0].losses) for all_ in found.values() for one in all_)
    _say(losses_apart=apart, equal=apart <= EQUAL)
    if apart > EQUAL:
        sys.exit("the arms do not lose the same: their times say nothing")


def _apart(losses: tuple[float, ...], others: tuple[float, ...]) -> float:
    return max(abs(one - other) for one, other in zip(losses, others, strict=True))


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
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--micro-batch-tokens", type=int, default=2048)
    parser.add_argument("--arms", nargs="+", default=[], help="only these, by name")
    return parser.parse_args()


if __name__ == "__main__":
    main()
