"""What engines are asked when they are compared: prompts with a long part in common and a short one of their own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from workbench.engines.engine import Request, Sampling
from workbench.messages import user

SHARED, OWN, NEW = 400, 60, 64
SAMPLING = Sampling(max_tokens=NEW, temperature=1.0)
_ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Load:
    """`shared` of a prompt's tokens are common to those that run side by side. No engine can do with fewer than
    `needed` evaluated prompt tokens."""

    name: str
    requests: tuple[Request, ...]
    shared: int
    needed: int

    @property
    def answers(self) -> int:
        return sum(request.samples for request in self.requests)


def make_loads(count: Callable[[str], int], prompts: int, leaves: int, each: int) -> dict[str, Load]:
    """`samples`: 16 samples to each of some prompts of one leaf. `leaves`: prompts of several leaves, which take turns,
    so that no two in a row begin alike."""
    texts = list(_prompts(count, max(leaves, 1), max(each, prompts)))
    one_leaf, turns = texts[:: max(leaves, 1)][:prompts], texts[: leaves * each]
    return {
        "samples": Load(
            "samples",
            tuple(_request(number, text, 16) for number, text in enumerate(one_leaf)),
            SHARED + OWN,
            SHARED + OWN * prompts,
        ),
        "leaves": Load(
            "leaves",
            tuple(_request(number, text, 1) for number, text in enumerate(turns)),
            SHARED,
            SHARED * leaves + OWN * leaves * each,
        ),
    }


def _request(number: int, text: str, samples: int) -> Request:
    return Request(str(number), messages=(user(text),), sampling=SAMPLING, seed=number, samples=samples)


def _prompts(count: Callable[[str], int], leaves: int, each: int) -> Iterator[str]:
    generator = Random(1)
    words = _words()
    shared = [_cut(count, words[start:], SHARED) for start in generator.sample(range(len(words) // 2), leaves)]
    for _ in range(each):
        for beginning in shared:
            yield f"{beginning} {_cut(count, words[generator.randrange(len(words) // 2) :], OWN)}"


def _cut(count: Callable[[str], int], words: list[str], tokens: int) -> str:
    """As many words as have no more than so many tokens."""
    number = 1
    while count(" ".join(words[: number + 1])) <= tokens:
        number += 1
    return " ".join(words[:number])


def _words() -> list[str]:
    texts = [path.read_text(encoding="utf-8") for path in sorted((_ROOT / "taxonomy").rglob("*.md"))]
    texts += [path.read_text(encoding="utf-8") for path in sorted((_ROOT / "workbench").rglob("*.py"))]
    return "\n".join(texts).split()
