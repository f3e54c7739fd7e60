"""One sample as a page: question, answer, context and judgements beside each other."""

from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any

Record = Mapping[str, Any]
_SHOWN_FACTS = ("source", "flow", "model", "seed")


def sample_html(record: Record, judges: Collection[str] = ()) -> str:
    """All of a sample: its texts, what became of it and why, and what teacher and critic said at each stage."""
    cells = [
        _cell("Question", _text(record["question"])),
        _cell("Answer", _text(record["answer"])),
        _cell("Context", _text(record["context"])) if record.get("context") else "",
        _cell("Judgement", _judgement(record, judges)),
    ]
    return f'{_verdict(record)}<div class="workbench-sample">{"".join(cells)}</div>{_facts(record)}'


def why(record: Record) -> str:
    """`faithful: judged NO`; nothing for a kept sample."""
    return f"{record['stage']}: {record['reason']}" if record.get("reason") else ""


def _verdict(record: Record) -> str:
    reason = f" at {escape(why(record))}" if why(record) else ""
    return f'<p class="workbench-verdict"><b>{escape(str(record["outcome"]))}</b>{reason}</p>'


def _judgement(record: Record, judges: Collection[str]) -> str:
    said: Sequence[Mapping[str, str]] = record.get("trace", ())
    if not said:
        return "<p>Nobody was asked: it was taken over as it is.</p>"
    rows = "".join(
        f"<tr><th scope='row'>{escape(one['stage'].replace('_', ' '))}</th>"
        f"<td>{'critic' if one['stage'] in judges else 'teacher'}</td><td>{_text(one['text'])}</td></tr>"
        for one in said
    )
    head = "<tr><th scope='col'>Stage</th><th scope='col'>By</th><th scope='col'>Said</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _facts(record: Record) -> str:
    facts = [f"{name} {record[name]}" for name in _SHOWN_FACTS if record.get(name) not in (None, "", -1)]
    shown = [str(record["leaf"]), *facts]
    return f'<p class="workbench-facts">{escape(", ".join(shown))}</p>'


def _cell(title: str, content: str) -> str:
    name = title.lower()
    return f'<section class="workbench-{name}" aria-label="{title}"><h4>{title}</h4>{content}</section>'


def _text(text: object) -> str:
    return f'<div class="workbench-text">{escape(str(text))}</div>'
