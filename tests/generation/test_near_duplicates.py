import random

import pytest

from workbench.generation.near_duplicates import Seen, likeness, words


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
        ("", "", 1.0),
    ],
)
def test_likeness_is_rouge_l(first: str, second: str, expected: float) -> None:
    assert likeness(words(first), words(second)) == pytest.approx(expected)
    assert likeness(words(second), words(first)) == pytest.approx(expected)


def test_the_threshold_itself_makes_a_twin() -> None:
    for threshold, twin in ((0.75, True), (0.76, False)):
        seen = Seen(threshold)
        seen.add("one two three four")
        assert seen.twin("one two three five") is twin


def test_the_shortcut_changes_no_answer() -> None:
    rng = random.Random(1)
    texts = [" ".join(rng.choices("abcd", k=rng.randint(0, 9))) for _ in range(200)]
    seen = Seen(0.7)
    kept: list[str] = []
    for text in texts:
        assert seen.twin(text) == any(likeness(words(text), words(other)) >= 0.7 for other in kept)
        if not seen.twin(text):
            seen.add(text)
            kept.append(text)
    assert 10 < len(kept) < 200
