"""What is read out of an answer: the columns of one row, or of several."""

import re
from collections.abc import Iterator

from workbench.generation.filters import readable
from workbench.generation.stages import Stage

Part = dict[str, str]


def read_answer(stage: Stage, text: str, *, cut: bool = False) -> list[tuple[Part, str]]:
    """The columns that an answer holds, each with the piece of text they come from; none where it cannot be read.

    A stage without `many` takes the first match. Of an answer that was `cut` off, a match that reaches its end is
    left out.
    """
    found = [(part, piece) for part, piece in _matches(stage, text, cut=cut) if _whole(stage, part)]
    return found if stage.many else found[:1]


def columns_of(stage: Stage) -> tuple[str, ...]:
    """The columns that an answer to this stage becomes."""
    if stage.writes:
        return (stage.writes,)
    if stage.takes:
        return tuple(stage.takes)
    return stage.into or tuple(re.compile(stage.parse).groupindex)


def _matches(stage: Stage, text: str, *, cut: bool) -> Iterator[tuple[Part, str]]:
    if stage.writes:
        yield from () if cut else [({stage.writes: _clean(stage, text)}, text)]
    elif stage.takes:
        found = [re.findall(pattern, text, re.DOTALL) for pattern in stage.takes.values()]
        for values in zip(*found, strict=False):
            part = {name: _clean(stage, value) for name, value in zip(stage.takes, values, strict=True)}
            yield part, "\n".join(part.values())
    else:
        for match in re.finditer(stage.parse, text, re.DOTALL):
            if not (cut and match.end() >= len(text.rstrip())):
                yield _groups(stage, match), match[0].strip()


def _groups(stage: Stage, match: re.Match[str]) -> Part:
    if not stage.into:
        return {name: _clean(stage, value or "") for name, value in match.groupdict().items()}
    values = match.groups() or (match[0],)
    return {name: _clean(stage, value or "") for name, value in zip(stage.into, values, strict=False)}


def _clean(stage: Stage, text: str) -> str:
    for mark in stage.cleans:
        text = text.replace(mark, "")
    return text.strip()


def _whole(stage: Stage, part: Part) -> bool:
    """A critic's answer needs what is judged by; any other needs every column."""
    if stage.critic and stage.types:
        return all(readable(part.get(name, ""), kind) for name, kind in stage.types.items())
    return bool(part) and all(part.values()) and all(readable(part[name], kind) for name, kind in stage.types.items())
