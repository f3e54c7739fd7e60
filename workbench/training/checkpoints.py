"""Checkpoints: the whole state of a phase in one safetensors file, written whole or not at all."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer


@dataclass(frozen=True)
class Progress:
    """How far a phase has come: steps done, target tokens seen, seconds spent in steps."""

    step: int = 0
    tokens: int = 0
    targets: int = 0
    seconds: float = 0.0


def save_state(path: Path, model: "Module", optimizers: Sequence["Optimizer"], progress: Progress) -> None:
    """Write weights, optimizer states and progress; the file appears whole by a rename."""
    from safetensors.torch import save_file

    tensors = {f"model.{name}": value.contiguous() for name, value in _weights(model).items()}
    for number, optimizer in enumerate(optimizers):
        for index, state in optimizer.state_dict()["state"].items():
            tensors.update({f"optimizer.{number}.{index}.{key}": _tensor(value) for key, value in state.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    save_file(tensors, temporary, metadata={"progress": json.dumps(progress.__dict__)})
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def load_state(path: Path, model: "Module", optimizers: Sequence["Optimizer"]) -> Progress:
    """Put a saved state back in place and return its progress; TrainingError where it belongs to something else."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            progress = Progress(**json.loads(file.metadata()["progress"]))
        _put_back(tensors, model, optimizers)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(
            f"{path}: not a checkpoint of this model: {error}", hint="delete it to start over"
        ) from error
    return progress


def _put_back(tensors: dict[str, "Tensor"], model: "Module", optimizers: Sequence["Optimizer"]) -> None:
    weights = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
    own = _weights(model)
    if strange := [name for name in {**own, **weights} if _shape(own.get(name)) != _shape(weights.get(name))]:
        raise ValueError(f"it differs in {', '.join(strange[:3])}")
    model.load_state_dict(weights, strict=False)  # tied heads are stored once
    for number, optimizer in enumerate(optimizers):
        restored = optimizer.state_dict()
        restored["state"] = _optimizer_state(tensors, f"optimizer.{number}.")
        optimizer.load_state_dict(restored)


def _shape(weight: "Tensor | None") -> tuple[int, ...]:
    return () if weight is None else tuple(weight.shape)


def _weights(model: "Module") -> dict[str, "Tensor"]:
    seen: dict[int, str] = {}
    kept = {}
    for name, value in model.state_dict().items():
        if value.data_ptr() not in seen:
            seen[value.data_ptr()] = name
            kept[name] = value
    return kept


def _tensor(value: Any) -> "Tensor":
    import torch

    return value.contiguous() if isinstance(value, torch.Tensor) else torch.tensor(value)


def _optimizer_state(tensors: dict[str, "Tensor"], prefix: str) -> dict[int, dict[str, "Tensor"]]:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith(prefix):
            index, key = name.removeprefix(prefix).split(".", 1)
            state.setdefault(int(index), {})[key] = value
    return state
