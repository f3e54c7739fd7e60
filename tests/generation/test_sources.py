from pathlib import Path

import pytest

from tests.generation.answering import FakeEngine
from workbench.assets import sample_taxonomy_folder
from workbench.errors import DataError, GenerationError, TaxonomyError
from workbench.generation.flow import load_flow
from workbench.generation.flow_checks import GIVEN
from workbench.generation.options import GenerationOptions
from workbench.generation.sources import changed_leaves, digest_leaves, leaf_works
from workbench.taxonomy.leaf_files import new_leaf
from workbench.taxonomy.tree import Leaf, read_taxonomy
from workbench.workspace import Workspace

LIGHTHOUSES = "knowledge/engineering/lighthouses"


def copy_of_sample(folder: Path) -> Path:
    import shutil

    return Path(shutil.copytree(sample_taxonomy_folder(), folder))


def test_every_leaf_of_the_sample_is_work(tmp_path: Path) -> None:
    works = leaf_works(list(read_taxonomy(sample_taxonomy_folder())), load_flow("compact"), FakeEngine(), 500, tmp_path)
    assert {work.kind for work in works} == {"knowledge", "freeform", "grounded"}
    for work in works:
        columns = work.candidate(0).columns
        of_the_leaf = {"leaf_node_type", "leaf_node_path"}
        assert set(columns) - of_the_leaf == set(GIVEN[work.kind]) - of_the_leaf, "flows are checked against these"
        assert all(isinstance(value, str) for value in columns.values())
        assert len({source.name for source in work.sources}) == len(work.sources) >= 5


def test_a_passage_is_one_section_and_fits(tmp_path: Path) -> None:
    engine = FakeEngine()
    leaf = read_taxonomy(sample_taxonomy_folder()).leaf(LIGHTHOUSES)
    (work,) = leaf_works([leaf], load_flow("compact"), engine, 500, tmp_path)
    passages = [str(source.columns["document"]) for source in work.sources]
    assert all(passage.count("## ") == 1 for passage in passages)
    (small,) = leaf_works([leaf], load_flow("compact"), engine, 20, tmp_path)
    assert len(small.sources) > len(passages)
    assert max(engine.count_tokens(str(source.columns["document"])) for source in small.sources) <= 20


def test_passages_may_overlap_within_their_section(tmp_path: Path) -> None:
    leaf = read_taxonomy(sample_taxonomy_folder()).leaf(LIGHTHOUSES)
    (plain,) = leaf_works([leaf], load_flow("compact"), FakeEngine(), 40, tmp_path)
    (overlapping,) = leaf_works([leaf], load_flow("compact"), FakeEngine(), 40, tmp_path, 15)
    texts = [str(source.columns["document"]) for source in overlapping.sources]
    assert sum(map(len, texts)) > sum(len(str(source.columns["document"])) for source in plain.sources)
    assert max(len(text.split()) for text in texts) <= 40


def test_each_candidate_is_shown_the_next_seed_and_a_chunk_all_of_them_in_time(tmp_path: Path) -> None:
    leaf = read_taxonomy(sample_taxonomy_folder()).leaf(LIGHTHOUSES)
    (work,) = leaf_works([leaf], load_flow("compact"), FakeEngine(), 500, tmp_path)
    seeds = [seed.pairs[0].question for seed in leaf.qna().seed_examples]
    turn = len(work.sources)
    shown = [work.candidate(number).columns["icl_query_1"] for number in range(len(seeds) * turn)]
    assert shown[: len(seeds)] == seeds
    assert sorted(shown[0::turn]) == sorted(seeds)
    assert {work.candidate(number).source for number in range(0, len(shown), turn)} == {work.sources[0].name}


def test_documents_without_text_are_told(tmp_path: Path) -> None:
    root = copy_of_sample(tmp_path / "taxonomy")
    (root / LIGHTHOUSES / "lighthouses.md").write_text("\n")
    with pytest.raises(DataError, match=LIGHTHOUSES):
        leaf_works([Leaf(LIGHTHOUSES, root)], load_flow("compact"), FakeEngine(), 500, tmp_path)


def test_the_digest_is_over_what_is_read_wherever_it_lies(tmp_path: Path) -> None:
    root = copy_of_sample(tmp_path / "taxonomy")
    leaf = Leaf(LIGHTHOUSES, root)
    before = digest_leaves([leaf], tmp_path)
    (leaf.folder / "notes.txt").write_text("not read by anybody")
    assert digest_leaves([leaf], tmp_path) == before
    moved = copy_of_sample(tmp_path / "elsewhere")
    assert digest_leaves([Leaf(LIGHTHOUSES, moved)], tmp_path) == before
    # The document is now beside the leaf: only what the leaf says of it changes the digest, then its text does.
    shared = root / "documents"
    shared.mkdir()
    (leaf.folder / "lighthouses.md").rename(shared / "lighthouses.md")
    leaf.qna_file.write_text(leaf.qna_file.read_text().replace("repo: .", "repo: documents"))
    outside = digest_leaves([leaf], tmp_path)
    with (shared / "lighthouses.md").open("a") as file:
        file.write("\nIt was painted in 1901.\n")
    assert len({before, outside, digest_leaves([leaf], tmp_path)}) == 3


def test_what_of_a_document_is_in_no_passage_is_counted(tmp_path: Path) -> None:
    root = copy_of_sample(tmp_path / "taxonomy")
    leaf = Leaf(LIGHTHOUSES, root)
    with (leaf.folder / "lighthouses.md").open("a") as file:
        file.write("\n# Nothing below\n\n# Table\n\n| a | b |\n| - | - |\n" + "| one | two three four five |\n" * 20)
    (work,) = leaf_works([leaf], load_flow("simple"), FakeEngine(), 60, tmp_path)
    assert work.lost["tables cut between lines"] == 1
    (whole,) = leaf_works(
        [Leaf(LIGHTHOUSES, sample_taxonomy_folder())], load_flow("compact"), FakeEngine(), 500, tmp_path
    )
    assert "tables cut between lines" not in whole.lost


def test_without_a_taxonomy_there_are_no_leaves(workspace: Workspace) -> None:
    assert changed_leaves(GenerationOptions(taxonomy=False), workspace) == []


def test_all_leaves_or_those_that_changed(workspace: Workspace, tmp_path: Path) -> None:
    root = copy_of_sample(tmp_path / "taxonomy")
    every = changed_leaves(GenerationOptions(taxonomy_path=str(root)), workspace)
    assert [leaf.path for leaf in every] == [leaf.path for leaf in read_taxonomy(root)]


def test_no_leaf_is_told_with_the_way_out(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "taxonomy" / "knowledge").mkdir(parents=True)
    with pytest.raises(GenerationError, match="no leaf to generate for") as caught:
        changed_leaves(GenerationOptions(taxonomy_path=str(tmp_path / "taxonomy")), workspace)
    assert "--taxonomy-base empty" in caught.value.hint


def test_a_leaf_with_errors_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    root = copy_of_sample(tmp_path / "taxonomy")
    made = new_leaf(root, "skill", "compositional_skills/writing/clocks")
    made.leaf.qna_file.write_text("version: 3\nseed_examples: []\n")
    with pytest.raises(TaxonomyError, match=r"compositional_skills/writing/clocks/qna\.yaml"):
        changed_leaves(GenerationOptions(taxonomy_path=str(root)), workspace)
