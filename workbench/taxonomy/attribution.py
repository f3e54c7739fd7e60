"""attribution.txt: whose work a leaf is made from, as `Key: value` lines."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
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


def read_attribution(path: Path) -> Attribution:
    """TaxonomyError where the file is missing or not UTF-8."""
    try:
        return parse_attribution(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise TaxonomyError(f"{path} cannot be read: {error}", hint="it is a text file beside qna.yaml") from error


def write_attribution(path: Path, attribution: Attribution) -> None:
    """DataError for a value of several lines, which could not be read again."""
    for field in fields(attribution):
        value = getattr(attribution, field.name)
        if isinstance(value, str) and len(value.splitlines()) > 1:
            raise TaxonomyError(f"{path}: {field.name} has several lines", hint="one line for each field")
    write_text(path, attribution.text())


def _field(key: str) -> str | None:
    folded = " ".join(key.casefold().split())
    return next((name for name, keys in _KEYS.items() if folded in {known.casefold() for known in keys}), None)
