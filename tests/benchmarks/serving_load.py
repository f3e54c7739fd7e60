"""Many clients of a server at once: the workbench's, and llama_cpp.server on the same file, taking turns.

    python -m tests.benchmarks.serving_load [--clients 32] [--seconds 120] [--rounds 2]

Each client asks again as soon as it has its answer: a chat of about 460 tokens, the first 400 of them shared with
others, that is answered with 64 tokens, streamed. Everybody draws equally many: the file is the embedded teacher in
which no token ends an answer. Both servers stand beside each other, and in each round one after the other has all
clients for its share of the seconds, llama_cpp.server for half as long; requests that are under way then are waited
for. A request is lost when its stream ends without its end, and failed with any other status than 200. llama_cpp.server
has one thread, with which this model is fastest there, and leaves streams alone when others ask, which by default it
breaks off.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.engine_loads import NEW, make_loads
from tests.benchmarks.engine_models import make_model
from tests.benchmarks.engine_peers import server
from tests.serving.conftest import running
from workbench.engines.llamacpp import LlamaEngine

OURS, PEER = "ours", "llama_cpp.server"


@dataclass
class Tally:
    """What came of the requests to one server: seconds to the first text and to the end of each, and its tokens."""

    first: list[float] = field(default_factory=list)
    total: list[float] = field(default_factory=list)
    tokens: int = 0
    asked: int = 0
    failed: int = 0
    lost: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Tokens in a second."""
        return self.tokens / self.seconds

    def __str__(self) -> str:
        return (
            f"{self.asked:,} requests, {self.failed} failed, {self.lost} lost; {self.rate:,.0f} tokens/s; first text "
            f"median {_share(self.first, 50):.2f} s, p99 {_share(self.first, 99):.2f} s; whole answer "
            f"median {_share(self.total, 50):.2f} s, p99 {_share(self.total, 99):.2f} s"
        )


def measure(clients: int, seconds: float, rounds: int, folder: Path) -> dict[str, Tally]:
    """The tallies of `seconds` of ours and half of that of the other."""
    model = make_model("seedling", folder)
    engine = LlamaEngine(model)
    asked = [dict(message) for request in _requests(engine) for message in request]
    engine.close()
    with ExitStack() as stack:
        url, _ = stack.enter_context(server(model, 1, "--interrupt_requests", "false"))
        ours = stack.enter_context(running(folder, "--model", str(model)))
        tallies = {OURS: Tally(), PEER: Tally()}
        for _ in range(rounds):
            for name, address, share in ((OURS, ours.url, seconds), (PEER, f"{url}/v1", seconds / 2)):
                asyncio.run(_round(address, model.stem, asked, tallies[name], clients, share / rounds))
    return tallies


def _requests(engine: LlamaEngine) -> list[Sequence[Any]]:
    """Messages of six leaves, which take turns."""
    return [request.messages for request in make_loads(engine.count_tokens, 4, 6, 16)["leaves"].requests]


async def _round(url: str, model: str, asked: Sequence[Any], tally: Tally, clients: int, seconds: float) -> None:
    begun = time.perf_counter()
    numbers = iter(range(tally.asked, sys.maxsize))
    async with httpx.AsyncClient(timeout=600, limits=httpx.Limits(max_connections=clients)) as http:

        async def client() -> None:
            while time.perf_counter() - begun < seconds:
                number = next(numbers)
                tally.asked += 1
                body = {"messages": [asked[number % len(asked)]], "seed": number, "model": model}
                body |= {"max_tokens": NEW, "temperature": 1.0, "stream": True}
                await _ask(http, f"{url}/chat/completions", body, tally)

        await asyncio.gather(*(client() for _ in range(clients)))
    tally.seconds += time.perf_counter() - begun


async def _ask(http: httpx.AsyncClient, url: str, body: dict[str, Any], tally: Tally) -> None:
    begun, first, finish = time.perf_counter(), 0.0, None
    async with http.stream("POST", url, json=body) as answer:
        if answer.status_code != 200:
            tally.failed += 1
            return
        async for line in answer.aiter_lines():
            if not line.startswith("data: {"):
                continue
            choice = (json.loads(line.removeprefix("data: ")).get("choices") or [{}])[0]
            first = first or (time.perf_counter() if choice.get("delta", {}).get("content") else 0.0)
            finish = choice.get("finish_reason") or finish
    if finish is None:
        tally.lost += 1
        return
    tally.first.append(first - begun)
    tally.total.append(time.perf_counter() - begun)
    tally.tokens += NEW


def _share(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1] if len(values) > 1 else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=120.0, help="of the workbench's server")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, tally in measure(arguments.clients, arguments.seconds, arguments.rounds, Path(folder)).items():
            sys.stdout.write(f"{name}: {tally}\n")


if __name__ == "__main__":
    main()
