"""How often, how fast and in what portions a model learns where nobody says so: that goes by its size."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import TrainingError

# Models below it learn a small world in a minute, with rates that would ruin a large one.
SMALL = 100_000_000
# A phase whose steps are too few learns nothing, however good its rows are.
_STEPS_AN_EPOCH = 10
_FEWEST_ROWS = 32


@dataclass(frozen=True)
class Figures:
    """Of one phase; the batch is in rows a step."""

    epochs: int
    learning_rate: float
    batch_size: int

    def batch_for(self, rows: int) -> int:
        """The batch, smaller where so few rows would make too few steps."""
        return min(self.batch_size, max(_FEWEST_ROWS, rows // _STEPS_AN_EPOCH))


@dataclass(frozen=True)
class Suited:
    """The figures of both phases for a base, and why these."""

    phases: tuple[Figures, Figures]
    optimizer: str
    reason: str


_FOR_SMALL = (Figures(8, 3e-3, 32), Figures(4, 2e-3, 32))
# Those of `ilab model train --strategy lab-multiphase`.
_FOR_LARGE = (Figures(7, 2e-5, 128), Figures(10, 6e-6, 3840))
_FOR_ADAPTERS = (Figures(3, 2e-4, 32), Figures(3, 1e-4, 32))


def suited(base: Path, *, adapters: bool) -> Suited:
    """By the number of weights alone; TrainingError where a file of them is broken."""
    weights = count_weights(base)
    if weights < SMALL:
        return Suited(_FOR_SMALL, "muon", f"{_said(weights)}: figures for small models")
    if adapters:
        return Suited(_FOR_ADAPTERS, "adamw", f"{_said(weights)}, frozen under adapters: ten times the usual rates")
    return Suited(_FOR_LARGE, "adamw", f"{_said(weights)}: figures of InstructLab's lab-multiphase")


def count_weights(folder: Path) -> int:
    """Numbers in all safetensors files of a folder, by their headers; TrainingError for a broken one.

    https://huggingface.co/docs/safetensors: 8 bytes with the length of the JSON that follows.
    """
    return sum(map(_count, sorted(folder.glob("*.safetensors"))))


def _count(path: Path) -> int:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        try:
            header = json.loads(file.read(min(length, path.stat().st_size)))
            return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TrainingError(f"{path}: not a safetensors file", hint="fetch the model again") from error


def _said(weights: int) -> str:
    many = f"{weights / 1e9:.1f} billion" if weights >= 1e9 else f"{weights / 1e6:.1f} million"
    return f"the base has {many} weights"
