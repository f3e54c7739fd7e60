"""Glob patterns over the names of a repository's files, read alike for folders and for git trees."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from workbench.errors import DocumentError


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether any pattern covers the posix name: `*` stays inside a folder, `**` is any number of folders.

    Raises DocumentError for a pattern that leads out of the repository.
    """
    parts = name.split("/")
    return any(_covers(_segments(pattern), parts) for pattern in patterns)


def _segments(pattern: str) -> list[str]:
    segments = [segment for segment in pattern.split("/") if segment not in ("", ".")]
    if pattern.startswith("/") or ".." in segments:
        hint = 'write it like "docs/*.md"'
        raise DocumentError(f"the pattern {pattern!r} leads out of its repository", hint=hint, field="patterns")
    return [part for place, part in enumerate(segments) if part != "**" or segments[place - 1 : place] != ["**"]]


def _covers(segments: Sequence[str], parts: Sequence[str]) -> bool:
    if not segments:
        return not parts
    if segments[0] == "**":
        return any(_covers(segments[1:], parts[skipped:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], segments[0]) and _covers(segments[1:], parts[1:])
