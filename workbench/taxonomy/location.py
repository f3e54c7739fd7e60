"""Where the taxonomy is."""

import os
from pathlib import Path

from workbench.errors import NotFoundError
from workbench.taxonomy.options import TaxonomyOptions
from workbench.workspace import Workspace


def find_taxonomy(options: TaxonomyOptions, workspace: Workspace) -> Path:
    """What the options say, else the workspace's own, else the folder in which the upstream command keeps one."""
    if options.taxonomy_path:
        path = workspace.resolve(options.taxonomy_path)
        if not path.exists():
            raise NotFoundError(f"there is no taxonomy {options.taxonomy_path}", hint="check taxonomy_path")
        return path
    upstream = _upstream()
    found = next((path for path in (workspace.taxonomy, upstream) if path.is_dir()), None)
    if not found:
        raise NotFoundError(
            f"there is no taxonomy in {workspace.root} or {upstream}",
            hint="the first notebook lays out a sample; or give --taxonomy-path",
        )
    return found


def _upstream() -> Path:
    """A relative XDG_DATA_HOME does not count, as the XDG Base Directory Specification says."""
    named = Path(os.environ.get("XDG_DATA_HOME", ""))
    data = named if named.is_absolute() else Path(os.path.expanduser("~/.local/share"))
    return data / "instructlab" / "taxonomy"
