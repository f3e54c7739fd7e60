"""Which names a taxonomy's archive may hold, and which of them belong to a taxonomy."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.errors import TaxonomyError
from workbench.taxonomy.printable import printable
from workbench.taxonomy.qna import FOLDERS

Parts = tuple[str, ...]

# Left behind by systems and tools; whatever begins with a dot is left out as well: .git, .DS_Store, ._qna.yaml.
_LITTER = {"__macosx", "__pycache__", "thumbs.db", "desktop.ini", "$recycle.bin", "lost+found"}
TREES = (*FOLDERS, "foundational_skills")
_DOCUMENTS = (".md", ".pdf")
_DRIVE = re.compile(r"[A-Za-z]:")
_LONGEST_PART = 255


@dataclass(frozen=True)
class Limits:
    """What an archive may ask for; sizes are in bytes.

    `ratio` is that of unpacked to packed size and counts from `ratio_from` bytes on: a thousand leaves that are much
    alike pack to a 190th.
    """

    members: int = 20_000
    member_bytes: int = 64 * 2**20
    total_bytes: int = 512 * 2**20
    ratio: int = 300
    ratio_from: int = 16 * 2**20
    path_bytes: int = 1024
    depth: int = 32


def safe_parts(name: str, limits: Limits) -> Parts:
    """The folders and the file of a member's name, without `./`; TaxonomyError where it could lead out of a folder."""
    shown = f"the name {printable(name[:120])!r}"
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name) or "\\" in name:
        raise TaxonomyError(f"{shown} holds a control character or a backslash", hint="rename it, and pack again")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/") or ".." in parts or (parts and _DRIVE.match(parts[0])):
        raise TaxonomyError(f"{shown} leads out of the folder", hint="pack with: workbench taxonomy pack DIR ARCHIVE")
    if len(parts) > limits.depth:
        raise TaxonomyError(f"{shown} lies {len(parts)} folders deep; at most {limits.depth} are allowed")
    longest = max((len(part.encode()) for part in parts), default=0)
    if len(name.encode()) > limits.path_bytes or longest > _LONGEST_PART:
        most = f"at most {_LONGEST_PART} bytes a folder and {limits.path_bytes} in all are allowed"
        raise TaxonomyError(f"{shown} is too long; {most}")
    return parts


def is_litter(parts: Sequence[str]) -> bool:
    """Hidden files, and what systems and editors leave behind."""
    return any(part.startswith(".") or part.endswith("~") or part.casefold() in _LITTER for part in parts)


def belongs(parts: Sequence[str]) -> bool:
    """Whether a file, its path seen from the taxonomy's root, is a part of it: in its trees, or a document."""
    return not is_litter(parts) and (parts[0] in TREES or parts[-1].casefold().endswith(_DOCUMENTS))


class Names:
    """Names taken so far: no two that are one on a system which does not tell capitals or accents' spellings apart."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: dict[Parts, tuple[str, bool]] = {}

    def take(self, parts: Parts, *, folder: bool) -> None:
        """TaxonomyError for a file that comes again, a name that differs in case only, or is both file and folder.

        Folders count as they would be made, and so do not come for nothing.
        """
        keys = tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)
        for depth in range(1, len(parts) + 1):
            self._take(keys[:depth], parts[depth - 1], folder=folder or depth < len(parts), whole="/".join(parts))

    def _take(self, key: Parts, part: str, *, folder: bool, whole: str) -> None:
        known = self._taken.get(key)
        if known is None:
            if len(self._taken) == self._most:
                raise TaxonomyError(f"it holds more than {self._most} files and folders, which is the limit")
            self._taken[key] = part, folder
            return
        before, was_folder = known
        if before != part:
            raise TaxonomyError(
                f"{whole}: {before} and {part} are one name on many systems", hint="rename one of them, and pack again"
            )
        if was_folder != folder:
            raise TaxonomyError(f"{whole}: {part} is both a file and a folder", hint="pack it anew")
        if not folder:
            raise TaxonomyError(f"{whole} is there twice", hint="pack it anew")
