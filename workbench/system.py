"""The machine and the versions that a run was made on, gathered without importing anything heavy."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psutil

from workbench.device import usable_threads

_PACKAGES = (
    "instructlab-workbench",
    "torch",
    "transformers",
    "tokenizers",
    "llama-cpp-python",
    "gguf",
    "instructlab-schema",
    "papermill",
    "jupyterlab",
)


def system_facts() -> dict[str, Any]:
    """Plain values, ready for JSON; memory in bytes, None for a package that is not installed."""
    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "processors": psutil.cpu_count() or 1,
        "threads": usable_threads(),
        "memory": psutil.virtual_memory().total,
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
