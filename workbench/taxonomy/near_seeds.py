"""Seed examples that say the same twice, exactly or nearly: the teacher would write the same again and again."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from rapidfuzz.distance import LCSseq

from workbench.taxonomy.findings import Finding
from workbench.taxonomy.qna import Qna
from workbench.taxonomy.yaml_file import Keys, YamlFile

# Two texts are nearly the same when they share this part of their words in order.
LIKENESS = 0.9
# What is compared at most, so that a file of thousands of examples made by one pattern is still checked at once.
_WORDS = 1000
_COMPARISONS = 20_000


@dataclass(frozen=True)
class _Item:
    """`parts` are compared one by one, as lists of words; `keys` lead to where a finding about it belongs."""

    keys: Keys
    parts: tuple[tuple[str, ...], ...]

    @property
    def numbers(self) -> list[str]:
        """Examples made by one pattern differ in these alone, and mean different things."""
        return sorted(word for part in self.parts for word in part if any(letter.isdigit() for letter in word))


def check_likeness(file: YamlFile, qna: Qna) -> Iterator[Finding]:
    """Contexts of knowledge, and the questions within a context; the whole examples of a skill."""
    if qna.kind == "skill":
        yield from _alike(file, [_example(qna, number) for number in range(len(qna.seed_examples))], "question")
        return
    contexts = [(number, seed) for number, seed in enumerate(qna.seed_examples) if seed.context.strip()]
    items = [_Item(("seed_examples", number, "context"), (_words(seed.context),)) for number, seed in contexts]
    yield from _alike(file, items, "context")
    for number, seed in enumerate(qna.seed_examples):
        keys = ("seed_examples", number, "questions_and_answers")
        pairs = [
            _Item((*keys, place, "question"), (_words(pair.question), _words(pair.answer)))
            for place, pair in enumerate(seed.pairs)
            if pair.question.strip()
        ]
        yield from _alike(file, pairs, "question")


def _example(qna: Qna, number: int) -> _Item:
    seed = qna.seed_examples[number]
    question, answer = (seed.pairs[0].question, seed.pairs[0].answer) if seed.pairs else ("", "")
    return _Item(("seed_examples", number, "question"), (_words(question), _words(answer), _words(seed.context)))


def _alike(file: YamlFile, items: Sequence[_Item], name: str) -> Iterator[Finding]:
    seen: dict[object, _Item] = {}
    fresh: list[_Item] = []
    for item in items:
        # A question may come again about another context; the answer does not make it another question.
        same = seen.setdefault((item.parts[0], item.parts[2:]), item)
        if same is item or not item.parts[0]:
            fresh.append(item)
            continue
        message = f"the same {name} as in line {file.position(same.keys)[0]}"
        hint = "ask something else, or delete one of the two" if name == "question" else "put their pairs together"
        yield replace(file.finding(item.keys, f"repeated-{name}", message, hint=hint), severity="warning")
    for first, second in _twins(fresh):
        message = f"nearly the same {name} as in line {file.position(first.keys)[0]}"
        hint = "seeds that differ teach more: make it another one, or delete it"
        yield replace(file.finding(second.keys, "near-duplicate", message, hint=hint), severity="advice")


def _twins(items: Sequence[_Item]) -> Iterator[tuple[_Item, _Item]]:
    """Each item that is nearly the same as an earlier one, with the first such.

    Compared are only items that share one of their rarest words: of n words, two texts as like as the threshold t
    share at least n t / (2 - t), so that one of the n - n t / (2 - t) + 1 rarest is shared too (prefix filtering, as
    for joins of similar sets).
    """
    counts = Counter(word for item in items for word in item.parts[0])
    by_word: dict[str, list[int]] = defaultdict(list)
    compared = 0
    for number, item in enumerate(items):
        rarest = sorted(item.parts[0][:_WORDS], key=lambda word: (counts[word], word))
        shared = ceil(len(rarest) * LIKENESS / (2 - LIKENESS))
        prefix = dict.fromkeys(rarest[: len(rarest) - shared + 1])
        earlier = sorted({other for word in prefix for other in by_word[word]})
        compared += len(earlier)
        if compared > _COMPARISONS:
            return
        if twin := next((items[other] for other in earlier if _is_like(items[other], item)), None):
            yield twin, item
        for word in prefix:
            by_word[word].append(number)


def _is_like(first: _Item, second: _Item) -> bool:
    alike = all(_likeness(one, other) >= LIKENESS for one, other in zip(first.parts, second.parts, strict=True))
    return alike and first.numbers == second.numbers


def _likeness(first: Sequence[str], second: Sequence[str]) -> float:
    first, second = first[:_WORDS], second[:_WORDS]
    total = len(first) + len(second)
    return 2 * LCSseq.similarity(first, second) / total if total else 1.0


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+|[^\w\s]", text.casefold()))
