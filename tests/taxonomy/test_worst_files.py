import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Measure
from tests.taxonomy.worst_files import HARMLESS, PLACES, TEXTS, lay
from workbench.taxonomy.findings import Findings
from workbench.taxonomy.rules import RULES
from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.validation import check_file, check_leaf

SECONDS, MEBIBYTES = 1.0, 50.0
SAMPLE_TEXTS = tuple(starting_files(kind)["qna.yaml"] for kind in ("skill", "knowledge"))
# Where what hurts is no fault: what is long, or the documents beside it.
FAULTLESS = {"links within links", "a document of 60 MiB", *HARMLESS}


@pytest.mark.parametrize("name", [*TEXTS, *PLACES, *HARMLESS])
def test_whatever_lies_there_is_a_finding(name: str, tmp_path: Path) -> None:
    findings = check_leaf(lay(tmp_path, name))
    assert all(finding.code in RULES for finding in findings)
    assert bool(findings) != (name in FAULTLESS)
    assert len(findings) <= 3 * 200
    json.loads(findings.json())


@pytest.mark.prove
def test_no_file_takes_more_than_its_second_and_memory(measured: Measure) -> None:
    """Processor time is what is kept: on the clock, other processes are counted too. Beyond a minute fails."""
    command = [sys.executable, "-m", "tests.taxonomy.worst_files"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(records) == len({*TEXTS, *PLACES, *HARMLESS})
    for record in sorted(records, key=lambda one: -float(one.get("processor", 99))):
        sys.stdout.write(json.dumps(record) + "\n")
    assert [record["name"] for record in records if record["status"]] == []
    slowest = max(records, key=lambda one: float(one["processor"]))
    largest = max(records, key=lambda one: float(one["MiB"]))
    measured("slowest file", f"{slowest['processor']} s of processor time: {slowest['name']}", f"{SECONDS} s")
    measured("file of most memory", f"{largest['MiB']} MiB: {largest['name']}", f"{MEBIBYTES} MB")
    assert largest["MiB"] <= MEBIBYTES * 10**6 / 2**20


def _checked(folder: Path, data: bytes, name: str = "compositional_skills") -> Findings:
    place = folder / name
    place.mkdir(exist_ok=True)
    (place / "qna.yaml").write_bytes(data)
    return check_file(place / "qna.yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzzed")


@settings(deadline=None, max_examples=150)
@given(data=st.binary(max_size=400))
def test_random_bytes_are_findings(data: bytes, folder: Path) -> None:
    _checked(folder, data)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates() | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(st.text(max_size=5) | st.integers() | st.none(), inner, max_size=5)
    ),
    max_leaves=12,
)
FIELDS = (
    "version created_by task_description domain document_outline document seed_examples repo commit patterns context"
)
NAMES = st.sampled_from([*FIELDS.split(), "question", "answer", "questions_and_answers"])


@settings(deadline=None, max_examples=150)
@given(value=st.dictionaries(NAMES, VALUES | st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=4)))
def test_any_values_are_findings(value: object, folder: Path) -> None:
    import yaml

    data = yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "replace")
    for name in ("knowledge", "compositional_skills"):
        assert all(finding.code in RULES for finding in _checked(folder, data, name))


@settings(deadline=None, max_examples=150)
@given(place=st.integers(0, 600), length=st.integers(0, 6), piece=st.binary(max_size=6))
def test_a_file_with_other_bytes_in_it_is_read(place: int, length: int, piece: bytes, folder: Path) -> None:
    for text, name in zip(SAMPLE_TEXTS, ("compositional_skills", "knowledge"), strict=True):
        data = text.encode()
        _checked(folder, data[:place] + piece + data[place + length :], name)


@pytest.mark.prove
@settings(deadline=None, max_examples=5000)
@given(data=st.binary(max_size=3000), place=st.integers(0, 2600))
def test_thousands_of_random_bytes_are_findings(data: bytes, place: int, folder: Path) -> None:
    _checked(folder, data)
    whole = SAMPLE_TEXTS[1].encode()
    _checked(folder, whole[:place] + data[:20] + whole[place + len(data) % 20 :], "knowledge")
