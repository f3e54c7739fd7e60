"""A row's way through its stages: answers taken in, and what needs no model done at once."""

import re
from collections import Counter
from collections.abc import Sequence

from workbench.generation.answers import read_answer
from workbench.generation.filters import RowError
from workbench.generation.flow import Stage
from workbench.generation.rows import Candidate

UNREADABLE = "unparsable judgement"


def apply_answer(candidate: Candidate, text: str, finish: str) -> list[Candidate]:
    """Take in what the model said: the row goes on, is to be judged once more, is split into several, or ends.

    Returns the rows that are to be asked about next.
    """
    text = text.strip()
    stage = candidate.stage_at
    candidate.trace.append({"stage": stage.name, "text": text})
    if stage.verdict:
        _judge(candidate, stage, text)
    else:
        _write(candidate, stage, text, cut=finish == "length")
    return advance([candidate])


def advance(rows: Sequence[Candidate]) -> list[Candidate]:
    """Bring rows through the stages that ask nobody; returns those that are to be asked about, in their order."""
    waiting, asked = list(reversed(rows)), []
    while waiting:
        row = waiting.pop()
        if row.children:
            waiting += reversed(row.children)
        elif row.over or row.waits:
            continue
        elif row.stage == len(row.leaf.stages):
            row.end("kept", "")
        elif row.stage_at.samples > 1 and row.sampled != row.stage:
            row.split([(dict(row.columns), "") for _ in range(row.stage_at.samples)], sampled=row.stage)
            waiting += reversed(row.children)
        elif row.stage_at.asks:
            asked.append(row)
        else:
            _step(row, row.stage_at)
            waiting.append(row)
    return asked


def gather(rows: Sequence[Candidate]) -> list[Candidate]:
    """Give rows their most frequent value once all of them wait for it; of two as frequent the smaller one. Returns the
    rows that are to be asked about next."""
    live = [row for row in rows if not row.over]
    if not live or not all(row.waits for row in live):
        return []
    column = live[0].stage_at.majority
    counted = Counter(row.columns[column] for row in live)
    value = min(counted, key=lambda each: (-counted[each], str(each)))
    for row in live:
        row.columns[column] = value
        row.waits = False
        _pass(row)
    return advance(live)


def _judge(row: Candidate, stage: Stage, text: str) -> None:
    found = re.search(stage.verdict, text)
    if not found:
        _ask_again(row)
    elif stage.accepts(found[1], row.columns):
        _pass(row)
    else:
        row.end("rejected", f"judged {found[1]}")


def _ask_again(row: Candidate) -> None:
    if row.tries:
        row.end("failed", UNREADABLE)
    else:
        row.tries = 1


def _write(row: Candidate, stage: Stage, text: str, *, cut: bool) -> None:
    parts = read_answer(stage, text, cut=cut and not stage.critic)
    if not parts and stage.critic:
        _ask_again(row)
    elif not parts:
        row.end("failed", f"cut off after {stage.sampling.max_tokens} tokens" if cut else "unparsable answer")
    elif len(parts) == 1:
        row.columns.update(parts[0][0])
        _pass(row)
    else:
        row.trace.pop()
        row.split([(row.columns | part, piece) for part, piece in parts])
        for child in row.children:
            _pass(child)


def _step(row: Candidate, stage: Stage) -> None:
    try:
        if stage.filter and not stage.filter.accepts(row.columns):
            row.end("rejected", f"{stage.filter.column} is {str(row.columns[stage.filter.column])[:40]}")
        elif stage.majority:
            row.waits = True
        elif stage.change:
            _change(row, stage)
        else:
            if stage.distinct:
                row.marks.append((row.stage, repr([row.columns[name] for name in stage.distinct])))
            _pass(row)
    except RowError as error:
        row.end("failed", str(error))


def _change(row: Candidate, stage: Stage) -> None:
    assert stage.change
    rows = stage.change.rows(row.columns, row.turn)
    if len(rows) == 1:
        row.columns = rows[0]
        return _pass(row)
    row.split([(columns, "") for columns in rows])
    for child in row.children:
        _pass(child)


def _pass(row: Candidate) -> None:
    """To the next stage; what this one sets stays as a column, what it drops does not."""
    stage = row.stage_at
    row.columns = {**stage.sets, **row.columns}
    for name in stage.drops:
        row.columns.pop(name, None)
    row.stage += 1
    row.tries = 0
