"""Keys that stay with the form they are pressed in."""

from functools import cache
from pathlib import Path
from typing import Any


def own_keys() -> Any:
    """Stands unseen in a box of class `workbench-editor`; without it JupyterLab's commands come before the form."""
    return _own_keys_class()()


@cache
def _own_keys_class() -> Any:
    import anywidget

    class OwnKeys(anywidget.AnyWidget):
        _esm = Path(__file__).with_name("keyboard.js")

    return OwnKeys
