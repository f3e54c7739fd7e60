import re
import zlib
from xml.etree import ElementTree

import pytest
from instructlab.schema.taxonomy import TaxonomyParser

from workbench.assets import assets_folder
from workbench.taxonomy.leaf_files import add_leaf
from workbench.taxonomy.qna import read_qna
from workbench.taxonomy.sample import WORKSHOP_LEAF
from workbench.taxonomy.validation import check_leaf

COMMON = {"Name", "Pier", "Quay", "Bridge", "Tower", "Mill", "Year", "Length", "Height", "Builder", "Town"}
SEEDS = read_qna(assets_folder() / "qna.yaml").seed_examples


def test_it_passes_every_check_here_and_upstream(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("taxonomy")
    added = add_leaf(root, WORKSHOP_LEAF, assets_folder() / "qna.yaml", assets_folder() / "attribution.txt")
    assert len(check_leaf(added.leaf)) == 0
    parser = TaxonomyParser(schema_version=0, yamllint_strict=True, message_format="standard")
    assert parser.parse(added.leaf.qna_file).errors == 0


def test_it_is_a_grounded_skill_of_small_tables() -> None:
    assert read_qna(assets_folder() / "qna.yaml").form == "grounded skill"
    for seed in SEEDS:
        head, *rows = (line.split("|")[1:] for line in seed.context.split("\n")[1:-1])
        assert seed.context.split("\n")[0] == seed.context.split("\n")[-1] == "|==="
        assert head[0].strip() == "Name"
        assert 3 <= len(head) <= 4
        assert 3 <= len(rows) <= 5
        assert {len(row) for row in rows} == {len(head)}


def test_each_answer_is_a_cell_of_the_row_that_is_asked_about() -> None:
    for seed in SEEDS:
        [pair] = seed.pairs
        [row] = [
            line
            for line in seed.context.split("\n")
            if line.split(" |")[0].strip("|") in pair.question and " |" in line
        ]
        assert f"|{pair.answer}" in row
        assert seed.context.count(f"|{pair.answer}") == 1


def test_its_names_and_numbers_are_those_kept_for_samples() -> None:
    text = "\n".join(seed.context for seed in SEEDS)
    names = set(re.findall(r"\b[A-Z]\w+", text)) - COMMON
    assert names
    assert all(zlib.crc32(name.casefold().encode()) % 8 == 0 for name in names)
    assert all(int(number) % 7 == 3 for number in re.findall(r"\d+", text))


def test_the_diagram_has_a_title_and_a_description() -> None:
    root = ElementTree.parse(assets_folder() / "taxonomy_diagram.svg").getroot()
    tags = [child.tag.rpartition("}")[2] for child in root]
    assert tags[:2] == ["title", "desc"]
    assert root.get("aria-labelledby") == "title description"
