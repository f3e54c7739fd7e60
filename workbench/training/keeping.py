"""The model folders that a phase leaves: which were made, which stay, and which is the best."""

import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workbench.errors import OptionsError
from workbench.records import read_json, sync_folder, write_json
from workbench.training.checkpoints import room_to_save, sync_file
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseRecord, told

_INDEX = "checkpoints.json"
# Folders and states under way to or from their names, and files that wait for theirs under a dot and a uuid.
_LEFT = re.compile(r".+\.(part|gone)|\..+\.[0-9a-f]{32}")
Write = Callable[[Path], None]


@dataclass(frozen=True)
class Checkpoint:
    """A model folder by its name; `samples` are rows seen, `validation_loss` is nats a token or None."""

    name: str
    step: int
    samples: int
    validation_loss: float | None = None
    there: bool = True

    def record(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return asdict(self)


class Keeper:
    """The checkpoints of one phase's folder, listed in its `checkpoints.json`.

    `policy` says which folders stay: `all`, the `last` one, the `best` by validation loss beside the last one, or the
    one that is `chosen` when all are there.
    """

    def __init__(self, folder: Path, policy: str) -> None:
        self.folder = folder
        self.policy = policy
        self.checkpoints: list[Checkpoint] = []
        if (folder / _INDEX).is_file():
            with told(folder / _INDEX, "delete it: folders that it named stay, and those to come are listed"):
                self.checkpoints = [Checkpoint(**record) for record in read_json(folder / _INDEX)]

    @property
    def best(self) -> Checkpoint | None:
        """That with the lowest validation loss, the first of equals; None where none was measured."""
        measured = [one for one in self.checkpoints if one.validation_loss is not None]
        return min(measured, key=lambda one: (one.validation_loss, one.step), default=None)

    @property
    def chosen(self) -> Checkpoint:
        """That to go on with: the best under the policy of that name, else the last."""
        return (self.policy == "best" and self.best) or self.checkpoints[-1]

    def holds(self, name: str, step: int) -> bool:
        """Whether this very checkpoint was made already, be it there or not."""
        return any((one.name, one.step) == (name, step) for one in self.checkpoints)

    def go_back(self, step: int) -> None:
        """Forget what was made behind the step that the phase goes on from; it will be made again."""
        self.checkpoints = [one for one in self.checkpoints if one.step <= step]

    def add(self, checkpoint: Checkpoint, write: Write | None) -> None:
        """Write a folder, list it, and remove those that need not stay; without `write` another process does that."""
        others = [one for one in self.checkpoints if one.name != checkpoint.name]
        self.checkpoints = sorted([*others, checkpoint], key=lambda one: one.step)
        leaving = self._leaving()
        if write:
            save_folder(self.folder / checkpoint.name, write)
            self._list()
            for one in leaving:
                remove_folder(self.folder / one.name)
        self.checkpoints = [replace(one, there=False) if one in leaving else one for one in self.checkpoints]
        if write:
            self._list()

    def _leaving(self) -> list[Checkpoint]:
        if self.policy in ("all", "chosen"):
            return []
        staying = {self.checkpoints[-1].name, self.chosen.name}
        return [one for one in self.checkpoints if one.there and one.name not in staying]

    def _list(self) -> None:
        write_json(self.folder / _INDEX, [one.record() for one in self.checkpoints])


def settle_on(folder: Path, record: PhaseRecord, name: str, policy: str) -> PhaseRecord:
    """The record of a finished phase with the checkpoint that was chosen to go on with; under `chosen` others go.

    May be called again: a kill in between leaves either all folders or a record that names those that stay.
    """
    checkpoints = [
        one | {"there": one["there"] and (policy != "chosen" or one["name"] == name)} for one in record.checkpoints
    ]
    settled = replace(record, model=name, checkpoints=checkpoints)
    settled.write(folder)
    write_json(folder / _INDEX, checkpoints)
    for one in checkpoints:
        if not one["there"]:
            remove_folder(folder / one["name"])
    return settled


def check_keeping(options: TrainingOptions) -> None:
    """OptionsError where the best is to be kept and nothing says which that is."""
    if options.keep_checkpoints == "best" and not options.validation_share:
        raise OptionsError(
            "keep_checkpoints best and validation_share 0: nothing says which is the best",
            hint="give validation_share 0.05, or keep_checkpoints last",
        )


def save_folder(folder: Path, write: Write) -> None:
    """Have a folder written that is there whole or not at all; StorageError where there is no room for it."""
    temporary = folder.with_name(folder.name + ".part")
    remove_folder(temporary)
    try:
        with room_to_save(folder):
            temporary.mkdir(parents=True)
            write(temporary)
            for file in temporary.rglob("*"):
                if file.is_file():
                    sync_file(file)
            sync_folder(temporary)
            remove_folder(folder)
            temporary.replace(folder)
            sync_folder(folder.parent)
    finally:
        remove_folder(temporary)


def clear_away(folder: Path) -> None:
    """Remove what a killed process left half-written or half-removed in a folder of a run."""
    for path in [*folder.glob("*"), *folder.glob("*/*.part")]:
        if _LEFT.fullmatch(path.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def remove_folder(folder: Path) -> None:
    """Take a folder away if it is there; under its own name it is never seen half removed."""
    if not folder.is_dir():
        return
    doomed = folder.with_name(folder.name + ".gone")
    shutil.rmtree(doomed, ignore_errors=True)
    folder.replace(doomed)
    shutil.rmtree(doomed)
