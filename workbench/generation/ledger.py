"""Decided samples on disk: a run of any length holds in memory only how each of them ended."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from workbench.generation.rows import Candidate
from workbench.records import JsonlWriter, parse_line

Record = dict[str, Any]
# The first of a leaf stay whole: an error that nothing was kept shows their answers.
_WHOLE = 3


class Spool:
    """One file of records, read again by their offsets. It lives as long as the run is worked on."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self.path = path
        self._writer = JsonlWriter(path)
        self._file = path.open("rb")

    def append(self, record: Record) -> int:
        """Returns the offset for `read`."""
        return self._writer.append(record)

    def read(self, offset: int) -> Record:
        self._file.seek(offset)
        return parse_line(self._file.readline())

    def close(self) -> None:
        """Closes and removes the file: whatever is to stay was written elsewhere."""
        self._writer.close()
        self._file.close()
        self.path.unlink(missing_ok=True)


def _nowhere(offset: int) -> Record:
    raise LookupError(f"there is no record at {offset}")


@dataclass(eq=False)
class Filed(Candidate):
    """A decided candidate without its texts, which `record` reads from the disk."""

    offset: int = -1
    read: Callable[[int], Record] = _nowhere

    def record(self) -> Record:
        return self.read(self.offset)


class Ledger(list[Candidate]):
    """The decided candidates of a leaf in their order; takes the place of the plain list of a shelf."""

    def __init__(self, spool: Spool) -> None:
        super().__init__()
        self._spool = spool

    def append(self, candidate: Candidate) -> None:
        """Its record is on the disk when this returns."""
        kept = {field.name: getattr(candidate, field.name) for field in fields(Candidate)}
        kept |= {"columns": {}, "trace": candidate.trace if len(self) < _WHOLE else [], "marks": []}
        super().append(Filed(**kept, offset=self._spool.append(candidate.record()), read=self._spool.read))
