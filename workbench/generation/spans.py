"""Grammars that hold an answer to the words of a text, or a question to its names."""

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
    alternatives = " | ".join(_quoted(span) for span in spans(text))
    return f"root ::= {alternatives}" if alternatives else ""


def names(text: str) -> list[str]:
    """Runs of capitalised words in the text, the longest first; a lone one counts only inside a sentence."""
    found: dict[str, None] = {}
    for piece in re.split(r"[|\n#]|(?<=[.!?]) ", text):
        run: list[str] = []
        words = [word.strip(_EDGES) for word in piece.split()]
        for place, word in enumerate([*words, ""]):
            if word[:1].isupper():
                run.append(word)
                continue
            if len(run) > 1 or (run and place > 1):
                found[" ".join(run)] = None
            run = []
    return sorted(found, key=lambda name: (-len(name), name))


def question_grammar(text: str) -> str:
    """GBNF of one question whose names all occur in the text; other words are in lower case behind the first."""
    known = " | ".join(_quoted(name) for name in names(text))
    name = f"name ::= {known}\n" if known else ""
    word = "word ::= [a-z0-9'-]+" + (" | name" if known else "")
    first = "first ::= [A-Z] [a-z]*" + (" | name" if known else "")
    return f'root ::= first (" " word)+ "?"\n{first}\n{word}\n{name}'


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
