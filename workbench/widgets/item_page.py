"""One item of an evaluation as a page: the question, what was expected, and base and trained model side by side."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from workbench.evaluation.scores import value_of

Row = Mapping[str, Any]
_LOW, _HIGH = 4.0, 7.0


@dataclass(frozen=True)
class Item:
    """`rows` are the journal's, by model: base, trained or both."""

    benchmark: str
    rows: Mapping[str, Row]

    @property
    def row(self) -> Row:
        """What is the same in both, asked and expected; a row that failed holds less of it."""
        return min(self.rows.values(), key=lambda row: "failed" in row)


def item_html(item: Item, title: str) -> str:
    """All that was asked, said, judged and counted; whoever was not asked is said not to have been."""
    cells = [
        _cell("Question", _turns(turns_of(item.row))),
        _cell("Expected", _turns(expected_of(item.row)) or "<p>Nothing: the judge rates freely.</p>"),
        *(_cell(f"{who.capitalize()} model", _said(row)) for who, row in item.rows.items()),
    ]
    facts = escape(f"{title}, {item.row['leaf']}, {item.row['id']}")
    return f'<div class="workbench-sample">{"".join(cells)}</div><p class="workbench-facts">{facts}</p>'


def verdict(row: Row) -> str:
    """What came of it, in few different words."""
    value = value_of(row)
    if "right" in row:
        return "right" if row["right"] else "wrong"
    if value is None:
        return "failed" if "failed" in row else "no rating"
    return "rated below 4" if value < _LOW else "rated 4 to 7" if value < _HIGH else "rated 7 and more"


def turns_of(row: Row) -> list[str]:
    return list(row.get("turns", [row["question"]]))


def expected_of(row: Row) -> list[str]:
    """Turn by turn; of multiple choice the right one."""
    if "choices" in row:
        return [row["choices"][row["answer"]]]
    return [text for text in row.get("references", [row.get("expected")]) if text]


def answers_of(row: Row) -> list[str]:
    """What the model said turn by turn; of multiple choice what it chose."""
    if "choices" in row:
        return [row["choices"][row["chosen"]]]
    return [text or "" for text in row.get("answers", [row.get("answer")])]


def words_of(item: Item) -> str:
    """Everything in it that may be looked for."""
    rows = item.rows.values()
    texts = [*turns_of(item.row), *(text for row in rows for text in (*answers_of(row), *_judgements(row)))]
    return "\n".join(texts)


def _said(row: Row) -> str:
    head = f'<p class="workbench-verdict"><b>{escape(verdict(row))}</b>{_reason(row)}</p>'
    if "choices" in row:
        return head + _choices(row)
    judged = _judgements(row)
    ratings = row.get("ratings", [row.get("rating")])
    if not judged:
        return head + _turns(answers_of(row))
    parts = []
    for answer, judgement, rating in zip(answers_of(row), judged, ratings, strict=False):
        told = "no rating" if rating is None else f"{rating:g} of 10"
        parts.append(f"{_text(answer or 'no answer')}<p><b>{told}</b>, the judge said:</p>{_text(judgement)}")
    return head + _numbered(parts)


def _choices(row: Row) -> str:
    """Each choice with its log-likelihood, and its share of the likelihood of all of them."""
    scores: Sequence[float] = row["scores"]
    most = max(scores)
    whole = sum(math.exp(score - most) for score in scores)
    lines = []
    for number, (choice, score) in enumerate(zip(row["choices"], scores, strict=True)):
        marks = [word for word, at in (("right", row["answer"]), ("chosen", row["chosen"])) if at == number]
        share = 100 * math.exp(score - most) / whole
        cells = (choice, f"{share:.0f} %", f"{score:.2f}", ", ".join(marks))
        lines.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    heads = ("Choice", "Likelihood", "Log, nats", "Mark")
    head = "".join(f"<th scope='col'>{name}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _judgements(row: Row) -> list[str]:
    return [text or "nothing" for text in row.get("judgements", [row["judgement"]] if "judgement" in row else [])]


def _reason(row: Row) -> str:
    return f": {escape(str(row['failed']))}" if "failed" in row else ""


def _turns(texts: Sequence[str]) -> str:
    return _numbered([_text(text) for text in texts])


def _numbered(parts: Sequence[str]) -> str:
    """As it is where there is one turn alone."""
    if len(parts) < 2:
        return "".join(parts)
    return "".join(f"<h5>Turn {number}</h5>{part}" for number, part in enumerate(parts, start=1))


def _cell(title: str, content: str) -> str:
    return f'<section aria-label="{title}"><h4>{title}</h4>{content}</section>'


def _text(text: str) -> str:
    return f'<div class="workbench-text">{escape(text)}</div>'
