"""Which models the workbench knows by name, and where their files are."""

import difflib
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from workbench.assets import assets_folder
from workbench.errors import ModelError

_EMBEDDED = "models"


@dataclass(frozen=True, slots=True)
class Entry:
    """A model's name with what it is good for: `flow` generates data with it as teacher, `students` (patterns of names)
    can learn from that. `repository` and `filename` say where a hub has it; an embedded model has neither."""

    name: str
    flow: str = "simple"
    students: tuple[str, ...] = ("*",)
    repository: str = ""
    filename: str = ""

    @property
    def embedded(self) -> bool:
        return bool(self.filename) and not self.repository

    def suits(self, student: str) -> bool:
        """Whether a student of that name, or at that path, can learn from what this model writes."""
        return any(fnmatch(_name(student), pattern) for pattern in self.students)


ENTRIES = (
    Entry("seedling-teacher-Q4_K_M", "compact", ("seedling-base",), filename="seedling-teacher-Q4_K_M.gguf"),
    Entry("seedling-base", "compact", ("seedling-base",), filename="seedling-base"),
    Entry("granite-7b-lab-Q4_K_M", repository="instructlab/granite-7b-lab-GGUF", filename="granite-7b-lab-Q4_K_M.gguf"),
    Entry("granite-7b-lab", repository="instructlab/granite-7b-lab"),
    Entry(
        "merlinite-7b-lab-Q4_K_M",
        repository="instructlab/merlinite-7b-lab-GGUF",
        filename="merlinite-7b-lab-Q4_K_M.gguf",
    ),
    Entry(
        "mistral-7b-instruct-v0.2.Q4_K_M",
        "full",
        repository="TheBloke/Mistral-7B-Instruct-v0.2-GGUF",
        filename="mistral-7b-instruct-v0.2.Q4_K_M.gguf",
    ),
)


def find_entry(model: str) -> Entry | None:
    """What is known of a name, or of a path that ends in one; None for any other model."""
    name = _name(model)
    return next((known for known in ENTRIES if known.name == name), None)


def resolve(model: str, models_folder: Path | None = None) -> Path:
    """The GGUF file or Hugging Face folder that a name or path means; ModelError says how to get a missing one.

    A path wins over an embedded model, which wins over a downloaded one of the same name.
    """
    path = Path(model).expanduser()
    if _is_model(path):
        return path
    for candidate in _candidates(_name(model), models_folder):
        if _is_model(candidate):
            return candidate
    raise _missing(model, path)


def resolve_folder(model: str, models_folder: Path | None = None) -> Path:
    """The Hugging Face folder that a name or path means, as training needs one; ModelError for a GGUF file.

    A folder that is named by its path is taken as it is: whoever reads it says what is missing in it.
    """
    path = Path(model).expanduser()
    path = path if path.is_dir() else resolve(model, models_folder)
    if path.is_dir():
        return path
    raise ModelError(
        f"{model} is a GGUF file, which cannot be trained",
        hint="give a Hugging Face model folder, such as seedling-base",
    )


def _candidates(name: str, models_folder: Path | None) -> list[Path]:
    known = find_entry(name)
    places = [assets_folder() / _EMBEDDED / known.filename] if known and known.embedded else []
    if models_folder is not None:
        places += [models_folder / f"{name}.gguf", models_folder / name]
    return places


def _is_model(path: Path) -> bool:
    return (path.is_file() and path.suffix == ".gguf") or (path / "config.json").is_file()


def _missing(model: str, path: Path) -> ModelError:
    known = find_entry(model)
    if known and known.repository:
        return ModelError(f"{model} is not downloaded yet", hint=f"workbench model download {known.name}")
    if known:
        return ModelError(f"{model} belongs to the workbench, but its files are missing", hint="install it again")
    if path.exists():
        return ModelError(f"{model} is neither a .gguf file nor a folder with a config.json")
    if re.fullmatch(r"[\w.-]+/[\w.-]+", model):
        hint = f"if the hub has it: workbench model download --repository {model}"
        return ModelError(f"there is no folder {model} here", hint=hint)
    near = difflib.get_close_matches(_name(model), [each.name for each in ENTRIES], n=1)
    return ModelError(
        f"there is no model {model!r}" + (f"; did you mean {near[0]}?" if near else ""),
        hint="give a .gguf file, a model folder, or one of " + ", ".join(each.name for each in ENTRIES),
    )


def _name(model: str) -> str:
    return Path(model).name.removesuffix(".gguf")
