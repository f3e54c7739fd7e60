"""Turns of a chat as a page: the question above, the answers side by side."""

from collections.abc import Iterable
from html import escape

from workbench.engines.transcript import Answer, Turn


def turns_html(turns: Iterable[Turn]) -> str:
    return "".join(turn_html(turn) for turn in turns) or "<p>Nothing was said here yet.</p>"


def turn_html(turn: Turn, under_way: Iterable[str] = ()) -> str:
    """`under_way` are the models whose answers still grow."""
    growing = set(under_way)
    answers = "".join(_answer(name, answer, name in growing) for name, answer in turn.answers.items())
    asked = f'<h4>You</h4><div class="workbench-text">{escape(turn.question)}</div>'
    return (
        f'<div class="workbench-turn">{asked}{passage_html(turn.context)}<div class="workbench-answers">{answers}</div>'
        "</div>"
    )


def passage_html(context: str) -> str:
    """Folded, as the question is what is read; nothing where there is no passage."""
    if not context:
        return ""
    words = len(context.split())
    return (
        f'<details class="workbench-remark"><summary>with a passage of {words} words in front</summary>'
        f'<div class="workbench-text">{escape(context)}</div></details>'
    )


def spoken(turn: Turn) -> str:
    """What a screen reader is told once all have answered."""
    return " ".join(f"{name}: {answer}." for name, answer in turn.answers.items())


def _answer(name: str, answer: Answer, growing: bool) -> str:
    kind = "workbench-failed" if answer.end == "failed" else "workbench-remark"
    remarks = "".join(f'<div class="{kind}">{escape(remark)}</div>' for remark in answer.remarks)
    text = escape(answer.text) + (' <span aria-hidden="true">…</span>' if growing else "")
    busy = ' aria-busy="true"' if growing else ""
    return (
        f'<section aria-label="{escape(name)}"{busy}><h5>{escape(name)}</h5>'
        f'<div class="workbench-text">{text}</div>{remarks}</section>'
    )
