"""The checkpoints of a trained run with their scores: which was chosen, by what and why."""

from collections.abc import Iterator, Mapping
from typing import Any

from workbench.alignment.choice import Candidate, Choice
from workbench.runs import Run
from workbench.taxonomy.markup import paragraph, table

_HEADS = ("phase", "checkpoint", "samples", "score", "95 % interval", "beats the last on", "loses on", "")


class Checkpoints:
    """Of a finished run, as a table with a sentence for each phase; a score is a share, a rating or a loss, by what the
    phase's checkpoint is chosen by."""

    def __init__(self, run: Run) -> None:
        self._phases: list[Mapping[str, Any]] = [phase for phase in run.manifest["phases"] if "choice" in phase]

    @property
    def chosen(self) -> dict[int, str]:
        """By the phase's number."""
        return {phase["phase"]: phase["choice"]["chosen"] for phase in self._phases}

    @property
    def sentences(self) -> list[str]:
        said = []
        for phase in self._phases:
            choice = Choice.from_record(phase["choice"])
            said.append(
                f"Phase {phase['phase']}: {choice.chosen} goes on: {choice.because}. Chosen by {choice.by}, because "
                f"{choice.reason}."
            )
        return said

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return table("Checkpoints", _HEADS, self._rows()) + "".join(map(paragraph, self.sentences))

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for phase in self._phases:
            choice = Choice.from_record(phase["choice"])
            scored = {one.name: one for one in choice.candidates}
            for one in phase["checkpoints"]:
                marks = ["chosen"] * (one["name"] == choice.chosen) + ["removed"] * (not one["there"])
                figures = _figures(scored.get(one["name"]))
                yield (str(phase["phase"]), one["name"], f"{one['samples']:,}", *figures, ", ".join(marks))


def _figures(one: Candidate | None) -> tuple[str, str, str, str]:
    if one is None or one.score is None:
        return ("not asked" if one is None else "none", "", "", "")
    if one.interval is None:
        return (f"{one.score:.3f}", "", "", "")
    low, high = one.interval
    return (f"{one.score:.2f}", f"{low:.2f} to {high:.2f}", str(one.better), str(one.worse))
