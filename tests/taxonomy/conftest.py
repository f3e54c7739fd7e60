from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.documents.git import git
from workbench.taxonomy.leaf_files import new_leaf

WHO = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
SKILL = "compositional_skills/writing/clocks"
KNOWLEDGE = "knowledge/town/tool_library"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A taxonomy of one skill and one knowledge leaf."""
    root = tmp_path / "taxonomy"
    root.mkdir()
    new_leaf(root, "skill", SKILL)
    new_leaf(root, "knowledge", KNOWLEDGE)
    return root


@pytest.fixture
def commit() -> Callable[[Path], str]:
    """Commits all there is in a folder, which becomes a repository if it is none."""

    def all_there_is(folder: Path) -> str:
        git(folder, "init", "--quiet", "--initial-branch=main")
        git(folder, "add", "--all")
        assert git(folder, *WHO, "commit", "--quiet", "--allow-empty", "--message=x").ok
        return git(folder, "rev-parse", "HEAD").text

    return all_there_is
