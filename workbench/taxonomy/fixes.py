"""What of a file can be mended mechanically, shown as a difference before anything is written.

White space, line ends, file names, missing quotes, blanks that yamllint minds: values stay what they are, but for texts
that had lost their quotes and for blanks at the ends of lines, which upstream calls errors also inside a text.
"""

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from yaml.reader import Reader

from workbench.errors import ConflictError
from workbench.records import write_bytes
from workbench.taxonomy.markup import paragraph
from workbench.taxonomy.printable import printable
from workbench.taxonomy.qna import FILE_NAME
from workbench.taxonomy.style_mends import with_usual_indentation, with_usual_spacing
from workbench.taxonomy.text_quotes import with_quoted_texts
from workbench.taxonomy.tree import Taxonomy, is_misnamed
from workbench.taxonomy.white_space import (
    UNREADABLE,
    contents_of,
    plain_breaks,
    with_few_empty_lines,
    with_last_break,
    without_blanks_at_ends,
    without_tabs,
)
from workbench.taxonomy.yaml_file import read_bytes
from workbench.taxonomy.yaml_parts import BYTE_ORDER_MARK

_MOST_ROUNDS = 5
_WIDE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True)
class Fix:
    """A file as it is and as it should be; `renamed` is its new name, empty where it keeps its own.

    `notes` tell what a difference of lines does not show, and each value that changes. `shown` is how it is called.
    """

    path: Path
    shown: str
    before: bytes
    after: bytes
    renamed: str = ""
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """The notes, then the unified difference of the lines, without regard to line ends."""
        return "\n".join([*(f"{printable(self.shown)}: {note}" for note in self.notes), *self._difference()])

    def html(self) -> str:
        notes = "".join(paragraph(f"{self.shown}: {note}") for note in self.notes)
        difference = "\n".join(self._difference())
        return notes + (f"<pre>{escape(difference)}</pre>" if difference else "")

    def _repr_html_(self) -> str:
        return self.html()

    def apply(self) -> Path:
        """The mended file's path. ConflictError where the file is no longer what it was, or its new name is taken.

        At each moment the file is there whole, in the one form or the other; its rights stay.
        """
        target = self.path.with_name(self.renamed) if self.renamed else self.path
        if not self.path.is_file() or self.path.read_bytes() != self.before:
            raise ConflictError(f"{self.shown} has changed meanwhile", hint="look for what can be mended once more")
        if self.renamed and _is_taken(target, self.path):
            raise ConflictError(f"there is a {target.name} beside {self.shown} already", hint="delete one of the two")
        if self.after != self.before:
            whole = self.path.resolve()
            rights = whole.stat().st_mode & 0o7777
            write_bytes(whole, self.after)
            whole.chmod(rights)
        if self.renamed:
            os.rename(self.path, target)
        return target

    def _difference(self) -> Iterator[str]:
        old, new = _lines(self.before), _lines(self.after)
        name = Path(self.shown).with_name(self.renamed).as_posix() if self.renamed else self.shown
        for line in difflib.unified_diff(old, new, self.shown, name, lineterm="\n"):
            yield printable(line.removesuffix("\n"))
            if not line.endswith("\n"):
                yield "\\ no line break at the end of the file"


def propose(path: Path, shown: str = "") -> Fix | None:
    """None where there is nothing to mend, or nothing that can be mended without a person.

    Nothing is proposed for a misnamed file beside a file that has the right name.
    """
    shown = shown or str(path)
    renamed = FILE_NAME if is_misnamed(path.name) else ""
    before = read_bytes(path, shown)
    if not isinstance(before, bytes) or (renamed and _is_taken(path.with_name(renamed), path)):
        return None
    after, notes = _mended(before)
    if renamed:
        notes.insert(0, f"is renamed to {renamed}, the only name that is read")
    if after == before and not renamed:
        return None
    return Fix(path, shown, before, after, renamed, tuple(notes))


def propose_all(taxonomy: Taxonomy) -> list[Fix]:
    """In the order of paths; of several misnamed files in a folder the first can have the name."""
    files = sorted([*(leaf.qna_file for leaf in taxonomy), *taxonomy.misnamed])
    found = (propose(file, file.relative_to(taxonomy.root).as_posix()) for file in files)
    fixes: list[Fix] = []
    for fix in found:
        if fix and not any(fix.renamed and one.renamed and one.path.parent == fix.path.parent for one in fixes):
            fixes.append(fix)
    return fixes


def _mended(before: bytes) -> tuple[bytes, list[str]]:
    """Unchanged where the bytes are no text that YAML could hold."""
    wide = _WIDE.get(before[:2])
    try:
        text = before.decode(wide or "utf-8")
    except UnicodeDecodeError:
        return before, []
    if Reader.NON_PRINTABLE.search(text):
        return before, []
    notes = ["is written in UTF-8 instead of UTF-16"] if wide else []
    for _ in range(_MOST_ROUNDS):
        made, said = _mended_once(text)
        notes += [note for note in said if note not in notes]
        if made == text:
            break
        text = made
    return text.encode(), notes


def _mended_once(text: str) -> tuple[str, list[str]]:
    """One mend can bring up another: without empty lines at the start, a byte order mark may begin the text."""
    notes = ["has line ends of Unix"] if "\r" in text else []
    if text.startswith(BYTE_ORDER_MARK):
        notes.append("has no byte order mark")
    text, stripped = without_blanks_at_ends(without_tabs(plain_breaks(text)))
    if contents_of(text) is UNREADABLE:
        notes.append("cannot be read as YAML: only white space is mended")
    notes += [f"{path} loses blanks at the ends of its lines" for path in stripped]
    text, quoted = with_quoted_texts(with_usual_spacing(with_last_break(with_few_empty_lines(text))))
    notes += [f"{path} becomes a text" for path in quoted]
    return with_usual_indentation(text), notes


def _is_taken(target: Path, path: Path) -> bool:
    """Where capitals do not count, both names mean the same file."""
    return os.path.lexists(target) and not (target.exists() and target.samefile(path))


def _lines(data: bytes) -> list[str]:
    text = data.decode(_WIDE.get(data[:2], "utf-8"), errors="replace")
    return plain_breaks(text).splitlines(keepends=True)
