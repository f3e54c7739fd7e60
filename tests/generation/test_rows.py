from workbench.generation.flow import Flow
from workbench.generation.rows import Candidate, LeafWork, user_text


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


def test_a_grounded_question_comes_with_its_context() -> None:
    record = {"kind": "grounded", "context": "A table.", "question": "How long?"}
    assert user_text(record) == "A table.\n\nHow long?"
    assert user_text(record | {"kind": "knowledge"}) == "How long?"
