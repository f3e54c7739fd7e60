import random
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenize import tokenize

from tests.benchmarks.near_duplicates import compare
from tests.conftest import Measure
from workbench.generation.near_duplicates import Seen, likeness, words

_ROUGE = RougeScorer(["rougeL"])
_TEXTS = st.lists(st.lists(st.sampled_from("abcdef"), max_size=12).map(" ".join), max_size=90)


def rouge(first: str, second: str) -> float:
    return float(_ROUGE.score(first, second)["rougeL"].fmeasure)


def test_words_are_compared_without_case_and_marks() -> None:
    assert words("Who built it, in 1843?") == ["who", "built", "it", "in", "1843"]
    seen = Seen(1.0)
    seen.add("Who built the Light?")
    assert seen.twin("who BUILT the light")
    assert not seen.twin("Who built the mill?")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a b c d", "a b c d", 1.0),
        ("a b c d", "a x c d", 0.75),
        ("a b c d", "d c b a", 0.25),
        ("a b", "a b c d e f", 0.5),
        ("a", "b", 0.0),
        ("", "", 0.0),
        ("a", "?", 0.0),
    ],
)
def test_likeness_is_rouge_l(first: str, second: str, expected: float) -> None:
    assert likeness(words(first), words(second)) == pytest.approx(expected)
    assert likeness(words(first), words(second)) == likeness(words(second), words(first)) == rouge(first, second)


@given(st.text(st.characters(max_codepoint=127)))
@example("snake_case_2 and don't, 3.14 % a-b\x1c\x85\n_")
def test_words_of_ascii_are_those_of_rouge_score(text: str) -> None:
    assert words(text) == tokenize(text, None)


@given(st.lists(st.sampled_from(["mill", "42", "\u2014", "\u20ac", "\u00ab", "\u2026", "\U0001f600"])))
def test_marks_of_every_kind_part_words_as_in_rouge_score(parts: list[str]) -> None:
    assert words("".join(parts)) == tokenize("".join(parts), None)


def test_words_of_every_script_are_words() -> None:
    russian = "\u041c\u0430\u044f\u043a \u043f\u043e\u0441\u0442\u0440\u043e\u0435\u043d"
    cafe = "Caf\u00e9 \u00e0 la cr\u00e8me"
    assert words(russian) == russian.lower().split()
    assert tokenize(russian, None) == []
    assert words(cafe) == words(unicodedata.normalize("NFD", cafe)) == ["caf\u00e9", "\u00e0", "la", "cr\u00e8me"]
    assert words("\u706f\u53f0\u306f12\u5e74") == ["\u706f", "\u53f0", "\u306f", "12", "\u5e74"]
    seen = Seen(0.9)
    seen.add(russian)
    assert seen.twin(russian.upper())


def test_the_threshold_itself_makes_a_twin() -> None:
    for threshold, twin in ((0.75, True), (0.76, False)):
        seen = Seen(threshold)
        seen.add("one two three four")
        assert seen.twin("one two three five") is twin


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 40))
def test_at_the_threshold_it_is_rounded_as_in_rouge_score(first: int, second: int, shared: int) -> None:
    shared = min(first, second, shared)
    one = " ".join(["same"] * shared + ["left"] * (first - shared))
    other = " ".join(["same"] * shared + ["right"] * (second - shared))
    value = rouge(one, other)
    if value:
        # What two texts measure, and the value that arithmetic without rounding gives.
        for threshold in (value, 2 * shared / (first + second)):
            seen = Seen(threshold)
            seen.add(one)
            assert seen.twin(other) is (value >= threshold)


@settings(max_examples=60, deadline=None)
@given(_TEXTS, st.floats(0.5, 1.0))
def test_verdicts_are_those_of_all_pairs(texts: list[str], threshold: float) -> None:
    seen = Seen(threshold)
    kept: list[list[str]] = []
    for text in texts:
        new = words(text)
        twin = any(likeness(new, old) >= threshold for old in kept)
        assert seen.twin(text) is twin
        if not twin:
            seen.add(text)
            kept.append(new)


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_words_that_come_late_change_no_verdict(threshold: float) -> None:
    """New words all the time, in texts of which some are alike but for a few words and their order."""
    rng = random.Random(2)
    seen = Seen(threshold)
    kept: list[list[str]] = []
    twins = 0
    for number in range(600):
        text = [f"w{rng.randrange(10 * number + 10)}" for _ in range(rng.randint(1, 12))]
        if kept and rng.random() < 0.6:
            text = [word if rng.random() < 0.8 else f"new{number}" for word in rng.choice(kept)]
            text.insert(rng.randint(0, len(text)), text.pop())
        twin = any(likeness(text, old) >= threshold for old in kept)
        assert seen.twin(" ".join(text)) is twin
        twins += twin
        if not twin:
            seen.add(" ".join(text))
            kept.append(text)
    assert twins > 20


def test_the_order_of_rare_words_changes_no_verdict() -> None:
    rng = random.Random(1)
    texts = [" ".join(rng.choices("abcdefgh", k=rng.randint(0, 9))) for _ in range(400)]
    seen = Seen(0.7)
    kept: list[str] = []
    for text in texts:
        twin = any(rouge(text, other) >= 0.7 for other in kept)
        assert seen.twin(text) is twin
        if not twin:
            seen.add(text)
            kept.append(text)
    # The index was made anew more than once.
    assert 130 < len(kept) < 400


def test_the_benchmark_compares_like_with_like() -> None:
    found = compare(samples=150, timed_pairs=20, threshold=0.9, seed=3)
    assert found["verdicts_differ"] == 0
    assert found["share_of_near_pairs_within_0.05"] >= 0.2
    assert 0 < found["twins"] < 150


@pytest.mark.prove
def test_five_thousand_samples_are_sieved_at_once(measured: Measure) -> None:
    found = compare()
    measured(
        "near-duplicates of 5,000 samples, beside a pairwise loop with rouge-score",
        f"{found['ratio']:,} times faster, verdicts that differ: {found['verdicts_differ']}",
        "at least 50 times faster, the same verdicts",
    )
    assert found["ratio"] >= 50
    assert found["verdicts_differ"] == 0
    assert found["share_of_near_pairs_within_0.05"] >= 0.2
