from dataclasses import replace

from workbench.generation.flow import Flow
from workbench.generation.rows import Candidate, LeafWork, Source, user_text


def candidate(flow: Flow, ordinal: int, path: str = "knowledge/a", kind: str = "knowledge") -> Candidate:
    return Candidate(LeafWork(path, kind, (), flow.for_kind("knowledge")), ordinal, {"document": "Text."}, "a.md#0")


def test_draws_follow_from_leaf_number_stage_and_try(flow: Flow) -> None:
    first = candidate(flow, 3)
    seeds = {first.seed(42), first.seed(43), candidate(flow, 4).seed(42), candidate(flow, 3, "knowledge/b").seed(42)}
    assert candidate(flow, 3).seed(42) in seeds
    first.stage = 1
    seeds.add(first.seed(42))
    first.tries = 1
    seeds.add(first.seed(42))
    assert len(seeds) == 6
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_an_id_is_the_same_in_every_run_and_another_for_each(flow: Flow) -> None:
    ids = [candidate(flow, number, path).id for path in ("knowledge/a", "knowledge/b") for number in range(50)]
    assert len(set(ids)) == 100
    assert all(len(each) == 32 for each in ids)
    assert candidate(flow, 0).id == ids[0]


def test_seeds_and_ids_stay_as_they_were_so_that_runs_can_be_repeated(flow: Flow) -> None:
    one = candidate(flow, 3)
    assert (one.seed(42), one.id) == (3839646662, "9dafbea7f7cff1869e672b5097f55e0e")


def test_a_record_says_what_became_of_it(flow: Flow) -> None:
    one = candidate(flow, 3)
    one.columns |= {"question": "Who?", "answer": "Mara"}
    one.stage = 2
    one.end("rejected", "judged NO")
    record = one.record()
    assert (record["outcome"], record["stage"], record["reason"]) == ("rejected", "judgement", "judged NO")
    assert (record["question"], record["answer"], record["context"]) == ("Who?", "Mara", "Text.")
    assert one.over


def test_the_stage_of_one_that_came_through_is_the_last(flow: Flow) -> None:
    one = candidate(flow, 0)
    one.stage = 3
    assert one.stage_at.name == "judgement"


def test_rows_of_one_candidate_have_places_ids_and_seeds_of_their_own(flow: Flow) -> None:
    one = candidate(flow, 3)
    one.model, one.drawn_with = "teacher", 7
    one.split([({"document": "Text.", "question": str(n)}, f"{n}.") for n in range(3)])
    one.children[1].split([({"document": "x"}, "")] * 2)
    assert [row.row for row in one.rows()] == ["3.0", "3.1.0", "3.1.1", "3.2"]
    assert len({row.id for row in one.rows()} | {one.id}) == 5
    assert len({row.seed(42) for row in one.rows()} | {one.seed(42)}) == 5
    assert one.children[0].trace == [{"stage": "question", "text": "0."}]
    assert {(row.model, row.drawn_with) for row in one.rows()} == {("teacher", 7)}


def test_samples_to_come_are_expected(flow: Flow) -> None:
    first, *rest = flow.for_kind("knowledge")
    stages = (replace(first, many=5), replace(first, name="again", samples=2), *rest)
    one = candidate(flow, 0)
    one.leaf = replace(one.leaf, stages=stages)
    assert one.expected == 10
    one.stage = 1
    assert one.expected == 2
    one.sampled = 1
    assert one.expected == 1
    one.stage, one.outcome = 0, "failed"
    assert one.expected == 1


def test_a_stage_that_asks_once_has_one_seed_a_source(flow: Flow) -> None:
    stages = (replace(flow.for_kind("knowledge")[0], once=True),)
    rows = [candidate(flow, number) for number in range(4)]
    for number, row in enumerate(rows):
        row.leaf = replace(row.leaf, stages=stages)
        row.source = f"a.md#{number % 2}"
    assert [row.seed(42) == rows[0].seed(42) for row in rows] == [True, False, True, False]


def test_sources_come_in_turn_and_tell_of_their_leaf(flow: Flow) -> None:
    sources = (Source("a", {"document": "A"}), Source("b", {"document": "B"}))
    work = LeafWork("knowledge/a/b_c", "knowledge", sources, flow.for_kind("knowledge"))
    made = [work.candidate(number) for number in range(4)]
    assert [(one.source, one.turn) for one in made] == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert made[0].columns == {"document": "A", "leaf_node_type": "knowledge", "leaf_node_path": "knowledge_a_b_c"}


def test_a_record_names_flow_model_and_seed_number(flow: Flow) -> None:
    one = candidate(flow, 3)
    one.model, one.drawn_with, one.number = "teacher", 7, 12
    one.columns["dataset_type"] = "cleaned"
    record = one.record()
    assert {key: record[key] for key in ("flow", "model", "seed", "source", "leaf", "ordinal", "row")} == {
        "flow": "trial", "model": "teacher", "seed": 7, "source": "a.md#0", "leaf": "knowledge/a", "ordinal": 12,
        "row": "3",
    }  # fmt: skip
    assert record["dataset_type"] == "cleaned"


def test_a_question_that_holds_its_context_is_not_given_it_twice() -> None:
    record = {"kind": "grounded", "context": "A table.", "question": "A table.\n\nHow long?"}
    assert user_text(record) == "A table.\n\nHow long?"


def test_a_grounded_question_comes_with_its_context() -> None:
    record = {"kind": "grounded", "context": "A table.", "question": "How long?"}
    assert user_text(record) == "A table.\n\nHow long?"
    assert user_text(record | {"kind": "knowledge"}) == "How long?"
