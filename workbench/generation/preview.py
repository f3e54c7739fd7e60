"""The first samples of each leaf and what the whole run will take, before the run itself.

What is asked for it is journaled in the run, where the whole run finds the answers again.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from workbench.errors import OptionsError
from workbench.generation.estimate import Trial, estimate
from workbench.generation.options import GenerationOptions
from workbench.generation.pace import duration
from workbench.generation.prices import money_text
from workbench.generation.production import LeafShelf
from workbench.generation.setup import Setup, open_setup
from workbench.runs import Attempt, Run, Stop

Record = dict[str, Any]
FILE = "Artifacts/preview.json"
_HINT = "leave out --no-taxonomy, or start the run itself"
# So long a trial works at least, as far as there is work, for its pace to mean something.
_SECONDS = 4.0


class _EnoughError(Exception):
    """The time of a preview is over."""


class _Until(Stop):
    """A stop that also ends the work at a moment, whether or not anything was decided."""

    def __init__(self, stop: Stop, seconds: float, clock: Callable[[], float]) -> None:
        super().__init__()
        self._stop = stop
        self._clock = clock
        self._end = clock() + seconds

    def check(self) -> None:
        self._stop.check()
        if self._clock() >= self._end:
            raise _EnoughError


def preview(options: GenerationOptions, run: Run, attempt: Attempt, stop: Stop) -> Record:
    """Works until each leaf has `preview_samples`, for `preview_seconds` at most; returns what `FILE` is to hold.

    `samples` are records by leaf, those that were kept and those that were not; `estimate` is that of the whole run.
    They are the very samples that the run begins with.
    """
    if not options.taxonomy:
        raise OptionsError("there is nothing to preview: no sample is made without a taxonomy", hint=_HINT)
    with open_setup(options, run) as setup:
        attempt.events.emit("plan", sentence=setup.promise(), lasting=True)
        until = _Until(stop, options.preview_seconds, time.monotonic)
        quota = min(options.preview_samples, options.num_instructions)
        trial = setup.trial(setup.production(until, quota))
        with suppress(_EnoughError):
            _work(trial, attempt)
            # A fast teacher has time left for an estimate from more samples than are shown.
            while trial.pace.seconds < _SECONDS and quota < options.num_instructions:
                quota = min(2 * quota, options.num_instructions)
                longer = setup.trial(setup.production(until, quota), trial.pace)
                _work(longer, attempt)
                trial = longer
        trial.pace.note(kept(trial))
        return said(trial, setup)


def _work(trial: Trial, attempt: Attempt) -> None:
    for shelf in trial.production.run():
        trial.pace.note(kept(trial))
        attempt.events.emit("preview", **_progress(trial), leaf=shelf.work.path)


def said(trial: Trial, setup: Setup) -> Record:
    """The record of a preview from a trial as it stands."""
    options = setup.options
    return {
        "samples": {path: _shown(shelf, options.preview_samples) for path, shelf in trial.shelves.items()},
        "estimate": estimate(trial, setup.flow, options, setup.terms),
    }


def enough(trial: Trial, options: GenerationOptions) -> bool:
    """Whether a run under way has something to show of each leaf and of its pace, or has waited for it long enough."""
    if trial.pace.seconds > options.preview_seconds:
        return True
    if trial.pace.requests and trial.pace.seconds < _SECONDS:
        return False
    return all(shelf.full or shelf.kept >= options.preview_samples for shelf in trial.shelves.values())


def kept(trial: Trial) -> int:
    return sum(shelf.kept for shelf in trial.shelves.values())


def estimate_sentence(found: Record) -> str:
    """`About 4,210 requests, 31,000 output tokens, 90,000 training tokens, 1.4 min from here on.`"""
    meters = found["meters"]
    parts = [
        f"{found['requests']:,} requests",
        f"{meters['generation_output']:,} output tokens",
        f"{meters['training_input']:,} training tokens",
    ]
    if found["money"]:
        parts.append(money_text(found["money"]["total"], found["money"]["currency"]))
    if found["minutes"] is not None:
        parts.append(f"{duration(60 * found['minutes'])} from here on")
    return f"About {', '.join(parts)}."


def _progress(trial: Trial) -> Record:
    shelves = trial.shelves.values()
    return {"done": kept(trial), "total": sum(shelf.quota for shelf in shelves), **_rounded(trial.pace.rates())}


def _rounded(rates: dict[str, float]) -> dict[str, float]:
    return {name: round(rate, 3) for name, rate in rates.items()}


def _shown(shelf: LeafShelf, most: int) -> list[Record]:
    """The first that were kept and the first that were not, in the order in which they were made."""
    chosen = [one for one in shelf.decided if one.outcome == "kept"][:most]
    chosen += [one for one in shelf.decided if one.outcome != "kept"][:most]
    return [one.record() for one in sorted(chosen, key=lambda one: one.number)]
