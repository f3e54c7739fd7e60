from typing import Any

from workbench.generation.taken_over import distinct, distinct_questions, with_taken

Record = dict[str, Any]
LEAF, OTHER = "knowledge/a", "knowledge/b"


def sample(question: str, answer: str = "Yes, it is so.", leaf: str = LEAF, **more: object) -> Record:
    identity = f"{leaf} {question} {answer}"
    made = {"id": identity, "leaf": leaf, "kind": "knowledge", "question": question, "answer": answer, "context": ""}
    return made | more


def brought(question: str, answer: str = "Yes, it is so.", leaf: str = LEAF) -> Record:
    said = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return sample(question, answer, leaf, messages=said)


LONG = "When does the ferry from Aldern to the island leave in the morning"


def test_what_models_wrote_is_compared_by_likeness_within_its_leaf() -> None:
    near = sample(f"{LONG} hours?")
    new, repeated = distinct([sample(f"{LONG}?")], [near, near | {"leaf": OTHER}, sample("How deep is it?")], 0.9)
    assert [one["leaf"] for one in new] == [OTHER, LEAF]
    assert [(one["outcome"], one["stage"]) for one in repeated] == [("rejected", "near_duplicate")]


def test_what_somebody_brought_is_dropped_only_when_all_its_words_are_there_already() -> None:
    new, repeated = distinct(
        [sample(f"{LONG}?")], [brought(f"{LONG} hours?"), brought(f"{LONG.upper()} ?"), brought(f"{LONG} hours?")], 0.9
    )
    assert [one["question"] for one in new] == [f"{LONG} hours?"]
    assert len(repeated) == 2


def test_questions_of_a_leaf_stay_once() -> None:
    rows = [sample("Who?"), sample("who"), sample("Who?", leaf=OTHER), sample("When?")]
    assert [row["id"] for row in distinct_questions(rows)] == [rows[0]["id"], rows[2]["id"], rows[3]["id"]]


def test_counts_of_what_was_taken_over_add_up() -> None:
    taken = [sample(f"Question {number}?") for number in range(5)]
    repeated = [sample("Question again?")]
    mixed, held = {taken[0]["id"], taken[1]["id"]}, {taken[2]["id"]}
    (counts,) = with_taken([], taken, repeated, mixed, held)
    assert (counts["made"], counts["kept"], counts["rejected"]) == (6, 5, {"near_duplicate": 1})
    assert (counts["mixed"], counts["heldout"], counts["too_like_heldout"]) == (2, 1, 2)
    _adds_up(counts)


def test_a_generated_leaf_gets_what_was_taken_over_for_it() -> None:
    line = {"judges": True, "failed": 0, "reasons": {}}
    funnel = [
        line | {"stage": "answer", "in": 4, "passed": 4, "rejected": 0},
        line | {"stage": "near_duplicate", "in": 4, "passed": 3, "rejected": 1, "reasons": {"near": 1}},
    ]
    own = {
        "path": LEAF, "kind": "knowledge", "asked": 3, "made": 4, "kept": 3, "heldout": 1, "mixed": 2,
        "too_like_heldout": 0, "rejected": {"near_duplicate": 1}, "failed": 0, "stages": [], "funnel": funnel,
    }  # fmt: skip
    taken = [sample("One?"), sample("Two?", leaf=OTHER)]
    first, second = with_taken([own], taken, [sample("One again?")], {taken[0]["id"]}, set())
    assert (first["made"], first["kept"], first["mixed"], first["taken_over"]) == (6, 4, 3, 1)
    assert first["rejected"] == {"near_duplicate": 2}
    assert (second["path"], second["kept"]) == (OTHER, 1)
    _adds_up(first)
    _adds_up(second)
    assert own["funnel"] == funnel


def _adds_up(counts: Record) -> None:
    assert counts["made"] == counts["kept"] + sum(counts["rejected"].values()) + counts["failed"]
    assert counts["kept"] == counts["mixed"] + counts["heldout"] + counts["too_like_heldout"]
    left = counts["made"]
    for line in counts["funnel"]:
        assert line["in"] == left == line["passed"] + line["rejected"] + line["failed"]
        assert line["rejected"] + line["failed"] == sum(line["reasons"].values())
        left = line["passed"]
    assert left == counts["kept"]
