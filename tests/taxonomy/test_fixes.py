import os
import random
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from tests.taxonomy.qna_styles import QNA_STYLES
from tests.taxonomy.yaml_styles import contents, styled
from workbench.errors import ConflictError
from workbench.taxonomy.fixes import Fix, propose, propose_all
from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.tree import read_taxonomy
from workbench.taxonomy.validation import check_file, check_taxonomy
from workbench.taxonomy.white_space import UNREADABLE, contents_of

SPOILT = (
    "\n\n# head\nversion:  3 # kept\ncreated_by: me\t\ntask_description: [a ,b]\nseed_examples:\n- question: On?  \n"
    "  answer: Yes\n\n\n\n\n-   question: How many?\n    # kept too\n    answer: 1305\n\n\n"
)
MENDED = (
    "# head\nversion: 3 # kept\ncreated_by: me\ntask_description: [a, b]\nseed_examples:\n- question: On?\n"
    '  answer: "Yes"\n\n\n- question: How many?\n  # kept too\n  answer: "1305"\n'
)


def mended(folder: Path, data: str | bytes) -> bytes:
    """The file's bytes after all that is proposed; proposing again finds nothing."""
    path = folder / "qna.yaml"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    if fix := propose(path):
        fix.apply()
    assert propose(path) is None
    return path.read_bytes()


def stripped(value: object) -> object:
    """With what the blanks at the ends of lines may take from a text, and texts for what was typed."""
    if isinstance(value, dict):
        return {stripped(key): stripped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [stripped(item) for item in value]
    return "\n".join(line.rstrip() for line in value.split("\n")) if isinstance(value, str) else value


def test_what_is_mechanical_is_mended_and_comments_stay(tmp_path: Path) -> None:
    assert mended(tmp_path, SPOILT).decode() == MENDED
    assert mended(tmp_path, "\ufeff" + SPOILT.replace("\n", "\r\n")).decode() == MENDED
    assert mended(tmp_path, SPOILT.encode("utf-16")).decode() == MENDED
    assert mended(tmp_path, "\n\ufeffa: 1\n") == b"a: 1\n"


def test_the_change_is_shown_first(tmp_path: Path) -> None:
    path = tmp_path / "qna.yaml"
    path.write_bytes(b"a: <b> \r\nanswer: no\r\nblock: |\r\n  x \r\nend: x")
    fix = propose(path, "knowledge/a/qna.yaml")
    assert fix
    assert fix.text().split("\n") == [
        "knowledge/a/qna.yaml: has line ends of Unix",
        "knowledge/a/qna.yaml: .block loses blanks at the ends of its lines",
        "knowledge/a/qna.yaml: .answer becomes a text",
        "--- knowledge/a/qna.yaml",
        "+++ knowledge/a/qna.yaml",
        "@@ -1,5 +1,5 @@",
        "-a: <b> ",
        "-answer: no",
        "+a: <b>",
        '+answer: "no"',
        " block: |",
        "-  x ",
        "-end: x",
        "\\ no line break at the end of the file",
        "+  x",
        "+end: x",
    ]
    assert "+a: &lt;b&gt;\n" in fix.html()
    assert fix._repr_html_() == fix.html()
    assert path.read_bytes() == fix.before
    assert fix.apply() == path
    assert path.read_bytes() == fix.after == b'a: <b>\nanswer: "no"\nblock: |\n  x\nend: x\n'


@pytest.mark.parametrize("name", ["qna.yml", "QNA.yaml", "Qna.YML"])
def test_a_misnamed_file_gets_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a: 1 \n")
    (tmp_path / name).chmod(0o640)
    fix = propose(tmp_path / name, f"a/{name}")
    assert fix
    assert fix.renamed == "qna.yaml"
    assert f"--- a/{name}\n+++ a/qna.yaml\n" in fix.text()
    assert fix.apply() == tmp_path / "qna.yaml"
    assert os.listdir(tmp_path) == ["qna.yaml"]
    assert (tmp_path / "qna.yaml").read_text() == "a: 1\n"
    assert (tmp_path / "qna.yaml").stat().st_mode & 0o777 == 0o640


def test_a_name_that_is_taken_is_not_taken_again(tmp_path: Path) -> None:
    (tmp_path / "qna.yml").write_text("a: 1\n")
    fix = propose(tmp_path / "qna.yml")
    (tmp_path / "qna.yaml").symlink_to("nowhere")
    assert propose(tmp_path / "qna.yml") is None
    assert fix
    with pytest.raises(ConflictError, match=r"qna\.yaml beside"):
        fix.apply()
    assert (tmp_path / "qna.yml").read_text() == "a: 1\n"


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "qna.yaml"
    path.write_text("a: 1 \n")
    fix = propose(path)
    path.write_text("a: 2 \n")
    assert fix
    with pytest.raises(ConflictError, match="changed meanwhile"):
        fix.apply()
    assert path.read_text() == "a: 2 \n"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("a: 1 \n")
    (tmp_path / "qna.yaml").symlink_to("real")
    fix = propose(tmp_path / "qna.yaml")
    assert fix
    fix.apply()
    assert (tmp_path / "qna.yaml").is_symlink()
    assert (tmp_path / "real").read_text() == "a: 1\n"


@pytest.mark.parametrize("data", [b"", b"a: 1\n", b"\xff\x00", b"a: \xe4 \n", b"a: \0 \n", b"a: b: c\n"])
def test_what_needs_no_mending_or_a_person_is_left_alone(tmp_path: Path, data: bytes) -> None:
    assert mended(tmp_path, data) == data
    assert propose(tmp_path / "nowhere.yaml") is None


def test_a_file_that_cannot_be_read_gets_only_what_is_safe(tmp_path: Path) -> None:
    (tmp_path / "qna.yaml").write_text("a: b: c  \n")
    fix = propose(tmp_path / "qna.yaml")
    assert fix
    assert fix.notes == ("cannot be read as YAML: only white space is mended",)
    assert mended(tmp_path, "a: b: c  \r\nd: yes") == b"a: b: c\nd: yes\n"
    assert mended(tmp_path, "\ta: b\n\tanswer: 5 \n") == b'  a: b\n  answer: "5"\n'


def test_a_taxonomy_is_mended_as_a_whole(tree: Path) -> None:
    (tree / SKILL / "qna.yaml").rename(tree / SKILL / "qna.yml")
    (tree / SKILL / "QNA.yaml").write_text("a: 1\n")
    qna = tree / KNOWLEDGE / "qna.yaml"
    qna.write_text(qna.read_text().replace("answer: Sixteen or older.", "answer: 16  "))
    assert len(check_taxonomy(read_taxonomy(tree))) == 4
    fixes = propose_all(read_taxonomy(tree))
    assert [fix.shown for fix in fixes] == [f"{SKILL}/QNA.yaml", f"{KNOWLEDGE}/qna.yaml"]
    (tree / SKILL / "QNA.yaml").unlink()
    for fix in propose_all(read_taxonomy(tree)):
        fix.apply()
    assert not check_taxonomy(read_taxonomy(tree))
    assert propose_all(read_taxonomy(tree)) == []


def test_a_file_of_many_seeds_is_mended_at_once(tmp_path: Path) -> None:
    seed = "    -   question:  What? \n        pairs:\n          -  answer: yes\n"
    made = mended(tmp_path, "version: 3\nseed_examples:\n" + seed * 60).decode()
    mended_seed = '    - question: What?\n      pairs:\n          - answer: "yes"\n'
    assert made == "version: 3\nseed_examples:\n" + mended_seed * 60


def test_starting_files_need_no_mending(tmp_path: Path) -> None:
    for text in (starting_files("skill")["qna.yaml"], starting_files("knowledge")["qna.yaml"]):
        assert mended(tmp_path, text) == text.encode()


def spoilt(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if rng.random() < 0.2:
            lines[number] = line + rng.choice([" ", "\t", "   "])
        if rng.random() < 0.1:
            lines[number] = line.replace(": ", rng.choice([":  ", " : "]), 1)
        if rng.random() < 0.1:
            lines[number] = lines[number] + "\n" * rng.randrange(5)
    return rng.choice(["", "\n"]) + "\n".join(lines) + rng.choice(["", "\n\n"])


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(contents | st.sampled_from([yaml.safe_load(text) for text in QNA_STYLES.values()]), st.integers(0, 10**9))
def test_no_value_changes_but_by_blanks_and_quotes(
    tmp_path_factory: pytest.TempPathFactory, value: dict[str, object], seed: int
) -> None:
    rng = random.Random(seed)
    text = spoilt(styled(value, rng), rng)
    folder = tmp_path_factory.mktemp("fixes")
    before = contents_of(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    after = mended(folder, text).decode()
    assert not after.startswith("\ufeff")
    assert "\r" not in after
    if before is not UNREADABLE:
        assert str(stripped(contents_of(after))).replace("'", "") == str(stripped(before)).replace("'", "")


def test_a_fix_says_nothing_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "qna.yaml"
    path.write_text(starting_files("skill")["qna.yaml"].replace("version: 3", "version:  3"))
    assert [one.code for one in check_file(path)] == ["lint-colons"]
    assert Fix(path, "x", b"", b"").text() == ""
    mended(tmp_path, path.read_bytes())
    assert not check_file(path)
