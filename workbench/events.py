"""What a run says while it works: one JSONL file, one writer, any number of readers.

Telemetry only. Progress, live plots and the status sentence read it; results come from manifests and artefacts.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.records import JsonlWriter, parse_line, read_jsonl

Event = dict[str, Any]


def now() -> str:
    """This moment in UTC, as ISO 8601 with milliseconds and a Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


class EventWriter:
    """Numbers the events of one attempt from 1; a field may hold whatever JSON holds."""

    def __init__(self, path: Path, attempt: int) -> None:
        self.attempt = attempt
        self.sequence = 0
        self._writer = JsonlWriter(path)

    def emit(self, stage: str, **fields: Any) -> None:
        self.sequence += 1
        head = {"time": now(), "attempt": self.attempt, "sequence": self.sequence, "stage": stage}
        self._writer.append({**head, **fields})

    def close(self) -> None:
        self._writer.close()


class EventReader:
    """Tails a file that another process writes; the file may not be there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0

    def poll(self) -> list[Event]:
        """What has been added since the last call, whole lines only."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                added = file.read()
        except FileNotFoundError:
            return []
        whole = added[: added.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [parse_line(line) for line in whole.splitlines()]


def read_events(path: Path) -> list[Event]:
    """All events of a run in order, none when it has not begun; what a later attempt did again is left out."""
    return drop_repeated(read_jsonl(path)) if path.exists() else []


def drop_repeated(events: Iterable[Event]) -> list[Event]:
    """Leaves out the steps of an attempt that a later one went over again from its checkpoint.

    An event counts as repeated when a later attempt has an equal or lower `step` of the same stage (and the same phase
    and leaf, where the event names them). Events without a step all stay.
    """
    everything = list(events)
    restarts: dict[tuple[object, ...], dict[int, int]] = {}
    for event in everything:
        if "step" in event:
            steps = restarts.setdefault(_line(event), {})
            steps[event["attempt"]] = min(event["step"], steps.get(event["attempt"], event["step"]))
    return [event for event in everything if not _repeated(event, restarts)]


def _line(event: Event) -> tuple[object, ...]:
    return event["stage"], event.get("phase"), event.get("leaf")


def _repeated(event: Event, restarts: dict[tuple[object, ...], dict[int, int]]) -> bool:
    if "step" not in event:
        return False
    steps = restarts[_line(event)]
    return any(attempt > event["attempt"] and event["step"] >= first for attempt, first in steps.items())
