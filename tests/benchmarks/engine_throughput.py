"""Tokens per second of the workbench's llama.cpp engine beside a serial loop of Llama.create_completion.

    python tests/benchmarks/engine_throughput.py [--model FILE.gguf] [--rounds 3] [--threads 1]

Two loads: `samples`, 16 answers to each prompt, and `leaves`, prompts of several leaves taking turns. Each prompt has
400 tokens that it shares with others of its leaf and 60 of its own; each answer has 64. Arms take turns within a round;
of each arm the best round counts, by processor time, which other processes disturb less than time on the clock.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

from workbench.engines.engine import Request, Sampling, sample_seed
from workbench.engines.llamacpp import LlamaEngine
from workbench.engines.pool import Settings
from workbench.export import export_gguf, quantize

SHARED, OWN, NEW = 400, 60, 64
SAMPLING = Sampling(max_tokens=NEW, temperature=1.0)
ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Measured:
    tokens: int
    wall: float
    processor: float


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        model = arguments.model or random_model(Path(folder))
        threads = arguments.threads
        _say(settings=_versions() | {"model": model.name, "threads": threads, "rounds": arguments.rounds})
        for name, requests in _loads(model, arguments.prompts).items():
            _say(load=name, answers=sum(request.samples for request in requests))
            _compare(model, requests, threads, arguments.rounds)


def _compare(model: Path, requests: list[Request], threads: int, rounds: int) -> None:
    arms: dict[str, Callable[[], Measured]] = {"serial": partial(serial, model, requests, threads)}
    for sequences in (1, 4, 8, 16, 32):
        arms[f"ours, {sequences}"] = partial(ours, model, requests, threads, sequences)
    found: dict[str, list[Measured]] = {name: [] for name in arms}
    for _ in range(rounds):
        for name, run in arms.items():
            found[name].append(run())
    best = {name: min(each, key=lambda one: one.processor / one.tokens) for name, each in found.items()}
    base = best["serial"].tokens / best["serial"].processor
    for name, one in best.items():
        rate = one.tokens / one.processor
        _say(
            arm=name,
            tokens=one.tokens,
            tokens_per_processor_second=round(rate),
            tokens_per_second=round(one.tokens / one.wall),
            ratio=round(rate / base, 2),
        )


def ours(model: Path, requests: list[Request], threads: int, sequences: int) -> Measured:
    engine = LlamaEngine(model, Settings(context_size=0, sequences=sequences, threads=threads))
    with _Clock() as clock, engine.session() as session:
        for request in requests:
            session.submit(request)
        tokens = sum(done.tokens for done in session)
    engine.close()
    return clock.measured(tokens)


def serial(model: Path, requests: list[Request], threads: int) -> Measured:
    from llama_cpp import Llama

    llama = Llama(str(model), n_ctx=1024, n_threads=threads, n_threads_batch=threads, verbose=False)
    tokens = 0
    with _Clock() as clock:
        for request in requests:
            for index in range(request.samples):
                done: Any = llama.create_completion(
                    request.prompt,
                    max_tokens=NEW,
                    temperature=1.0,
                    top_p=1.0,
                    top_k=0,
                    min_p=0.0,
                    repeat_penalty=1.0,
                    seed=sample_seed(request.seed, index),
                )
                tokens += done["usage"]["completion_tokens"]
    llama.close()
    return clock.measured(tokens)


class _Clock:
    def __enter__(self) -> "_Clock":
        self._wall, self._processor = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self._wall = time.perf_counter() - self._wall
        self._processor = time.process_time() - self._processor

    def measured(self, tokens: int) -> Measured:
        return Measured(tokens, self._wall, self._processor)


def _loads(model: Path, prompts: int) -> dict[str, list[Request]]:
    engine = LlamaEngine(model)
    texts = list(_prompts(engine, leaves=6, each=prompts))
    engine.close()
    one_leaf = [text for number, text in enumerate(texts) if number % 6 == 0]
    return {
        "samples": [_request(number, text, 16) for number, text in enumerate(one_leaf[: max(1, prompts // 2)])],
        "leaves": [_request(number, text, 1) for number, text in enumerate(texts)],
    }


def _request(number: int, text: str, samples: int) -> Request:
    return Request(str(number), prompt=text, sampling=SAMPLING, seed=number, samples=samples)


def _prompts(engine: LlamaEngine, leaves: int, each: int) -> Iterator[str]:
    """Prompts of the leaves in turn, cut to length by the model's own count."""
    generator = Random(1)
    words = _text().split()
    shared = [_cut(engine, words[start:], SHARED) for start in generator.sample(range(len(words) // 2), leaves)]
    for _ in range(each):
        for beginning in shared:
            yield f"{beginning} {_cut(engine, words[generator.randrange(len(words) // 2) :], OWN)}"


def _cut(engine: LlamaEngine, words: list[str], tokens: int) -> str:
    count = tokens
    while engine.count_tokens(" ".join(words[:count])) > tokens:
        count = count * 9 // 10
    return " ".join(words[:count])


def _text() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workbench").rglob("*.py")))


def random_model(folder: Path) -> Path:
    """A model of the embedded teacher's shape with random weights, as Q4_K_M."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from workbench.seedling.tokenizer import save_tokenizer, train_tokenizer

    source = folder / "random"
    save_tokenizer(train_tokenizer([_text()], 2048), source, 1024)
    config = LlamaConfig(
        vocab_size=2048,
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        eos_token_id=1,
        pad_token_id=0,
        bos_token_id=None,
    )
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(source)
    whole = export_gguf(source, folder / "random-F16.gguf")
    return quantize(whole, folder / "random-Q4_K_M.gguf")


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("llama_cpp_python", "gguf", "numpy")}


def _say(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prompts", type=int, default=6, help="prompts a leaf")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
