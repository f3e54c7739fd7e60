"""The verdict of the checks is upstream's, on files that were changed in many ways."""

import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest
from instructlab.schema.taxonomy import TaxonomyParser

from tests.conftest import Measure
from tests.taxonomy.mutations import Mutated, mutations
from tests.taxonomy.oracle import Heard, Oracle, refusing_keywords
from workbench.taxonomy.lint import LintRules
from workbench.taxonomy.rules import RULES
from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.validation import RELAXED, check_file

# Upstream's parser loads a file before yamllint sees it: line ends are made plain by then, and an alias without its
# anchor has been refused.
NEVER_REACHED = {"anchors", "new-lines"}
LEAST = 10
OWN_RULES = (
    "extends: default",
    "relaxed",
    "rules: {}",
    "{extends: relaxed, rules: {line-length: {max: 60}, truthy: enable, document-start: enable, comments: enable}}",
    "{extends: relaxed, rules: {colons: disable, quoted-strings: {quote-type: any, required: only-when-needed}}}",
    "{extends: relaxed, rules: {new-lines: {type: dos}}}",
    "rules: {anchors: {forbid-unused-anchors: true}, indentation: {check-multi-line-strings: true}}",
    "{extends: default, ignore: '*.yaml'}",
)


@pytest.fixture
def oracle() -> Oracle:
    return Oracle()


def _written(folder: Path, mutated: Mutated) -> Path:
    place = folder / mutated.folder
    place.mkdir(parents=True, exist_ok=True)
    (place / "qna.yaml").write_bytes(mutated.text.encode())
    return place / "qna.yaml"


def _compared(folder: Path, mutated: Mutated, oracle: Oracle, rules: LintRules = RELAXED) -> Heard:
    file = _written(folder, mutated)
    heard = oracle.hear(file)
    findings = check_file(file, rules=rules)
    said = f"{mutated.how} in {mutated.folder}: {heard}\n{findings.text()}\n{mutated.text!r}"
    assert findings.valid == heard.valid, said
    if rules is RELAXED:
        assert {finding.code for finding in findings} <= set(RULES), said
    return heard


def _all_compared(folder: Path, seed: str, count: int) -> list[Heard]:
    oracle = Oracle()
    return [_compared(folder, mutated, oracle) for mutated in mutations(seed, count)]


def _counts(heard: list[Heard]) -> tuple[Counter[str], Counter[str]]:
    """Files by keyword and by rule: each counts once a file."""
    keywords = Counter(name for one in heard for name in one.keywords)
    rules = Counter(name for one in heard for name in one.rules)
    return keywords, rules


def _reachable_rules() -> set[str]:
    from yamllint.config import YamlLintConfig

    config = YamlLintConfig(Oracle().yamllint_config)
    return {name for name, settings in config.rules.items() if settings is not False} - NEVER_REACHED


def test_the_verdict_is_that_of_upstream(tmp_path: Path) -> None:
    heard = _all_compared(tmp_path, "200", 200)
    assert sum(one.valid for one in heard) >= 60
    keywords, rules = _counts(heard)
    assert refusing_keywords() <= set(keywords)
    assert set(rules) >= _reachable_rules()


@pytest.mark.prove
def test_the_verdict_is_that_of_upstream_on_thousands(tmp_path: Path, measured: Measure) -> None:
    heard = _all_compared(tmp_path, "2000", 2000)
    keywords, rules = _counts(heard)
    valid = sum(one.valid for one in heard)
    raised = Counter(one.raised for one in heard if one.raised)
    lines = [f"files {len(heard)}, valid {valid}, raised {dict(raised)}"]
    for title, counts in (("schema keyword", keywords), ("lint rule", rules)):
        lines += [f"{title:<15} {name:<25} {count:>5}" for name, count in sorted(counts.items())]
    lines += [
        f"{'lint rule':<15} {name:<25} never reached: the file is loaded before" for name in sorted(NEVER_REACHED)
    ]
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert valid >= 0.3 * len(heard)
    wanted = {name: keywords[name] for name in refusing_keywords()} | {name: rules[name] for name in _reachable_rules()}
    assert min(wanted.values()) >= LEAST, wanted
    least = ", ".join(f"{name} {count}" for name, count in sorted(wanted.items()))
    measured("verdict beside upstream's", f"0 disagreements in {len(heard)} files, {valid} valid; {least}", "0 in 2000")


@pytest.mark.parametrize("text", OWN_RULES)
def test_rules_of_your_own_take_the_usual_ones_place(text: str, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(text)
    rules, oracle = LintRules.read(str(tmp_path / "rules.yaml")), Oracle(text)
    heard = [_compared(tmp_path, mutated, oracle, rules) for mutated in mutations(text, 30)]
    usual = [Oracle().hear(_written(tmp_path, mutated)) for mutated in mutations(text, 30)]
    assert [one.rules for one in heard] != [one.rules for one in usual] or text == "relaxed"


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n", "--- {}\n", "null\n", "false\n", "0\n", "[]\n", '""\n'])
def test_an_empty_file_is_a_warning_as_upstream(tmp_path: Path, oracle: Oracle, text: str) -> None:
    heard = _compared(tmp_path, Mutated("skill", "", text, "empty"), oracle)
    assert heard.valid
    assert [finding.code for finding in check_file(tmp_path / "qna.yaml")] == ["empty-file"]


@pytest.mark.parametrize(
    "text",
    [
        "# yamllint disable-file\n{a: [?b]}\n",
        "\ufeff# yamllint disable-file\nversion: 3   \n",
        "version: 3\n# yamllint disable\ncreated_by:   x   \n",
        "version: 0x7fffffffffffffffffff\n",
        "version: 1e400\n",
        "version: !!float '.inf'\n",
        "version: !!binary Mw==\n",
        "version: !!set {3}\n",
        "version: 2001-01-01\n",
        "? version\n: 3\n",
        "created_by: !!str\n",
        "seed_examples: !!omap [a: 1]\n",
        "1: 2\ntrue: x\n",
        "seed_examples: [1, 1.0, true]\nversion: 2\n",
        "seed_examples: [.nan, .nan]\nversion: 2\n",
        f"seed_examples: [{', '.join(['1', 'true', '2', '3'] + [f'a{n}' for n in range(60)])}]\nversion: 2\n",
        f"version: 2\nseed_examples: [{'{a: 1}, {a: true}, {a: 1.0}, ' + ', '.join(f'a{n}' for n in range(60))}]\n",
        "- 1\n",
        "text\n",
        "a: b\n---\nc: d\n",
        "a: b\n...\n",
        "%YAML 1.1\n---\nversion: 3\n",
        "a:\n\t- b\n",
    ],
)
def test_odd_files_have_upstream_s_verdict(text: str, tmp_path: Path, oracle: Oracle) -> None:
    for folder in ("knowledge", "compositional_skills", "elsewhere"):
        _compared(tmp_path, Mutated("skill", folder, text, "odd"), oracle)


SWITCHED_OFF = "# yamllint disable-file\n"
WHOLE = starting_files("skill")["qna.yaml"]


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (WHOLE.replace("by: ", "by:   "), False),
        (SWITCHED_OFF + WHOLE.replace("by: ", "by:   "), True),
        ("\ufeff" + SWITCHED_OFF + WHOLE.replace("by: ", "by:   "), True),
        # libyaml takes a tab for a blank here, PyYAML's own parser does not.
        (SWITCHED_OFF + WHOLE.replace("by: ", "by:\t"), False),
        ("\ufeff" + SWITCHED_OFF + WHOLE.replace("by: ", "by:\t"), False),
        (WHOLE.replace("It is noon.", '"\\ud83d"'), True),
        ("%FOO bar\n---\n" + WHOLE, True),
    ],
)
def test_what_switches_yamllint_off_does_not_switch_yaml_off(
    text: str, valid: bool, tmp_path: Path, oracle: Oracle
) -> None:
    assert _compared(tmp_path, Mutated("skill", "compositional_skills", text, "switched"), oracle).valid == valid


@pytest.mark.parametrize("name", ["qna.yml", "QNA.yaml", "qna.yaml.txt"])
def test_another_name_is_an_error_as_upstream(name: str, tmp_path: Path, oracle: Oracle) -> None:
    file = _written(tmp_path, next(mutations("name", 1))).rename(tmp_path / name)
    assert not oracle.hear(file).valid
    assert not check_file(file).valid


def test_the_judge_says_what_upstream_s_own_process_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    assert shutil.which("yamllint")
    parser = TaxonomyParser(schema_version=0, yamllint_strict=True, message_format="standard")
    parser.yq_available = False
    for mutated in mutations("process", 16):
        file = _written(tmp_path, mutated)
        try:
            valid = parser.parse(file).errors == 0
        except Exception:  # noqa: BLE001 - whatever it raises, `ilab` counts as invalid
            valid = False
        assert valid == Oracle().hear(file).valid, mutated
