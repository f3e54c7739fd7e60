"""A single value changed in the style it has: its quotes, its block, the lines that a longer text is folded into."""

import re
from difflib import SequenceMatcher

from workbench.taxonomy.text_edits import Edit, Path
from workbench.taxonomy.yaml_parts import Entry, Part, Source, header
from workbench.taxonomy.yaml_scalars import chomping, fits_block, inline, is_plain

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_ODD_BREAK = re.compile("[\x85\u2028\u2029]")


def block_edits(source: Source, entry: Entry, old: str, new: str, path: Path) -> list[Edit] | None:
    """A block text with other lines; lines that stay are left alone. None where a block cannot hold the text."""
    part = entry.value
    start, end = header(source, part)
    indicator = source.text[start:end]
    top = source.next_line(end)
    body = new.rstrip("\n")
    if not body or top > part.end or _ODD_BREAK.search(source.text[top : part.end]):
        return None
    lines = _LINE_END.split(source.text[top : part.end])
    digits = re.sub(r"\D", "", indicator)
    margin = entry.column + int(digits) if digits else _indent(lines)
    made = _literal(lines, margin, old, new) if part.style == "|" else _folded(lines, margin, old, new)
    breaks = len(new) - len(body)
    keeps = "+" in indicator
    if made is None or not (digits or fits_block(body.split("\n"))) or (breaks > 1 and not keeps):
        return None
    made += [""] * (breaks - 1)
    chomp = "+" if keeps and breaks else chomping(breaks)
    edits = [Edit(top, part.end, source.newline.join(made), path)] if made != lines else []
    if (wanted := part.style + digits + chomp if part.style else "") != _ordered(indicator):
        edits.append(Edit(start, end, wanted, path))
    return edits


def plain_edit(source: Source, part: Part, new: str, path: Path) -> Edit | None:
    """A plain text over several lines, in which the lines before and behind the change stay as they are."""
    written = source.text[part.start : part.end]
    lines = _LINE_END.split(written)
    if len(lines) < 2 or part.anchor or not is_plain(new) or any(not line.strip() for line in lines):
        return None
    folded = _refolded([line.strip(" ") for line in lines], new)
    margin = lines[1][: len(lines[1]) - len(lines[1].lstrip(" "))]
    made = (source.newline + margin).join(folded)
    return Edit(part.start, part.end, made, path)


def inline_edit(part: Part, new: object, flow: bool, path: Path) -> Edit:
    """On one line, in the quotes that it had where they can hold the value."""
    anchor = f"&{part.anchor} " if part.anchor else ""
    return Edit(part.start, part.end, anchor + inline(new, flow=flow, style=part.style), path)


def _literal(lines: list[str], margin: int, old: str, new: str) -> list[str] | None:
    before, after = old.rstrip("\n").split("\n"), new.rstrip("\n").split("\n")
    written = lines[: len(before)]
    made: list[str] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        same = tag == "equal" and len(written) == len(before)
        made += written[i1:i2] if same else [" " * margin + line if line else "" for line in after[j1:j2]]
    return made


def _folded(lines: list[str], margin: int, old: str, new: str) -> list[str] | None:
    """Each line of the text is a paragraph, whose lines are kept where its beginning and end are."""
    paragraphs = [line for line in new.rstrip("\n").split("\n") if line]
    if any(line != line.strip() for line in paragraphs) or "\n\n\n" in new or new.startswith("\n"):
        return None
    known = [line for line in old.rstrip("\n").split("\n") if line]
    groups = _groups(lines, margin)
    if [" ".join(group) for group in groups] != known:
        groups, known = [[line] for line in known], known
    made: list[str] = []
    for gap, wrapped in zip(_gaps(new), _wrapped(known, groups, paragraphs), strict=True):
        made += [""] * gap + [" " * margin + line for line in wrapped]
    return made


def _wrapped(known: list[str], groups: list[list[str]], paragraphs: list[str]) -> list[list[str]]:
    made: list[list[str]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, known, paragraphs, autojunk=False).get_opcodes():
        if tag == "equal":
            made += groups[i1:i2]
        elif tag == "replace" and i2 - i1 == j2 - j1:
            made += [_refolded(*pair) for pair in zip(groups[i1:i2], paragraphs[j1:j2], strict=True)]
        else:
            made += [[line] for line in paragraphs[j1:j2]]
    return made


def _gaps(text: str) -> list[int]:
    """Empty lines above each paragraph of a folded text."""
    gaps, count = [0], 1
    for line in text.rstrip("\n").split("\n")[1:]:
        if line:
            gaps.append(count)
            count = 1
        else:
            count += 1
    return gaps


def _groups(lines: list[str], margin: int) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            groups[-1].append(line[margin:])
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def _refolded(lines: list[str], text: str) -> list[str]:
    """`text` over the lines that it had, as far as it begins and ends as they do."""
    head: list[str] = []
    tail: list[str] = []
    rest = text
    while len(head) < len(lines) - 1 and rest.startswith(lines[len(head)] + " "):
        head.append(lines[len(head)])
        rest = rest[len(head[-1]) + 1 :]
    left = lines[len(head) :]
    while len(left) > 1 and rest.endswith(" " + left[-1]):
        rest = rest[: -len(left[-1]) - 1]
        tail.insert(0, left.pop())
    made = [*head, rest, *tail]
    return made if all(line and line == line.strip() for line in made) else [text]


def _indent(lines: list[str]) -> int:
    first = next((line for line in lines if line.strip(" ")), "")
    return len(first) - len(first.lstrip(" "))


def _ordered(indicator: str) -> str:
    """Style, digit, sign, in whichever order the last two were."""
    return indicator[0] + re.sub(r"\D", "", indicator) + re.sub(r"[^+-]", "", indicator)
