import contextlib
import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from instructlab.schema.taxonomy import TaxonomyParser, TaxonomyReadingException
from yamllint import linter
from yamllint.config import YamlLintConfig

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.errors import NotFoundError, TaxonomyError
from workbench.taxonomy.findings import Findings
from workbench.taxonomy.qna import Kind
from workbench.taxonomy.rules import RULES
from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.tree import Leaf, read_taxonomy
from workbench.taxonomy.validation import check_file, check_leaf, check_taxonomy, require_valid

PIECES = [
    *(rule.bad for rule in RULES.values()),
    "\n",
    " ",
    "  ",
    "- ",
    ": ",
    '"',
    "[",
    "}",
    "#",
    "&a ",
    "*a",
    "true",
    "3",
]


class Oracle(TaxonomyParser):  # type: ignore[misc]
    """The upstream parser with its yamllint called in this process instead of one of its own."""

    def _yamllint(self, text: str, taxonomy: object) -> None:
        for _ in linter.run(text, YamlLintConfig(self.yamllint_config)):
            taxonomy.error("lint")  # type: ignore[attr-defined]

    def valid(self, path: Path) -> bool:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                return self.parse(path).errors == 0  # type: ignore[no-any-return]
        except TaxonomyReadingException:
            return False


@pytest.fixture
def oracle() -> Oracle:
    parser = Oracle(schema_version=0, yamllint_strict=True, message_format="standard")
    # The verdict does not depend on line numbers, which an external program would give.
    parser.yq_available = False
    return parser


def _mutations(seed: str, count: int) -> Iterator[tuple[Kind, str]]:
    rng = random.Random(seed)
    for number in range(count):
        kind: Kind = "skill" if number % 2 else "knowledge"
        lines = starting_files(kind)["qna.yaml"].split("\n")
        if rng.random() < 0.3:
            lines[0] = f"version: {rng.choice(['1', '2', '4', 'x', 'true', '3.0', '.inf'])}"
        for _ in range(rng.choice((0, 1, 1, 2))):
            place = rng.randrange(len(lines))
            column = rng.randrange(len(lines[place]) + 1)
            piece = rng.choice(PIECES)
            lines[place] = rng.choice(
                (lines[place][:column] + piece + lines[place][column:], lines[place][:column], piece, lines[place] * 2)
            )
        yield kind, "\n".join(lines)


def test_the_verdict_is_that_of_upstream(tmp_path: Path, oracle: Oracle) -> None:
    verdicts = []
    for number, (kind, text) in enumerate(_mutations("verdict", 150)):
        folder = tmp_path / ("knowledge" if kind == "knowledge" else "compositional_skills") / str(number)
        folder.mkdir(parents=True)
        (folder / "qna.yaml").write_text(text, newline="")
        verdicts.append((check_file(folder / "qna.yaml").valid, oracle.valid(folder / "qna.yaml"), text))
    assert [text for ours, theirs, text in verdicts if ours != theirs] == []
    assert {ours for ours, _, _ in verdicts} == {True, False}


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n"])
def test_an_empty_file_is_a_warning_as_upstream(tmp_path: Path, oracle: Oracle, text: str) -> None:
    (tmp_path / "qna.yaml").write_text(text)
    findings = check_file(tmp_path / "qna.yaml")
    assert [finding.code for finding in findings] == ["empty-file"]
    assert findings.valid
    assert oracle.valid(tmp_path / "qna.yaml")


def test_starting_files_have_no_findings(tree: Path) -> None:
    assert check_taxonomy(read_taxonomy(tree)) == Findings()


def test_the_outermost_level_has_keys(tmp_path: Path) -> None:
    (tmp_path / "qna.yaml").write_text("- 1\n")
    assert [finding.code for finding in check_file(tmp_path / "qna.yaml")] == ["not-a-mapping"]


def test_the_style_of_version_1_is_left_alone(tree: Path) -> None:
    file = tree / SKILL / "qna.yaml"
    file.write_text(file.read_text().replace("version: 3\n", "").replace("created_by: ", "created_by:   ") + "\n\n\n")
    assert check_file(file) == Findings()


def test_another_file_name_is_an_error_by_itself_and_a_warning_in_a_tree(tree: Path) -> None:
    file = (tree / SKILL / "qna.yaml").rename(tree / SKILL / "qna.yml")
    assert [finding.severity for finding in check_file(file)] == ["error"]
    [found] = check_taxonomy(read_taxonomy(tree))
    assert found.hint == f"git mv {SKILL}/qna.yml {SKILL}/qna.yaml"
    assert found.severity == "warning"


def test_leaves_that_upstream_ignores_are_told(tree: Path) -> None:
    (tree / "foundational_skills/a").mkdir(parents=True)
    (tree / "foundational_skills/a/qna.yaml").write_text("version: 1\n")
    assert [finding.code for finding in check_taxonomy(read_taxonomy(tree))] == ["foundational-skills"]


def test_a_link_to_nowhere_is_a_finding(tree: Path) -> None:
    file = tree / SKILL / "qna.yaml"
    file.unlink()
    file.symlink_to(tree / "nowhere/qna.yaml")
    assert [finding.code for finding in check_leaf(Leaf(SKILL, tree))] == ["unreadable"]


def test_no_file_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file"):
        check_file(tmp_path / "qna.yaml")


def test_a_stage_refuses_to_go_on_with_errors(tree: Path) -> None:
    require_valid(check_taxonomy(read_taxonomy(tree)))
    file = tree / KNOWLEDGE / "qna.yaml"
    file.write_text(file.read_text().replace("version: 3", "version: 2"))
    with pytest.raises(TaxonomyError, match=f"1 error\n{KNOWLEDGE}/qna.yaml:1:10"):
        require_valid(check_taxonomy(read_taxonomy(tree)))
