from pathlib import Path

import pytest

from workbench.documents.git import git

WHO = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """A repository of two commits: in the second one docs/piers.md has another text."""
    folder = tmp_path / "upstream"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs/piers.md").write_text("# Piers\n\nFirst text.\n")
    (folder / "notes.txt").write_text("No document.\n")
    (folder / "link.md").symlink_to("/etc/hostname")
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder)
    (folder / "docs/piers.md").write_text("# Piers\n\nSecond text.\n")
    commit(folder)
    return folder


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    assert git(folder, *WHO, "commit", "--quiet", "--message=x").ok
    return git(folder, "rev-parse", "HEAD").text
