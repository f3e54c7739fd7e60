from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.generation.answering import FakeEngine
from workbench.engines.engine import Request
from workbench.errors import Checkpointed
from workbench.generation.exchange import Exchange
from workbench.generation.flow import Flow
from workbench.generation.heldout import Examiner, HeldoutQuestions, complete, split, unlike
from workbench.generation.near_duplicates import Seen
from workbench.generation.rows import Candidate, LeafWork, user_text
from workbench.runs import Stop

Open = Callable[[FakeEngine], Exchange]
Record = dict[str, Any]


def record(number: int, question: str, leaf: str = "knowledge/town", kind: str = "knowledge") -> Record:
    return {
        "id": f"{leaf} {number}",
        "leaf": leaf,
        "kind": kind,
        "ordinal": number,
        "source": "town.md#0",
        "question": question,
        "answer": f"Answer {number}",
        "context": "The ferry leaves from Aldern at nine.",
    }


def different(leaf: str, count: int) -> list[Record]:
    rng = Random(leaf)
    return [record(n, " ".join(f"w{rng.randrange(10**6)}" for _ in range(6)), leaf) for n in range(count)]


def test_a_share_of_each_leaf_is_held_out() -> None:
    records = [*different("knowledge/a", 40), *different("knowledge/b", 20)]
    trained, heldout = split(records, 0.25, 0.9)
    assert [sum(one["leaf"] == leaf for one in heldout) for leaf in ("knowledge/a", "knowledge/b")] == [10, 5]
    assert len(trained) == 45
    assert not {one["id"] for one in trained} & {one["id"] for one in heldout}


def test_the_draw_follows_from_the_ids_alone() -> None:
    records = different("knowledge/a", 40)
    _, heldout = split(records, 0.25, 0.9)
    _, again = split(records[::-1], 0.25, 0.9)
    assert {one["id"] for one in again} == {one["id"] for one in heldout}


def test_near_duplicates_of_what_is_held_out_are_in_neither_whatever_their_leaf() -> None:
    records = [
        record(number, f"Where in the whole wide world does the ferry number {number % 3} land today?", leaf)
        for leaf in ("knowledge/a", "knowledge/b")
        for number in range(20)
    ]
    trained, heldout = split([*records, *different("knowledge/a", 20)], 0.2, 0.9)
    seen = Seen(0.9)
    for one in heldout:
        seen.add(user_text(one))
    assert trained
    assert not [one for one in trained if seen.twin(user_text(one))]


def test_a_share_of_nothing_holds_nothing_out() -> None:
    records = different("knowledge/a", 40)
    assert split(records, 0.0, 0.9) == (records, [])
    assert split([], 0.5, 0.9) == ([], [])


def test_unlike_compares_questions() -> None:
    first, second = record(1, "Who keeps the old tower of Brise?"), record(2, "When does the ferry leave?")
    assert unlike([first, second], ["who keeps the old tower of Brise"], 0.9) == [second]


def test_a_leaf_of_few_samples_has_one_that_is_held_out() -> None:
    records = [*different("knowledge/a", 3), *different("knowledge/b", 1)]
    _, heldout = split(records, 0.1, 0.9)
    assert [one["leaf"] for one in heldout] == ["knowledge/a"]


def test_what_others_held_out_is_not_trained_either() -> None:
    records = different("knowledge/a", 10)
    trained, heldout = split(records, 0.0, 0.9, [records[3]["question"].upper()])
    assert heldout == []
    assert [one["id"] for one in trained] == [one["id"] for one in records if one is not records[3]]


QUESTION = "Who keeps the old tower of Brise in winter?"
LONGER = f"Look at this.\n\n{QUESTION}"


@pytest.mark.parametrize(
    ("asked", "spared"),
    [
        (QUESTION, False),
        (QUESTION.upper(), False),
        (f"A passage about towers.\n\n{QUESTION}", False),
        (f"One passage.\n\nAnother one.\n\n{QUESTION}", False),
        (f"{QUESTION}\n\nA passage about towers.", False),
        (f"One.\n\nLook at that.\n\n{QUESTION}", False),
        (f"{QUESTION[:20]} tide?", True),
        ("A passage about towers.\n\nWhen was it built?", True),
    ],
)
def test_a_row_gives_no_heldout_question_away_before_or_behind_a_passage(asked: str, spared: bool) -> None:
    row: Record = {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": "Yes."}]}
    assert HeldoutQuestions([QUESTION, LONGER], 0.9).spares(row) == spared
    later = {"messages": [{"role": "user", "content": "Hello!"}, *row["messages"]]}
    assert HeldoutQuestions([QUESTION, LONGER], 0.9).spares(later) == spared
    assert HeldoutQuestions([], 0.9).spares(row)


def examiner(works: list[LeafWork], flow: Flow, exchange: Exchange) -> Examiner:
    return Examiner({work.path: work for work in works}, flow, exchange, Stop())


def test_questions_come_back_in_other_words(works: list[LeafWork], flow: Flow, open_exchange: Open) -> None:
    def answering(request: Request, rng: Random) -> str:
        return {"When?": "At what time?", "Where?": "Where?"}[request.messages[0]["content"].split()[0]]

    made = examiner(works, flow, open_exchange(FakeEngine(answering, order=1)))
    skill = record(7, "How?", "compositional_skills/saying", "freeform")
    again = made.reworded([record(1, "When?"), record(2, "Where?"), skill])
    assert [(one["question"], one["leaf"], one["answer"]) for one in again] == [
        ("At what time?", "knowledge/town", "Answer 1")
    ], "a question said in the same words is none in other words"
    assert again[0]["id"] != record(1, "")["id"]


def wrong_answers(request: Request, rng: Random) -> str:
    return "Answer 1\n First \n\nSecond\nfirst\nThird\nFourth"


def test_choices_are_four_and_one_is_right(works: list[LeafWork], flow: Flow, open_exchange: Open) -> None:
    heldout = [record(number, f"Question {number}?") for number in range(1, 9)]
    made = examiner(works, flow, open_exchange(FakeEngine(wrong_answers))).choices(heldout, 1)
    assert len(made) == 8
    for question, held in zip(made, heldout, strict=True):
        assert question["choices"][question["answer"]] == held["answer"]
        assert len({choice.casefold() for choice in question["choices"]}) == 4
        assert (question["context"], question["leaf"]) == (held["context"], held["leaf"])
    assert {"First", "Second", "Third"} < set(made[0]["choices"])
    assert len({question["answer"] for question in made}) > 1, "the right one always stands at the same place"
    assert len({question["id"] for question in made}) == 8


def test_too_few_wrong_answers_are_filled_up_from_the_leaf(
    works: list[LeafWork], flow: Flow, open_exchange: Open
) -> None:
    heldout = [record(number, f"Question {number}?") for number in range(5)]
    plain = replace(flow, stages={kind: stages for kind, stages in flow.stages.items() if kind != "choices"})
    for engine, used in ((FakeEngine(lambda request, rng: "One"), flow), (FakeEngine(), plain)):
        made = examiner(works, used, open_exchange(engine)).choices(heldout, 1)
        assert len(made) == 5
        assert all(choice in ("One", *(one["answer"] for one in heldout)) for one in made for choice in one["choices"])
    assert examiner(works, plain, open_exchange(FakeEngine())).choices(heldout[:3], 1) == []


def test_choices_follow_from_the_seed(works: list[LeafWork], flow: Flow, open_exchange: Open) -> None:
    heldout = [record(number, f"Question {number}?") for number in range(8)]
    made = [
        examiner(works, flow, open_exchange(FakeEngine(wrong_answers, order=order))).choices(heldout, seed)
        for order, seed in ((1, 1), (2, 1), (1, 2))
    ]
    assert made[0] == made[1] != made[2]


def test_a_stop_is_heard(works: list[LeafWork], open_exchange: Open) -> None:
    stop = Stop()
    stop.request("a test")
    candidates = [Candidate(works[0], 0, dict(works[0].sources[0].columns), "")]
    with pytest.raises(Checkpointed):
        complete(candidates, open_exchange(FakeEngine()), stop)


def test_all_candidates_come_to_their_end(works: list[LeafWork], open_exchange: Open) -> None:
    candidates = [Candidate(works[0], number, dict(works[0].sources[number % 3].columns), "") for number in range(30)]
    complete(candidates, open_exchange(FakeEngine(order=5)), Stop())
    assert all(one.over for one in candidates)
    assert {one.outcome for one in candidates} == {"kept", "rejected", "failed"}
