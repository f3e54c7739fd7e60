"""Time of sieving near-duplicates beside a pairwise loop with the package rouge-score, and whether verdicts agree.

    python -m tests.benchmarks.near_duplicates [--samples 5000]

The texts come in families that differ by as many words as puts their likeness around the threshold. A whole pairwise
loop would take days, so it is timed on a random share of the comparisons that it would make (those up to the first
twin), between parts of the sieve, and its time is that share's mean times their number. Times are processor time, which
other work on the machine does not lengthen. Verdicts are compared on every pair that could be a twin:
rouge-score measures all pairs whose common words, in any order, would allow a likeness above the threshold less 0.05;
no other pair can reach it, since words shared in order are shared. `near pairs` are those with a likeness of at least
the threshold less 0.2.
"""

import argparse
import json
import platform
import random
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from rapidfuzz.distance import LCSseq
from rouge_score.rouge_scorer import RougeScorer

from workbench.generation.near_duplicates import Seen, words

_FAMILY = 5
_PARTS = 20
_CLOSE, _NEAR = 0.05, 0.2
_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo yu za bre cli dro fla gre".split()


def compare(samples: int = 5000, timed_pairs: int = 1000, threshold: float = 0.9, seed: int = 7) -> dict[str, Any]:
    """Seconds of both ways, their ratio, how many verdicts differ, and the share of near pairs at the threshold."""
    texts = make_texts(samples, seed)
    rouge = RougeScorer(["rougeL"])
    measured = {pair: _rouge(rouge, texts, pair) for pair in possible_pairs(texts, threshold - _CLOSE)}
    near = measured | near_pairs(texts, threshold - _NEAR, measured)
    theirs, pairs = pairwise(len(texts), {pair for pair, value in measured.items() if value >= threshold})
    share = random.Random(seed).sample(pairs, min(timed_pairs, len(pairs)))
    verdicts, ours, seconds = interleaved(texts, threshold, [(texts[old], texts[new]) for old, new in share])
    loop = seconds / len(share) * len(pairs)
    close = sum(abs(value - threshold) <= _CLOSE for value in near.values())
    return {
        "samples": samples,
        "words": {"least": min(map(_size, texts)), "most": max(map(_size, texts))},
        "threshold": threshold,
        "twins": sum(verdicts),
        "verdicts_differ": sum(one != other for one, other in zip(verdicts, theirs, strict=True)),
        "pairs_measured_by_rouge_score": len(measured),
        "near_pairs": sum(value >= threshold - _NEAR for value in near.values()),
        "share_of_near_pairs_within_0.05": round(close / max(1, len(near)), 3),
        "seconds": round(ours, 3),
        "pairwise_comparisons": len(pairs),
        "pairwise_timed": len(share),
        "pairwise_milliseconds_each": round(seconds / len(share) * 1000, 3),
        "pairwise_hours": round(loop / 3600, 2),
        "ratio": round(loop / ours),
    }


def make_texts(samples: int, seed: int) -> list[str]:
    """Families of texts of 40 to 90 words, mixed; words are as unevenly frequent as in prose."""
    rng = random.Random(seed)
    vocabulary = ["".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4))) for _ in range(4000)]
    weights = [1 / (rank + 3) for rank in range(len(vocabulary))]
    texts: list[str] = []
    while len(texts) < samples:
        base = rng.choices(vocabulary, weights, k=rng.randint(40, 90))
        for _ in range(_FAMILY):
            changed = rng.uniform(0.0, 0.12)
            kept = [rng.choice(vocabulary) if rng.random() < changed else word for word in base]
            texts.append(" ".join(kept).capitalize() + ".")
    del texts[samples:]
    rng.shuffle(texts)
    return texts


def interleaved(
    texts: Sequence[str], threshold: float, pairs: Sequence[tuple[str, str]]
) -> tuple[list[bool], float, float]:
    """Whether each text is a twin of an earlier one that was kept, seconds for all of it, seconds for those pairs with
    rouge-score."""
    seen, scorer = Seen(threshold), RougeScorer(["rougeL"])
    verdicts: list[bool] = []
    ours = theirs = 0.0
    for part in range(_PARTS):
        begun = time.process_time()
        for text in texts[len(texts) * part // _PARTS : len(texts) * (part + 1) // _PARTS]:
            verdicts.append(seen.twin(text))
            if not verdicts[-1]:
                seen.add(text)
        between = time.process_time()
        for one, other in pairs[part::_PARTS]:
            scorer.score(one, other)
        ours, theirs = ours + between - begun, theirs + time.process_time() - between
    return verdicts, ours, theirs


def pairwise(count: int, twins: set[tuple[int, int]]) -> tuple[list[bool], list[tuple[int, int]]]:
    """The verdicts of a loop over all kept texts that ends at the first twin, and the pairs that it compares."""
    kept: list[int] = []
    verdicts, pairs = [], []
    for new in range(count):
        verdict = False
        for old in kept:
            pairs.append((old, new))
            if (old, new) in twins:
                verdict = True
                break
        verdicts.append(verdict)
        if not verdict:
            kept.append(new)
    return verdicts, pairs


def possible_pairs(texts: Sequence[str], least: float) -> Iterator[tuple[int, int]]:
    """Pairs whose common words would allow that likeness in some order."""
    cut = [words(text) for text in texts]
    numbers = {word: number for number, word in enumerate(sorted({word for each in cut for word in each}))}
    counts = np.zeros((len(texts), len(numbers)), np.int16)
    for row, each in enumerate(cut):
        np.add.at(counts[row], [numbers[word] for word in each], 1)
    sizes = counts.sum(axis=1)
    for new in range(1, len(texts)):
        own = np.flatnonzero(counts[new])
        common = np.minimum(counts[:new, own], counts[new, own]).sum(axis=1)
        for old in np.flatnonzero(2 * common >= least * (sizes[:new] + sizes[new]) - 1e-9):
            yield int(old), new


def near_pairs(texts: Sequence[str], least: float, known: dict[tuple[int, int], float]) -> dict[tuple[int, int], float]:
    """Pairs with that likeness at least, besides those known."""
    cut = [words(text) for text in texts]
    found = {}
    for old, new in possible_pairs(texts, least):
        total = len(cut[old]) + len(cut[new])
        if (old, new) not in known and (value := 2 * LCSseq.similarity(cut[old], cut[new]) / total) >= least:
            found[old, new] = value
    return found


def _rouge(scorer: RougeScorer, texts: Sequence[str], pair: tuple[int, int]) -> float:
    return float(scorer.score(texts[pair[0]], texts[pair[1]])["rougeL"].fmeasure)


def _size(text: str) -> int:
    return len(text.split())


def main() -> None:
    parser = argparse.ArgumentParser(description="time of sieving near-duplicates beside a loop with rouge-score")
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--threshold", type=float, default=0.9)
    parser.add_argument("--timed-pairs", type=int, default=1000)
    arguments = parser.parse_args()
    versions = {name: version(name) for name in ("rouge-score", "rapidfuzz", "numpy")}
    sys.stdout.write(json.dumps({"python": platform.python_version(), **versions}) + "\n")
    found = compare(arguments.samples, arguments.timed_pairs, arguments.threshold)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
