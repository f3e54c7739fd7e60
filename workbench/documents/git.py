"""Calls of git with a list of arguments: no shell, no hooks, no prompts, and only transports that run no command."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import NotFoundError

TRANSPORTS = ("https", "http", "ssh", "git", "file")
_SETTINGS = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false")
# Set by git for its own hooks: with them a call would speak of the caller's repository instead of the folder's.
_FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE")


@dataclass(frozen=True)
class GitAnswer:
    """What a call left behind; `reason` is the line of its error output that says why it failed."""

    code: int
    output: bytes
    reason: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def text(self) -> str:
        return os.fsdecode(self.output).strip()

    @property
    def fields(self) -> list[str]:
        """The output of a `-z` call, split at its zero bytes."""
        return [os.fsdecode(field) for field in self.output.split(b"\0") if field]


def git(
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    timeout: float = 600,
    given: bytes = b"",
) -> GitAnswer:
    """Runs in `folder` and never raises for git's own failure; NotFoundError where git is not installed.

    `timeout` is in seconds; a call that takes longer is ended and answers with code 124, as timeout(1) does. `given`
    is what it reads from its standard input.
    """
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    try:
        done = subprocess.run(
            ["git", *settings, *arguments],
            cwd=folder,
            env=_environment() | dict(environment or {}),
            input=given,
            capture_output=True,
            check=False,
            timeout=timeout,
        )
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise NotFoundError(f"there is no folder {folder}") from error
        raise NotFoundError("git was not found", hint="install git, for instance: apt install git") from error
    except subprocess.TimeoutExpired:
        return GitAnswer(124, b"", f"git took longer than {timeout:g} seconds")
    return GitAnswer(done.returncode, done.stdout, _reason(done.stderr.decode(errors="replace")))


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    kept.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    # Nobody can answer a question that a fetch would ask, on a terminal or in a window.
    return kept | {
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "GIT_ALLOW_PROTOCOL": ":".join(TRANSPORTS),
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _reason(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))]
    chosen = (telling or lines[-1:] or [""])[0]
    return chosen.removeprefix("fatal:").removeprefix("error:").strip()
