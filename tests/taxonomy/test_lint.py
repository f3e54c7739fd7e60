from pathlib import Path

import pytest

from workbench.errors import NotFoundError, OptionsError
from workbench.taxonomy.lint import LintRules, lint, syntax_problem


def test_what_yamllint_calls_a_warning_is_an_error() -> None:
    [finding] = lint("a:  1\n", "a.yaml", LintRules())
    assert (finding.code, finding.severity, finding.line, finding.column) == ("lint-colons", "error", 1, 4)
    assert finding.hint


def test_long_lines_are_allowed() -> None:
    assert not list(lint("a: " + "x" * 300 + "\n", "a.yaml", LintRules()))


def test_a_file_replaces_the_usual_rules(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("rules: {line-length: {max: 20}}\n")
    rules = LintRules.read(str(tmp_path / "rules.yaml"))
    assert [finding.code for finding in lint("a:  1\nb: " + "x" * 30 + "\n", "a.yaml", rules)] == ["lint-line-length"]


def test_rules_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("rules: {no-such-rule: enable}\n")
    with pytest.raises(OptionsError, match="no-such-rule"):
        LintRules.read(str(tmp_path / "rules.yaml"))
    with pytest.raises(NotFoundError, match="no file nowhere"):
        LintRules.read("nowhere")
    assert LintRules.read("") == LintRules()


def test_only_the_syntax_of_version_1_is_looked_at() -> None:
    assert not list(syntax_problem("a:  1   \n", "a.yaml"))
    assert [finding.code for finding in syntax_problem("a: b: c\n", "a.yaml")] == ["yaml-syntax"]
