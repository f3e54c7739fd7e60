"""An event as one line for a person: where the work is, how much of it is done, and the figures that it names.

Steps say how far they are with `step` of `steps` or `done` of `total`, and name a `phase` or a `leaf` if there is one.
A `sentence` stands for all that, with a `pace` in words behind it; a `lasting` one stays in sight while others go by.
"""

from workbench.events import Event

_PLACES = ("time", "attempt", "sequence", "stage", "phase", "leaf", "step", "steps", "done", "total", "sentence")
_FIGURES = 4


def progress_line(event: Event) -> str:
    """`train, phase 1: 40 of 120 (33 %), loss 1.23`."""
    if "sentence" in event:
        return f"{event['sentence']}; {event['pace']}" if event.get("pace") else str(event["sentence"])
    place = str(event["stage"]).replace("_", " ")
    place += f", phase {event['phase']}" if "phase" in event else ""
    place += f", {event['leaf']}" if "leaf" in event else ""
    share = progress_share(event)
    figures = [_figure(name, value) for name, value in event.items() if _is_figure(name, value)][:_FIGURES]
    parts = [_count(event, share)] if share is not None else []
    return ": ".join([place, ", ".join(parts + figures)]) if parts or figures else place


def progress_share(event: Event) -> float | None:
    """How much of its part of the work is done, from 0 to 1; None when the event does not say."""
    done, total = _counted(event)
    return min(1.0, done / total) if done is not None and total else None


def _counted(event: Event) -> tuple[float | None, float | None]:
    if "total" in event:
        return event.get("done"), event["total"]
    return event.get("step"), event.get("steps")


def _count(event: Event, share: float | None) -> str:
    done, total = _counted(event)
    return f"{done} of {total} ({share:.0%})".replace("%", " %")


def _is_figure(name: str, value: object) -> bool:
    return name not in _PLACES and isinstance(value, int | float) and not isinstance(value, bool)


def _figure(name: str, value: float) -> str:
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{name.replace('_', ' ')} {text}"
