"""Entries put into and taken out of blocks of keys and lists, with the comments and empty lines that belong to them."""

import re
from collections.abc import Iterable, Iterator

from workbench.taxonomy.text_edits import Edit, Path
from workbench.taxonomy.yaml_parts import Part, Source, header

_LINE_END = re.compile("\r\n|\n|\r")


def insertion(source: Source, part: Part, after: int, groups: list[list[str]]) -> list[tuple[int, str]]:
    """Entries of these lines behind the entry `after`, before all for -1: places and the texts to put in there."""
    apart = _stands_apart(source, part)
    if after < 0:
        return [_at_front(source, part, groups, apart)]
    place = _extent(source, part, after)[1]
    leaf = _last_leaf(part.entries[after].value)
    lines = [line for group in groups for line in ([""] if apart and not _keeps(source, leaf) else []) + group]
    if place and source.text[place - 1] in "\r\n\x85\u2028\u2029":
        return [(place, "".join(line + source.newline for line in lines))]
    return [(place, "".join(source.newline + line for line in lines))]


def unfinished(source: Source, part: Part, after: int) -> tuple[int, int] | None:
    """The indicators of a block text that ends with the file, without a line break, which it would get."""
    leaf = _last_leaf(part.entries[after].value)
    if leaf.style not in ("|", ">") or leaf.alias or source.next_line(leaf.end) > leaf.end:
        return None
    return header(source, leaf)


def removals(source: Source, part: Part, places: Iterable[int], path: Path) -> Iterator[Edit]:
    """Not all entries of the part; the first takes its line with it only where it has one of its own."""
    waiting = sorted(set(places))
    if waiting and waiting[0] == 0 and not source.begins_line(part.entries[0].start):
        run = next(place for place in range(len(part.entries)) if place not in waiting)
        yield _shared_line(source, part, run, path)
        waiting = [place for place in waiting if place > run]
    for place in waiting:
        start, end = _with_blanks(source, part, place)
        yield Edit(start, end, "", path)


def entry_lines(source: Source, part: Part, place: int) -> list[str] | None:
    """The lines of an entry as they are, for moving it; None where it has no lines of its own."""
    if not source.begins_line(part.entries[place].start) or source.aliased:
        return None
    start, end = _extent(source, part, place)
    if unfinished(source, part, place) or _keeps(source, _last_leaf(part.entries[place].value)):
        return None
    lines = _LINE_END.split(source.text[start:end])
    return lines[:-1] if lines[-1] == "" else lines


def _at_front(source: Source, part: Part, groups: list[list[str]], apart: bool) -> tuple[int, str]:
    first = part.entries[0]
    lines = [line for group in groups for line in group + ([""] if apart else [])]
    if source.begins_line(first.start):
        return _extent(source, part, 0)[0], "".join(line + source.newline for line in lines)
    text = "".join(line + source.newline for line in lines)
    return first.start, text.lstrip(" ") + " " * first.column


def _extent(source: Source, part: Part, place: int) -> tuple[int, int]:
    """From the comments right above the entry to behind its last line and the comments indented below it."""
    entry = part.entries[place]
    start = source.line_start(entry.start)
    floor = source.next_line(part.entries[place - 1].value.end) if place else 0
    while start > floor and not (place == 0 and part is source.root):
        above = source.line_start(start - 1)
        if _comment_column(source, above) != entry.column or above < floor:
            break
        start = above
    end = ahead = source.next_line(entry.value.end)
    while ahead < len(source.text):
        column = _comment_column(source, ahead)
        blank = not source.rest_of_line(ahead).strip()
        if not blank and column <= entry.column:
            break
        ahead = source.next_line(ahead)
        end = end if blank else ahead
    return start, end


def _with_blanks(source: Source, part: Part, place: int) -> tuple[int, int]:
    """Of empty lines on both sides those on one side go too, and all that would be left at the end of the file."""
    start, end = _extent(source, part, place)
    floor = source.next_line(part.entries[place - 1].value.end) if place else start
    above, below = start, end
    while above > floor and not source.rest_of_line(source.line_start(above - 1)).strip():
        above = source.line_start(above - 1)
    while below < len(source.text) and not source.rest_of_line(below).strip():
        below = source.next_line(below)
    if below == len(source.text):
        return above, end
    if place and _keeps(source, _last_leaf(part.entries[place - 1].value)):
        return start, below
    if above < start and below > end and place == len(part.entries) - 1:
        return above, end
    return start, below if above < start or not place else end


def _shared_line(source: Source, part: Part, run: int, path: Path) -> Edit:
    """The first entries, of which the first begins behind a hyphen: what follows takes their place."""
    first, following = part.entries[0], part.entries[run]
    behind = source.next_line(part.entries[run - 1].value.end)
    if source.text[behind : source.line_start(following.start)].strip():
        start = first.start - len(source.text[: first.start]) + len(source.text[: first.start].rstrip(" "))
        return Edit(start, source.line_end(part.entries[run - 1].value.end), "", path)
    return Edit(first.start, following.start, "", path)


def _stands_apart(source: Source, part: Part) -> bool:
    """Whether entries have empty lines between them."""
    pairs = zip(part.entries, part.entries[1:], strict=False)
    gaps = [source.text[source.next_line(one.value.end) : source.line_start(two.start)] for one, two in pairs]
    return bool(gaps) and all(any(not line.strip() for line in _LINE_END.split(gap)[:-1]) for gap in gaps)


def _comment_column(source: Source, start: int) -> int:
    """-1 where the line is no comment."""
    line = source.rest_of_line(start)
    bare = line.lstrip(" \t")
    return len(line) - len(bare) if bare.startswith("#") else -1


def _last_leaf(part: Part) -> Part:
    while part.entries and not part.flow and not part.alias:
        part = part.entries[-1].value
    return part


def _keeps(source: Source, leaf: Part) -> bool:
    """Whether empty lines behind it belong to its text."""
    start, end = header(source, leaf) if leaf.style in ("|", ">") and not leaf.alias else (0, 0)
    return "+" in source.text[start:end]
