"""Checkpoints: the whole state of a phase in one safetensors file, written whole or not at all."""

import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import TrainingError
from workbench.records import room_for, sync_folder
from workbench.training.sharding import gathered, own_state

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

Tensors = dict[str, "Tensor"]
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


@dataclass(frozen=True)
class Progress:
    """How far a phase has come: steps done, target tokens seen, seconds spent in steps.

    `belongs` is a digest of everything that decides the phase's weights, empty where nobody asks for it.
    """

    step: int = 0
    tokens: int = 0
    targets: int = 0
    seconds: float = 0.0
    belongs: str = ""


def save_state(
    path: Path, model: "Module", optimizers: Sequence["Optimizer"], progress: Progress, main: bool = True
) -> None:
    """Write weights, optimizer states and progress; StorageError where there is no room, and the old state stays.

    Sharded ones are put together by all processes and written by the `main` one.
    """
    tensors = gathered(state_tensors(model, optimizers), main)
    if main:
        write_state(path, tensors, progress)


def load_state(path: Path, model: "Module", optimizers: Sequence["Optimizer"]) -> Progress:
    """Put a saved state back in place, each process its own part, and return its progress.

    TrainingError where it belongs to something else or is not as it was written; nothing is changed then.
    """
    with _opened(path) as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        progress = _progress(file)
        if _sum(tensors) != file.metadata()["sum"]:
            raise ValueError("its bytes are not those that were written")
        _put_back(tensors, model, optimizers)
    return progress


def state_tensors(model: "Module", optimizers: Sequence["Optimizer"]) -> Tensors:
    """By name: `model.<weight>` of what is trained, `optimizer.<number>.<index>.<key>`; a tied weight is there once."""
    tensors = {f"model.{name}": value for name, value in _weights(model).items()}
    for number, optimizer in enumerate(optimizers):
        for index, state in _states(optimizer):
            tensors.update({f"optimizer.{number}.{index}.{key}": _tensor(value) for key, value in state.items()})
    return tensors


def write_state(path: Path, tensors: Mapping[str, "Tensor"], progress: Progress) -> None:
    """The file appears whole by a rename; StorageError where there is no room."""
    from safetensors.torch import save_file

    temporary = path.with_name(path.name + ".part")
    whole = _apart(tensors)
    try:
        with room_to_save(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            facts = {"progress": json.dumps(progress.__dict__), "sum": _sum(whole)}
            save_file(whole, temporary, metadata=facts)
            sync_file(temporary)
            temporary.replace(path)
            sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def check_state(path: Path, belongs: str) -> None:
    """TrainingError where a state lies there that another model, other data or other options have left."""
    if not path.is_file():
        return
    with _opened(path) as file:
        found = _progress(file).belongs
    if found != belongs:
        raise TrainingError(
            f"{path}: a checkpoint of another base, of other data or of other options",
            hint="give the base, data and options that it was begun with, or delete it to start over",
        )


@contextmanager
def room_to_save(path: Path) -> Iterator[None]:
    """As `records.room_for`, also for safetensors, which wraps the system's error in its own."""
    from safetensors import SafetensorError

    with room_for(path):
        try:
            yield
        except SafetensorError as error:
            if not (found := _OS_ERROR.search(str(error))):
                raise
            number = int(found.group(1))
            raise OSError(number, os.strerror(number)) from error


def sync_file(path: Path) -> None:
    """Come back once the file's bytes are on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """TrainingError where the file is broken, or what is read from it is strange."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(
            f"{path}: not a checkpoint of this model: {error}", hint="delete it to start over"
        ) from error


def _put_back(tensors: Tensors, model: "Module", optimizers: Sequence["Optimizer"]) -> None:
    stored = {name for name in tensors if name.startswith("model.")}
    own = {f"model.{name}": value for name, value in _weights(model).items()}
    strange = sorted(stored ^ own.keys()) or [name for name in own if tensors[name].shape != own[name].shape]
    if strange:
        raise ValueError(f"it differs in {', '.join(strange[:3])}")
    parts = own_state(tensors, model, optimizers)
    # Tied heads are stored once, and what is frozen not at all.
    model.load_state_dict({name.removeprefix("model."): parts[name] for name in own}, strict=False)
    for number, optimizer in enumerate(optimizers):
        state = _optimizer_state(parts, f"optimizer.{number}.")
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _progress(file: Any) -> Progress:
    return Progress(**json.loads((file.metadata() or {})["progress"]))


def _weights(model: "Module") -> Tensors:
    """What the model trains, or everything in it where nothing is frozen."""
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    every = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    frozen = any(not weight.requires_grad for weight in model.parameters())
    stored = model.state_dict()
    return {name: stored[name] for name in stored if name in trained or (name not in every and not frozen)}


def _states(optimizer: "Optimizer") -> Iterator[tuple[int, dict[str, Any]]]:
    """By the weights' numbers; asked for a state_dict, bitsandbytes hides its own in another form."""
    weights = (weight for group in optimizer.param_groups for weight in group["params"])
    for index, weight in enumerate(weights):
        if state := optimizer.state.get(weight):
            yield index, state


def _apart(tensors: Mapping[str, "Tensor"]) -> Tensors:
    """Each with bytes of its own, as safetensors wants them: bitsandbytes has tables that all weights share."""
    whole: Tensors = {}
    places: set[int] = set()
    for name, value in tensors.items():
        whole[name] = value.clone() if value.data_ptr() in places else value.contiguous()
        places.add(value.data_ptr())
    return whole


def _sum(tensors: Mapping[str, "Tensor"]) -> str:
    """A checksum of all bytes: a disk that returns others is found out, not trained on."""
    import torch

    found = 0
    for name in sorted(tensors):
        found = zlib.crc32(tensors[name].detach().reshape(-1).view(torch.uint8).cpu().numpy().data, found)
    return f"{found:08x}"


def _tensor(value: Any) -> "Tensor":
    import torch

    return value if isinstance(value, torch.Tensor) else torch.tensor(value)


def _optimizer_state(tensors: Tensors, prefix: str) -> dict[int, dict[str, Any]]:
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        if name.startswith(prefix):
            index, key = name.removeprefix(prefix).split(".", 1)
            # A count that was no tensor is none again: as one it would be rounded to the weights' type.
            counted = not value.ndim and not value.is_floating_point()
            state.setdefault(int(index), {})[key] = int(value) if counted else value
    return state
