"""Findings as GitHub's runner reads them from a step's output, and shows them beside the lines they concern.

The format is that of GitHub's page "Workflow commands for GitHub Actions"; what has to be escaped is as in the
runner's own toolkit.
"""

from workbench.taxonomy.findings import Finding, Severity

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "advice": "notice"}
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = _DATA | {":": "%3A", ",": "%2C"}


def workflow_command(finding: Finding, folder: str = "") -> str:
    """`::error file=...,line=1,col=1,title=code::message`; `folder` is the taxonomy's, seen from the repository's root.

    A hint is a second line of the message.
    """
    file = f"{folder.rstrip('/')}/{finding.path}" if folder else finding.path
    where = f"file={_escaped(file, _PROPERTY)},line={finding.line},col={finding.column}"
    said = f"{finding.message}\nhint: {finding.hint}" if finding.hint else finding.message
    title = _escaped(finding.code, _PROPERTY)
    return f"::{_LEVELS[finding.severity]} {where},title={title}::{_escaped(said, _DATA)}"


def _escaped(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(letter, letter) for letter in text)
