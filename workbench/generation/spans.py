"""Grammars that hold an answer to the words of a text."""

import re

_LONGEST = 5
_EDGES = ".,;:!?()[]|*#\"'"


def spans(text: str) -> list[str]:
    """Every run of up to five words inside a sentence or table cell, without marks at its edges or of marks alone."""
    found: dict[str, None] = {}
    for piece in re.split(r"[|\n]|(?<=[.!?]) ", text):
        words = piece.split()
        for start in range(len(words)):
            for end in range(start + 1, min(start + _LONGEST, len(words)) + 1):
                span = " ".join(words[start:end]).strip(_EDGES)
                if any(letter.isalnum() for letter in span):
                    found[span] = None
    return list(found)


def span_grammar(text: str) -> str:
    """GBNF whose root is any span of the text; empty where the text has no words."""
    alternatives = " | ".join('"' + span.replace("\\", "\\\\").replace('"', '\\"') + '"' for span in spans(text))
    return f"root ::= {alternatives}" if alternatives else ""
