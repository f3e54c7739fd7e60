"""Which taxonomy a command is about."""

from pathlib import Path

from workbench.errors import NotFoundError, UsageError
from workbench.taxonomy.options import TaxonomyOptions


def chosen_taxonomy(options: TaxonomyOptions, workspace: Path | None) -> Path:
    """A path that was given needs no workspace, and none is made for it."""
    from workbench.taxonomy.location import find_taxonomy
    from workbench.workspace import Workspace

    if not options.taxonomy_path:
        return find_taxonomy(options, Workspace.find(workspace))
    given = Path(options.taxonomy_path).expanduser()
    try:
        there = given.exists()
    except OSError as error:
        raise UsageError(f"--taxonomy-path cannot be a path: {error.strerror}") from error
    if there:
        return given
    if given.is_absolute():
        raise NotFoundError(f"there is no taxonomy {given}", hint="check --taxonomy-path")
    return find_taxonomy(options, Workspace.find(workspace))


def chosen_folder(options: TaxonomyOptions, workspace: Path | None) -> Path:
    """The same for a command that cannot take one qna.yaml alone."""
    found = chosen_taxonomy(options, workspace)
    if not found.is_dir():
        raise UsageError(f"{found} is a file", hint="give the folder of the whole taxonomy")
    return found
