"""Sentences of a passage, for flows that look at one at a time."""

import re

_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[^\W\d_a-z]|[\"'(\[]?\d)")
_POINTS_BACK = re.compile(
    r"\b(it|its|he|him|his|she|her|hers|they|them|their|this|that|these|those|there)\b", re.IGNORECASE
)


def sentences(text: str) -> list[str]:
    """The sentences of the paragraphs and list items of a Markdown text; headings, rules and empty lines are none."""
    paragraphs = re.split(r"\n\s*\n|\n(?=\s*(?:[-*+|]|\d+\.)\s)", text)
    lines = (" ".join(line for line in each.splitlines() if not line.startswith("#")) for each in paragraphs)
    found = (sentence.strip() for line in lines for sentence in _END.split(line))
    return [sentence for sentence in found if any(letter.isalnum() for letter in sentence)]


def focus(text: str, place: int) -> str:
    """A sentence by its number, counted round, with those before it as long as it points back at them; the text itself
    where it has no sentence."""
    found = sentences(text)
    if not found:
        return text
    last = first = place % len(found)
    while first and _POINTS_BACK.search(found[first]):
        first -= 1
    return " ".join(found[first : last + 1])
