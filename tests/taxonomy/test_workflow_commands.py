import pytest

from workbench.taxonomy.findings import Finding
from workbench.taxonomy.workflow_commands import workflow_command


def _finding(**changes: object) -> Finding:
    plain: dict[str, object] = {"path": "knowledge/a/qna.yaml", "line": 3, "column": 7, "yaml_path": ".", "code": "x"}
    return Finding(**{**plain, "severity": "error", "message": "wrong", **changes})  # type: ignore[arg-type]


def test_a_finding_is_one_line() -> None:
    assert workflow_command(_finding()) == "::error file=knowledge/a/qna.yaml,line=3,col=7,title=x::wrong"


@pytest.mark.parametrize(("severity", "level"), [("error", "error"), ("warning", "warning"), ("advice", "notice")])
def test_each_severity_has_its_level(severity: str, level: str) -> None:
    assert workflow_command(_finding(severity=severity)).startswith(f"::{level} ")


def test_the_path_is_seen_from_the_repository_s_root() -> None:
    assert "file=docs/tax/knowledge/a/qna.yaml," in workflow_command(_finding(), "docs/tax/")


def test_a_hint_is_a_second_line() -> None:
    assert workflow_command(_finding(hint="mend it")).endswith("::wrong%0Ahint: mend it")


def test_nothing_in_a_finding_ends_the_command_early() -> None:
    odd = _finding(path="a,b:c%\r\n::error::x", code="t,:", message="50%: a, b\r\n::warning::c")
    assert workflow_command(odd) == (
        "::error file=a%2Cb%3Ac%25%0D%0A%3A%3Aerror%3A%3Ax,line=3,col=7,title=t%2C%3A::50%25: a, b%0D%0A::warning::c"
    )
