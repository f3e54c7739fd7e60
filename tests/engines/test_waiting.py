import numpy as np

from workbench.engines.answers import answers
from workbench.engines.engine import Request
from workbench.engines.waiting import Waiting


def add(waiting: Waiting, tag: str, tokens: list[int], *, urgent: bool = False) -> None:
    waiting.add(answers(Request(tag, prompt="x"), tokens, None), urgent=urgent)


def order(waiting: Waiting) -> list[str]:
    return [waiting.take().request.tag for _ in range(len(waiting))]


def test_what_begins_alike_comes_side_by_side() -> None:
    waiting = Waiting()
    for tag, tokens in (("a1", [300, 1]), ("b1", [7, 1]), ("a2", [300, 2]), ("b2", [7, 2]), ("a3", [300])):
        add(waiting, tag, tokens)
    assert order(waiting) == ["b1", "b2", "a3", "a1", "a2"]


def test_equal_prompts_come_in_their_order() -> None:
    waiting = Waiting()
    for tag in ("first", "second", "third"):
        add(waiting, tag, [5, 6])
    assert [lane.request.tag for lane in waiting.next(2)] == ["first", "second"]
    assert order(waiting) == ["first", "second", "third"]


def test_the_round_goes_on_where_it_is_and_then_begins_again() -> None:
    waiting = Waiting()
    for tag, token in (("a", 1), ("c", 3)):
        add(waiting, tag, [token])
    assert waiting.take().request.tag == "a"
    add(waiting, "late", [0])
    add(waiting, "b", [2])
    assert [lane.request.tag for lane in waiting.next(9)] == ["b", "c", "late"]
    assert order(waiting) == ["b", "c", "late"]


def test_urgent_ones_go_first_and_what_is_removed_is_gone() -> None:
    waiting = Waiting()
    add(waiting, "a", [1])
    add(waiting, "b", [2])
    add(waiting, "u", [9], urgent=True)
    assert [lane.request.tag for lane in waiting.remove("a")] == ["a"]
    assert order(waiting) == ["u", "b"]
    add(waiting, "c", [1])
    assert [lane.prompt.tolist() for lane in waiting.remove(None)] == [np.asarray([1]).tolist()]
    assert not waiting
