"""attribution.txt: whose work a leaf is made from, as `Key: value` lines."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from pathlib import Path

from workbench.errors import TaxonomyError
from workbench.records import write_text

# The wording of the upstream taxonomy's files; the first is written, all are read.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "title": ("Title of work", "Title"),
    "link": ("Link to work", "Link"),
    "revision": ("Revision", "Link to a specific revision of the work", "Link to revision"),
    "licence": ("License of the work", "License", "Licence of the work", "Licence", "SPDX license identifier"),
    "creators": ("Creator names", "Creator", "Creators", "Created by", "Authors"),
}
# Accepted by the upstream taxonomy for sources of knowledge.
ACCEPTED_LICENCES = ("Apache-2.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "CDLA-Permissive-2.0", "MIT")
_BYTE_ORDER_MARK = "\ufeff"
_LINE = re.compile(r"\s*(?:[-*]\s+)?([A-Za-z][A-Za-z ()/-]*?)\s*:\s*(.*)")


@dataclass(frozen=True)
class Attribution:
    """`licence` is an SPDX identifier; `rest` keeps lines that are none of the fields."""

    title: str = ""
    link: str = ""
    revision: str = ""
    licence: str = ""
    creators: str = ""
    rest: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Keys, as they are written in the file, of what has to be filled in: all but the revision."""
        return tuple(_KEYS[name][0] for name in _KEYS if name != "revision" and not getattr(self, name))

    def text(self) -> str:
        """One line a field that has a value, then the rest; ends with a line break."""
        filled = [f"{keys[0]}: {getattr(self, name)}" for name, keys in _KEYS.items() if getattr(self, name)]
        return "\n".join([*filled, *self.rest]) + "\n"


def parse_attribution(text: str) -> Attribution:
    """Capitals in keys do not matter; a key that comes again, as for several sources, stays in `rest`."""
    found: dict[str, str] = {}
    rest: list[str] = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        name = _field(match[1]) if match else None
        if match and name and name not in found:
            found[name] = match[2].strip()
        elif line.strip():
            rest.append(line.rstrip())
    return Attribution(**found, rest=tuple(rest))


def splice_attribution(text: str, attribution: Attribution) -> str:
    """The text with the lines of what differs changed, others as they are; a field that came stands in its order."""
    lines = text.splitlines(keepends=True)
    found = _places(lines)
    known = parse_attribution(text)
    newline = _line_end(lines)
    if lines and known != attribution and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += newline
    others = [n for n, line in enumerate(lines) if line.strip() and n not in found.values()]
    behind: dict[int, list[str]] = {}
    last = -1
    for name, keys in _KEYS.items():
        value, place = getattr(attribution, name), found.get(name)
        last = last if place is None else place
        if place is None and value:
            behind.setdefault(last, []).append(f"{keys[0]}: {value}{newline}")
        elif place is not None and value != getattr(known, name):
            lines[place] = _with_value(lines[place], value) if value else ""
    _change_rest(lines, others, (known.rest, attribution.rest), behind)
    pieces = [behind.get(-1, []), *([line, *behind.get(place, [])] for place, line in enumerate(lines))]
    made = "".join(piece for several in pieces for piece in several)
    return made if parse_attribution(made) == attribution else attribution.text()


def read_attribution(path: Path) -> Attribution:
    """TaxonomyError where the file is missing or not UTF-8."""
    try:
        return parse_attribution(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise TaxonomyError(f"{path} cannot be read: {error}", hint="it is a text file beside qna.yaml") from error


def write_attribution(path: Path, attribution: Attribution) -> None:
    """Of a file that is there only what differs; TaxonomyError for a value of several lines, which none could read."""
    for field in fields(attribution):
        value = getattr(attribution, field.name)
        if isinstance(value, str) and len(value.splitlines()) > 1:
            raise TaxonomyError(f"{path}: {field.name} has several lines", hint="one line for each field")
    try:
        data = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        data = ""
    text = splice_attribution(data.removeprefix(_BYTE_ORDER_MARK), attribution) if data.strip() else attribution.text()
    write_text(path, _BYTE_ORDER_MARK + text if data.startswith(_BYTE_ORDER_MARK) else text)


def _places(lines: Sequence[str]) -> dict[str, int]:
    """The line of each field; of one that comes twice the first counts."""
    found: dict[str, int] = {}
    for place, line in enumerate(lines):
        match = _LINE.fullmatch(line.rstrip("\r\n"))
        if match and (name := _field(match[1])):
            found.setdefault(name, place)
    return found


def _with_value(line: str, value: str) -> str:
    """Key, blanks and line end stay."""
    bare = line.rstrip("\r\n")
    match = _LINE.fullmatch(bare)
    start = match.start(2) if match else 0
    head = bare[:start] if start and bare[start - 1].isspace() else f"{bare[:start]} "
    return head + value + line[len(bare) :]


def _change_rest(
    lines: list[str], places: Sequence[int], changed: tuple[Sequence[str], Sequence[str]], behind: dict[int, list[str]]
) -> None:
    old, new = changed
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            for place in places[i1:i2]:
                lines[place] = ""
            anchor = places[i1 - 1] if i1 else (places[0] - 1 if places else len(lines) - 1)
            behind.setdefault(anchor, []).extend(line + _line_end(lines) for line in new[j1:j2])


def _line_end(lines: Sequence[str]) -> str:
    return "\r\n" if any(line.endswith("\r\n") for line in lines) else "\n"


def _field(key: str) -> str | None:
    folded = " ".join(key.casefold().split())
    return next((name for name, keys in _KEYS.items() if folded in {known.casefold() for known in keys}), None)
