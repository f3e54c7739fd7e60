"""Where the files lie that come with the workbench: in the clone it is imported from, or packed into the wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_BUNDLE = _PACKAGE / "_bundle"


def assets_folder() -> Path:
    """Models, presets, pictures and the workshop's files."""
    return _root() / "assets"


def notebooks_folder() -> Path:
    """The notebooks as they are shipped, without outputs."""
    return _root() / "notebooks"


def sample_taxonomy_folder() -> Path:
    """The sample taxonomy with its documents."""
    return _root() / "taxonomy"


def clone_folder() -> Path | None:
    """The clone that this package is imported from; None when it was installed from a wheel."""
    return _PACKAGE.parent if (_PACKAGE.parent / "pyproject.toml").is_file() and not _BUNDLE.is_dir() else None


def _root() -> Path:
    return _BUNDLE if _BUNDLE.is_dir() else _PACKAGE.parent
