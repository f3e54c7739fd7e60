import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from workbench.taxonomy.findings import Finding, Findings, first_of

ERROR = Finding("b/qna.yaml", 3, 1, ".version", "wrong-version", "error", "version 4 is not 3", "write version: 3")
WARNING = Finding("a/attribution.txt", 1, 1, "", "attribution-empty", "warning", "the file is <empty>")


def test_findings_are_in_order_and_come_once() -> None:
    findings = Findings([ERROR, WARNING, ERROR])
    assert list(findings) == [WARNING, ERROR]
    assert findings[0] is WARNING
    assert findings == Findings([WARNING, ERROR])


def test_only_errors_make_a_taxonomy_invalid() -> None:
    assert Findings([WARNING]).valid
    assert not Findings([ERROR]).valid
    assert Findings([ERROR, WARNING]).summary == "1 error, 1 warning"
    assert Findings().summary == "valid"


def test_a_finding_reads_like_a_compiler_s() -> None:
    shown = "b/qna.yaml:3:1: error [wrong-version] .version version 4 is not 3\n  hint: write version: 3"
    assert str(ERROR) == shown
    assert Findings([ERROR]).text() == shown


def test_json_has_the_fields_of_a_finding() -> None:
    [record] = json.loads(Findings([ERROR]).json())
    assert list(record) == ["path", "line", "column", "yaml_path", "code", "severity", "message", "hint"]


def test_a_notebook_shows_a_table_that_needs_no_colours() -> None:
    shown = Findings([ERROR, WARNING])._repr_html_()
    assert "1 error, 1 warning" in shown
    assert "&lt;empty&gt;" in shown
    assert "No findings" in Findings()._repr_html_()
    assert repr(Findings()) == "<Findings: valid>"


def test_of_thousands_the_first_are_kept_and_the_last_says_so() -> None:
    made = []

    def endless() -> Iterator[Finding]:
        for number in count():
            made.append(number)
            yield replace(ERROR, line=number)

    found = list(first_of(endless(), most=3))
    assert [one.line for one in found] == [0, 1, 2]
    assert found[2].message == "version 4 is not 3; more follow, unlisted"
    assert len(made) == 4
    assert list(first_of([ERROR, WARNING], most=2)) == [ERROR, WARNING]
