import json
import re
from pathlib import Path

import pytest
from instructlab.schema.taxonomy import TaxonomyParser

from workbench.assets import assets_folder, sample_taxonomy_folder
from workbench.records import read_jsonl
from workbench.seedling.names import Space, space_of_number, space_of_word
from workbench.seedling.sample import (
    KNOWLEDGE,
    KnowledgeLeaf,
    document,
    leaf_facts,
    leaf_files,
    proof_questions,
    sections,
    write_sample,
)
from workbench.seedling.trial import read_facts
from workbench.seedling.world import read_question
from workbench.taxonomy.tree import read_taxonomy
from workbench.taxonomy.validation import check_leaves


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_shipped_is_what_the_recipe_writes(tmp_path: Path) -> None:
    written = write_sample(tmp_path / "taxonomy", tmp_path / "assets")
    assert contents(tmp_path / "taxonomy") == contents(sample_taxonomy_folder())
    for name in ("facts", "proof"):
        assert contents(tmp_path / "assets" / name) == contents(assets_folder() / name)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(written)


@pytest.mark.parametrize("path", [name for name in leaf_files() if name.endswith("qna.yaml")])
def test_every_leaf_passes_the_schemas_own_parser(path: str) -> None:
    parser = TaxonomyParser(schema_version=0, yamllint_strict=True, message_format="standard")
    found = parser.parse(sample_taxonomy_folder() / path)
    assert (found.errors, found.warnings) == (0, 0)


def test_the_whole_passes_every_check_here() -> None:
    taxonomy = read_taxonomy(sample_taxonomy_folder())
    assert len(check_leaves(taxonomy)) == 0
    assert sorted(leaf.qna().form for leaf in taxonomy) == [
        "freeform skill", "freeform skill", "grounded skill", "knowledge", "knowledge"
    ]  # fmt: skip


def test_names_and_numbers_are_the_samples_own() -> None:
    for leaf in KNOWLEDGE:
        for fact in (fact for facts in leaf_facts(leaf) for fact in facts):
            words = [fact.entity.name.split()[0], *re.findall(r"[A-Z]\w+", fact.value)]
            assert all(space_of_word(word) is Space.SAMPLE for word in words)
            assert all(space_of_number(int(digits)) is Space.SAMPLE for digits in re.findall(r"\d+", fact.value))


@pytest.mark.parametrize("leaf", KNOWLEDGE, ids=lambda leaf: leaf.title)
def test_a_leafs_facts_are_distinct_and_in_its_document(leaf: KnowledgeLeaf) -> None:
    facts = [fact for group in leaf_facts(leaf) for fact in group]
    assert len({fact.value for fact in facts}) == len(facts) == 55
    assert all(fact.value in document(leaf) for fact in facts)
    table = read_facts(assets_folder() / "facts" / f"{leaf.path.replace('/', '_')}.jsonl")
    assert table == {(fact.entity.name, fact.relation.key): fact.value for fact in facts}


def test_the_proof_asks_for_every_fact_in_forms_that_nobody_writes() -> None:
    rows = [
        row
        for leaf in KNOWLEDGE
        for row in read_jsonl(assets_folder() / "proof" / f"{leaf.path.replace('/', '_')}.jsonl")
    ]
    assert len(rows) == 220
    written = " ".join(leaf_files().values())
    for row in rows:
        entity, relation = row["fact"].split("|")
        assert read_question(row["question"]) == (entity, relation)
        assert row["question"] not in written
        assert row["choices"][row["answer"]] in row["context"]
    assert len({row["id"] for row in rows}) == len({row["question"] for row in rows}) == 220


def test_choices_are_values_of_the_same_kind_and_one_is_right() -> None:
    for leaf in KNOWLEDGE:
        values = {fact.value: fact.relation.key for facts in leaf_facts(leaf) for fact in facts}
        places = []
        for row in proof_questions(leaf):
            choices, answer = row["choices"], row["answer"]
            assert isinstance(choices, list)
            assert isinstance(answer, int)
            assert len(set(choices)) == 4
            assert len({values[choice] for choice in choices}) == 1
            assert [choice in str(row["context"]) for choice in choices].count(True) == 1
            places.append(answer)
        assert all(15 <= places.count(place) <= 40 for place in range(4)), "the right one stands mostly at one place"


def test_seeds_are_told_from_the_documents_sections() -> None:
    for leaf in KNOWLEDGE:
        texts = [text for text, _ in sections(leaf)]
        qna = next(one for one in read_taxonomy(sample_taxonomy_folder()) if one.path == leaf.path).qna()
        for seed in qna.seed_examples:
            assert seed.context.strip() in texts
            assert len(seed.pairs) == 3
            for pair in seed.pairs:
                assert pair.answer in seed.context
                assert read_question(pair.question)


def test_facts_are_lines_of_json() -> None:
    first = (assets_folder() / "facts" / "knowledge_engineering_lighthouses.jsonl").read_text().splitlines()[0]
    assert set(json.loads(first)) == {"entity", "relation", "value"}
