from pathlib import Path

import pytest
import yaml

from workbench.taxonomy.attribution import parse_attribution
from workbench.taxonomy.qna import FOLDERS, Kind
from workbench.taxonomy.schemas import newest_version
from workbench.taxonomy.splice import fresh
from workbench.taxonomy.starting_files import starting_files
from workbench.taxonomy.validation import check_yaml
from workbench.taxonomy.yaml_file import parse_yaml

FOLDER = {kind: folder for folder, kind in FOLDERS.items()}


def test_a_new_knowledge_leaf_has_a_document_that_holds_its_contexts() -> None:
    files = starting_files("knowledge")
    assert sorted(files) == ["attribution.txt", "document.md", "qna.yaml"]
    contexts = [line.strip() for line in files["document.md"].split("\n") if line and not line.startswith("#")]
    assert len(contexts) == 5
    assert all(context in files["qna.yaml"] for context in contexts)


def test_a_new_skill_has_no_document() -> None:
    assert sorted(starting_files("skill")) == ["attribution.txt", "qna.yaml"]


@pytest.mark.parametrize("kind", ["skill", "knowledge"])
def test_what_is_written_is_the_format_s_newest_version_and_plain(kind: Kind) -> None:
    text = starting_files(kind)["qna.yaml"]
    contents = yaml.safe_load(text)
    assert contents["version"] == newest_version()
    assert yaml.safe_load(fresh(contents)) == contents
    file = parse_yaml(text, "qna.yaml")
    assert not list(check_yaml(file, Path(FOLDER[kind], "a", "qna.yaml")))


@pytest.mark.parametrize("kind", ["skill", "knowledge"])
def test_the_attribution_lacks_nothing(kind: Kind) -> None:
    assert parse_attribution(starting_files(kind)["attribution.txt"]).missing == ()
