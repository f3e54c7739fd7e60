"""The sample taxonomy, laid out in a workspace as a git repository of one commit."""

import shutil
import tempfile
from pathlib import Path

from workbench.assets import assets_folder, sample_taxonomy_folder
from workbench.documents.git import git
from workbench.errors import NotFoundError, TaxonomyError
from workbench.taxonomy.leaf_files import LeafFiles, add_leaf
from workbench.taxonomy.location import find_taxonomy
from workbench.taxonomy.options import TaxonomyOptions
from workbench.taxonomy.tree import Taxonomy, read_taxonomy
from workbench.workspace import Workspace

WORKSHOP_LEAF = "compositional_skills/extraction/inference/quantitative/asciidoc/tables"
_UNWANTED = shutil.ignore_patterns(".git", ".ipynb_checkpoints", "__pycache__", ".DS_Store")
# One author and time for everybody, so that the sample's commit has the same hash everywhere.
_SIGNATURE = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (
        ("NAME", "InstructLab workbench"),
        ("EMAIL", "workbench@example.org"),
        ("DATE", "2025-01-01T00:00:00+0000"),
    )
}


def lay_out_sample(workspace: Workspace, source: Path | None = None) -> Taxonomy:
    """The workspace's taxonomy; made from the sample when there is none, and otherwise left untouched.

    `source` is another folder to copy. Raises TaxonomyError when git cannot make the commit.
    """
    source = source or sample_taxonomy_folder()
    if not workspace.taxonomy.exists() or not any(workspace.taxonomy.iterdir()):
        if not source.is_dir():
            raise NotFoundError(f"there is no sample taxonomy {source}", hint="is the installation whole?")
        _copy(source, workspace.taxonomy)
    return read_taxonomy(workspace.taxonomy)


def taxonomy_or_sample(taxonomy_path: str, workspace: Workspace) -> Path:
    """The taxonomy that is named, else the one that is found, else the sample, laid out in the workspace."""
    try:
        return find_taxonomy(TaxonomyOptions(taxonomy_path=taxonomy_path), workspace)
    except NotFoundError:
        if taxonomy_path:
            raise
        return lay_out_sample(workspace).root


def add_workshop_skill(taxonomy: Taxonomy) -> LeafFiles:
    """The workshop's skill from the assets, not committed, so that the diff shows it."""
    assets = assets_folder()
    return add_leaf(taxonomy.root, WORKSHOP_LEAF, assets / "qna.yaml", assets / "attribution.txt")


def _copy(source: Path, target: Path) -> None:
    """All at once: what is half copied when the process ends is never taken for the taxonomy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".taxonomy-", dir=target.parent) as waiting:
        copy = Path(waiting) / "taxonomy"
        shutil.copytree(source, copy, ignore=_UNWANTED, copy_function=shutil.copyfile)
        _commit(copy)
        copy.replace(target)


def _commit(folder: Path) -> None:
    plain = ("-c", "core.autocrlf=false", "-c", "core.excludesFile=", "-c", "commit.gpgSign=false")
    message = "Sample taxonomy of the InstructLab workbench"
    calls = (
        ("init", "--quiet", "--template=", "--initial-branch=main", "--object-format=sha1"),
        (*plain, "add", "--all", "--force"),
        (*plain, "commit", "--quiet", "--no-verify", f"--message={message}"),
    )
    for call in calls:
        answer = git(folder, *call, environment=_SIGNATURE)
        if not answer.ok:
            raise TaxonomyError(
                f"the sample taxonomy could not be committed: {answer.reason}", hint="try git --version"
            )
