"""Every finished request of a run, so that a run that was killed asks nothing again."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench.engines.engine import Completion, Request
from workbench.errors import RecordError
from workbench.records import JsonlWriter, digest_json, read_jsonl


def request_key(request: Request, model: str) -> str:
    """Equal for requests that must have equal answers: a greedy one does not depend on its seed, none on its tag."""
    seed = request.seed if request.sampling.temperature > 0 else 0
    return digest_json({"model": model} | asdict(request) | {"tag": "", "seed": seed})


class Journal:
    """Answers by key; what a half-written last line held is asked again."""

    def __init__(self, path: Path) -> None:
        self.answers: dict[str, Mapping[str, Any]] = {}
        if path.is_file():
            self.answers = {_key(record, path): record for record in read_jsonl(path)}
        self._writer = JsonlWriter(path)

    @property
    def requests(self) -> int:
        """Requests that were answered, in all attempts."""
        return len(self.answers)

    @property
    def tokens(self) -> int:
        """Tokens that were drawn for them."""
        return sum(answer["tokens"] for answer in self.answers.values())

    def record(self, key: str, stage: str, completion: Completion) -> None:
        """Write a finished request before anything is done with it."""
        entry = {
            "key": key,
            "stage": stage,
            "text": completion.text,
            "finish": completion.finish,
            "prompt_tokens": completion.prompt_tokens,
            "tokens": completion.tokens,
        }
        self._writer.append(entry)
        self.answers[key] = entry

    def close(self) -> None:
        """Flush and close the file."""
        self._writer.close()


def _key(record: Mapping[str, Any], path: Path) -> str:
    if not {"key", "text", "finish", "tokens"} <= record.keys():
        raise RecordError(f"{path}: not a journal of this version", hint="delete it to ask everything anew")
    return str(record["key"])
