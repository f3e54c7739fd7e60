"""The figures of a training's events as TensorBoard reads them; the extra `tensorboard` must be installed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.errors import OptionsError

_PLACES = ("step", "steps")


class TensorBoard:
    """Writes every number of an event as a scalar at the event's step.

    `first` is the step that a phase goes on from: what an earlier attempt wrote behind it is hidden. OptionsError where
    TensorBoard is not installed.
    """

    def __init__(self, folder: Path, first: int = 0) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise OptionsError(
                "TensorBoard is not installed", hint="pip install 'instructlab-workbench[tensorboard]'"
            ) from error
        self._writer = SummaryWriter(str(folder), purge_step=first + 1 if first else None)

    def add(self, event: Mapping[str, Any]) -> None:
        """Events without a step are left out."""
        if "step" not in event:
            return
        for name, value in event.items():
            if name not in _PLACES and isinstance(value, int | float) and not isinstance(value, bool):
                self._writer.add_scalar(name, value, event["step"])

    def close(self) -> None:
        """Write what is not written yet."""
        self._writer.close()
