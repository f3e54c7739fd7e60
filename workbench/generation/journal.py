"""Every finished request of a run, so that a run that was killed asks nothing again."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench.engines.engine import Completion, Request
from workbench.errors import RecordError
from workbench.records import JsonlWriter, digest_json, parse_line, read_jsonl, read_placed

_ROW = re.compile(r"(?P<leaf>.*)#(?P<ordinal>\d+)")
# What a request wants to know besides its text.
_TOLD = ("on_text", "logprobs")


def request_key(request: Request, model: str) -> str:
    """Equal for requests that must have equal answers: a greedy one does not depend on its seed, none on its tag."""
    seed = request.seed if request.sampling.temperature > 0 else 0
    asked = {name: value for name, value in asdict(request).items() if name not in _TOLD}
    return digest_json({"model": model} | asked | {"tag": "", "seed": seed})


class Answers(Mapping[str, Mapping[str, Any]]):
    """Finished requests by key. Only where each stands in the file is held in memory, a few dozen bytes a request."""

    def __init__(self, path: Path, places: dict[bytes, int]) -> None:
        self._places = places
        self._path = path
        self._file = path.open("rb")

    def add(self, key: str, place: int) -> None:
        """`place` is the offset of its line in bytes."""
        self._places[_short(key)] = place

    def __contains__(self, key: object) -> bool:
        return _short(str(key)) in self._places

    def __getitem__(self, key: str) -> Mapping[str, Any]:
        self._file.seek(self._places[_short(key)])
        return parse_line(self._file.readline())

    def __iter__(self) -> Iterator[str]:
        return (record["key"] for record in read_jsonl(self._path))

    def __len__(self) -> int:
        return len(self._places)

    def close(self) -> None:
        self._file.close()


class Journal:
    """Answers by key; what a half-written last line held is asked again.

    `tokens` were drawn in all attempts. `asked` and `drawn` count requests and their tokens since it was opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tokens = self.asked = self.drawn = 0
        places: dict[bytes, int] = {}
        for place, record in read_placed(path) if path.is_file() else ():
            places[_short(_key(record, path))] = place
            self.tokens += record["tokens"]
        self._writer = JsonlWriter(path)
        self.answers = Answers(path, places)

    @property
    def requests(self) -> int:
        """Requests that were answered, in all attempts."""
        return len(self.answers)

    def record(self, key: str, stage: str, completion: Completion) -> None:
        """Write a finished request before anything is done with it."""
        entry = {
            "key": key,
            "for": completion.request.tag,
            "stage": stage,
            "text": completion.text,
            "finish": completion.finish,
            "prompt_tokens": completion.prompt_tokens,
            "tokens": completion.tokens,
        }
        self.answers.add(key, self._writer.append(entry))
        self.tokens += completion.tokens
        self.asked += 1
        self.drawn += completion.tokens

    def close(self) -> None:
        """Flush and close the file."""
        self._writer.close()
        self.answers.close()


def row_of(record: Mapping[str, Any]) -> tuple[str, int]:
    """The leaf and the number of the sample for which an answer in a journal was first asked."""
    found = _ROW.match(str(record["for"]))
    return (found["leaf"], int(found["ordinal"])) if found else ("", -1)


def _key(record: Mapping[str, Any], path: Path) -> str:
    if not {"key", "for", "stage", "text", "finish", "tokens"} <= record.keys():
        raise RecordError(f"{path}: not a journal of this version", hint="delete it to ask everything anew")
    return str(record["key"])


def _short(key: str) -> bytes:
    """Half of a digest is enough to tell requests apart, and takes a third of the memory of its 64 letters."""
    return hashlib.blake2b(key.encode(), digest_size=16).digest()
