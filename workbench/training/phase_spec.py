"""What one phase is asked to do and what came of it, in a form that another process can read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from workbench.errors import RecordError
from workbench.options import describe
from workbench.records import digest_file, digest_folder, digest_json, read_json, write_json
from workbench.training.options import TrainingOptions

RECORD = "record.json"


@contextmanager
def told(path: Path, hint: str) -> Iterator[None]:
    """RecordError with a hint where a file of a phase's folder is not as the phase wrote it."""
    try:
        yield
    except RecordError as error:
        raise RecordError(error.message, hint=hint) from error
    except (KeyError, TypeError) as error:
        raise RecordError(f"{path}: not as a phase writes it: {error}", hint=hint) from error


@dataclass(frozen=True)
class PhaseSpec:
    """One phase: a base model's folder and training files in, `folder` out; all other figures are in the options.

    `batch_size` is in rows a step, over all processes. `more_files` are trained on together with `file`.
    """

    base: Path
    file: Path
    folder: Path
    epochs: int
    batch_size: int
    learning_rate: float
    options: TrainingOptions
    more_files: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """All training files in the order of their rows."""
        return (self.file, *self.more_files)

    @property
    def state(self) -> Path:
        """The file that an unfinished phase goes on from."""
        return self.folder / "state" / "state.safetensors"

    def digest(self) -> str:
        """Of everything that decides the phase's weights: contents, figures, and options that change results."""
        names = [field.name for field in describe(TrainingOptions) if field.result]
        decides = {
            "base": digest_folder(self.base),
            "files": [digest_file(file) for file in self.files],
            "figures": [self.epochs, self.batch_size, self.learning_rate],
            "options": {name: getattr(self.options, name) for name in names},
        }
        return digest_json(decides)

    def record(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        paths = {name: str(getattr(self, name)) for name in ("base", "file", "folder")}
        figures = {name: getattr(self, name) for name in ("epochs", "batch_size", "learning_rate")}
        options = {name: getattr(self.options, name) for name in TrainingOptions.model_fields}
        return {**paths, **figures, "options": options, "more_files": [str(path) for path in self.more_files]}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """The spec again; OptionsError where an option is not what it may be."""
        return cls(
            base=Path(record["base"]),
            file=Path(record["file"]),
            folder=Path(record["folder"]),
            epochs=record["epochs"],
            batch_size=record["batch_size"],
            learning_rate=record["learning_rate"],
            options=TrainingOptions.parse(record["options"]),
            more_files=tuple(Path(path) for path in record["more_files"]),
        )

    def write(self, path: Path) -> None:
        """As JSON, whole or not at all."""
        write_json(path, self.record())

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `write` wrote."""
        return cls.from_record(read_json(path))


@dataclass(frozen=True)
class PhaseRecord:
    """What came of a phase: `rows` trained on and set aside, `left_out` by reason, the checkpoints that stay.

    `model` is the name of the folder to go on with, `best` that with the lowest validation loss, if it was measured;
    `belongs` the spec's digest, `facts` what was chosen: device, precision, attention, memory.
    """

    rows: int
    validation_rows: int
    left_out: dict[str, int]
    epochs: int
    steps: int
    tokens: int
    targets: int
    seconds: float
    model: str
    checkpoints: list[dict[str, Any]] = field(default_factory=list)
    best: str = ""
    belongs: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return asdict(self)

    def write(self, folder: Path) -> None:
        """Into the phase's folder, where it says that the phase is done."""
        write_json(folder / RECORD, self.record())

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """What a finished phase left in its folder, None while there is none."""
        path = folder / RECORD
        if not path.is_file():
            return None
        with told(path, "delete it: the phase then ends again from its last state"):
            return cls(**read_json(path))
