import time
from pathlib import Path

import pytest

from workbench.documents.git import git
from workbench.errors import NotFoundError


def test_a_failure_is_told_in_one_line(tmp_path: Path) -> None:
    answer = git(tmp_path, "rev-parse", "HEAD")
    assert not answer.ok
    assert answer.reason.startswith("not a git repository")


def test_variables_of_an_outer_git_call_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    git(tmp_path / "inner", "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert git(tmp_path / "inner", "rev-parse", "--show-toplevel").text == str(tmp_path / "inner")


def test_a_transport_that_runs_a_command_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    answer = git(tmp_path, "fetch", f"ext::touch {tmp_path}/ran")
    assert not answer.ok
    assert not (tmp_path / "ran").exists()


def test_a_hook_of_the_repository_is_not_run(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    hook = tmp_path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    assert git(tmp_path, *who, "commit", "--quiet", "--allow-empty", "--message=x").ok
    assert not (tmp_path / "ran").exists()


def test_a_call_that_hangs_is_ended(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    began = time.monotonic()
    answer = git(tmp_path, "-c", "alias.wait=!sleep 20", "wait", timeout=0.5)
    assert answer.code == 124
    assert time.monotonic() - began < 15


def test_without_git_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFoundError, match="git was not found") as caught:
        git(tmp_path, "version")
    assert "apt install git" in caught.value.hint


def test_a_missing_folder_is_not_mistaken_for_a_missing_git(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no folder"):
        git(tmp_path / "nowhere", "version")


def test_what_is_given_is_read_from_standard_input(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert git(tmp_path, "hash-object", "--stdin", given=b"x").text == "c1b0730e0133447badcfd47fd144e254807b06e1"
    assert git(tmp_path, "hash-object", "--stdin").text == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def test_nobody_is_asked_for_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = tmp_path / "ask"
    asked.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\necho x\n")
    asked.chmod(0o755)
    monkeypatch.setenv("GIT_ASKPASS", str(asked))
    monkeypatch.setenv("SSH_ASKPASS", str(asked))
    monkeypatch.setenv("HOME", str(tmp_path))
    given = b"protocol=https\nhost=a.example\n\n"
    answer = git(tmp_path, "credential", "fill", given=given)
    assert not answer.ok
    assert not (tmp_path / "ran").exists()
