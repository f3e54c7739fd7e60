"""Tokens per second of the workbench's llama.cpp engine, of its peers, and of llama.cpp itself.

    python -m tests.benchmarks.engine_throughput [--model seedling|random|all] [--load samples|leaves|all] [--rounds N]

The same prompts to (a) a serial loop of `Llama.create_chat_completion`, (b) `python -m llama_cpp.server` on loopback,
(c) the workbench's engine at 1, 4, 16 and 32 sequences. A prompt has 400 tokens that it shares with others of its leaf
and 60 of its own; an answer has 64. Two loads: `samples`, 16 answers to each prompt of one leaf, and `leaves`, prompts
of several leaves taking turns. Everybody draws equally many tokens: the model's file is a copy in which no token ends
an answer, but for one that the random model draws once in 1,500 times; rates count what was drawn. Arms take turns
within a round; of each the median round counts.

The ceiling of each number of sequences is what llama.cpp takes for the same prompt and new tokens without drawing, in
as many contexts and threads as the engine takes, with keys and values kept as it keeps them, measured in the same
round. The peers' threads are those with which one sequence is fastest: one for the seedling, whose operations are too
short to divide, and all cores for the random model; prompts take all cores in any case, which is the library's default.
`--threads` gives all the same.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks.engine_ceiling import ceiling
from tests.benchmarks.engine_loads import Load, make_loads
from tests.benchmarks.engine_models import make_model
from tests.benchmarks.engine_peers import Measured, Stopwatch, serial, served, server
from workbench.engines.llamacpp import LlamaEngine
from workbench.engines.settings import Settings, available_cores

SEQUENCES = (1, 4, 16, 32)
SIZES = {"seedling": (4, 6, 8), "random": (2, 3, 8)}  # prompts with 16 samples, leaves, prompts of each
ROUNDS = {"seedling": 3, "random": 1}
PACKAGES = ("llama_cpp_python", "numpy", "fastapi", "uvicorn", "starlette", "httpx")
Arms = dict[str, Callable[[], Measured]]


def main() -> None:
    arguments = _arguments()
    _say(python=platform.python_version(), cores=available_cores(), **{name: version(name) for name in PACKAGES})
    for kind in SIZES:
        if arguments.model in (kind, "all"):
            _measure(kind, arguments)


def _measure(kind: str, arguments: argparse.Namespace) -> None:
    model = make_model(kind, arguments.folder)
    engine = LlamaEngine(model, Settings(threads=arguments.threads))
    loads = make_loads(engine.count_tokens, *SIZES[kind])
    _say(model=model.name, ours=engine.reason)
    engine.close()
    peer = arguments.threads or (1 if kind == "seedling" else available_cores())
    rounds = arguments.rounds or ROUNDS[kind]
    with server(model, peer) as (url, process):
        for load in loads.values():
            if arguments.load in (load.name, "all"):
                _say(load=load.name, answers=load.answers, rounds=rounds, peer_threads=peer, machine_load=_busy())
                arms: Arms = {
                    "a, serial loop": partial(serial, model, load, peer),
                    "b, llama_cpp.server": partial(served, url, process, load),
                }
                for count in arguments.sequences:
                    arms[f"c, ours at {count}"] = partial(ours, model, load, count, arguments.threads)
                    arms[f"ceiling at {count}"] = partial(ceiling, model, load, count, arguments.threads)
                _report(_rounds(arms, rounds), arguments.sequences)


def ours(model: Path, load: Load, sequences: int, threads: int) -> Measured:
    """One session with all of the load's requests, in their order."""
    engine = LlamaEngine(model, Settings(sequences=sequences, threads=threads))
    watch = Stopwatch()
    with engine.session() as session:
        for request in load.requests:
            session.submit(request)
        tokens = sum(done.tokens for done in session)
    measured = watch.stop(tokens)
    engine.close()
    return measured


def _rounds(arms: Arms, rounds: int) -> dict[str, list[Measured]]:
    """The arms take turns, so that what disturbs the machine disturbs all of them."""
    found: dict[str, list[Measured]] = {name: [] for name in arms}
    for number in range(rounds):
        for name in arms if number % 2 == 0 else reversed(arms):
            found[name].append(arms[name]())
    return found


def _report(found: dict[str, list[Measured]], sequences: list[int]) -> None:
    for name, measured in found.items():
        rates = {"tokens_per_second": _rates(measured, "wall"), "per_processor_second": _rates(measured, "processor")}
        _say(arm=name, tokens=measured[0].tokens, **{key: round(statistics.median(r)) for key, r in rates.items()})
    for count in sequences:
        ratios: dict[str, float] = {}
        for name, other in (
            ("a", "a, serial loop"),
            ("b", "b, llama_cpp.server"),
            ("ceiling", f"ceiling at {count}"),
        ):
            for key in ("wall", "processor"):
                ratios[f"{key} to {name}"] = _ratio(found[f"c, ours at {count}"], found[other], key)
        _say(sequences=count, **ratios)


def _ratio(ours: list[Measured], other: list[Measured], key: str) -> float:
    """The median of the rounds' ratios."""
    pairs = zip(_rates(ours, key), _rates(other, key), strict=True)
    return round(statistics.median(mine / theirs for mine, theirs in pairs), 2)


def _rates(measured: list[Measured], key: str) -> list[float]:
    return [one.tokens / getattr(one, key) for one in measured]


def _busy() -> float:
    return round(os.getloadavg()[0], 1)


def _say(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=(*SIZES, "all"), default="all")
    parser.add_argument("--load", choices=("samples", "leaves", "all"), default="all")
    parser.add_argument("--rounds", type=int, default=0, help="0: 3 for the seedling, 1 for the random model")
    parser.add_argument("--threads", type=int, default=0, help="of everybody; 0: what suits each")
    parser.add_argument("--sequences", type=int, nargs="+", default=list(SEQUENCES))
    cache = Path(tempfile.gettempdir()) / "engine-throughput"
    parser.add_argument("--folder", type=Path, default=cache, help="where the models are made, and kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
