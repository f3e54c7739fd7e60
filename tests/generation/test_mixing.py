from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.generation.mixing import Parts, cleaned, mix
from workbench.messages import assistant, system, user

Record = dict[str, Any]


def rows(name: str, count: int) -> list[Record]:
    return [
        {"messages": [user(f"{name} {number}?"), assistant("Yes.")], "metadata": "{}", "id": f"{name} {number}"}
        for number in range(count)
    ]


PARTS = Parts(rows("knowledge", 40), rows("skill", 20), rows("replay", 9))
COUNTS = st.integers(0, 40)


def ids(found: list[Record]) -> Counter[str]:
    return Counter(row["id"] for row in found)


@settings(max_examples=60, deadline=None)
@given(COUNTS, COUNTS, COUNTS, st.integers(0, 3000), st.integers(0, 9))
def test_nothing_is_lost_and_nothing_repeated_while_rows_are_left(
    knowledge: int, skills: int, replay: int, precomputed: int, seed: int
) -> None:
    parts = Parts(
        rows("knowledge", knowledge), rows("skill", skills), rows("replay", replay), rows("precomputed", precomputed)
    )
    mixed = mix(parts, seed)
    first, second = ids(mixed.knowledge), ids(mixed.skills)
    assert first == (ids([*parts.knowledge, *parts.replay]) if knowledge else Counter())
    assert set(second) == set(ids([*parts.knowledge, *parts.skills, *parts.replay, *parts.precomputed]))
    times = {second[row["id"]] for row in parts.knowledge}
    assert not times or max(times) - min(times) <= 1, "a row is repeated before another was taken as often"
    repeated = sum(second[row["id"]] for row in parts.knowledge)
    assert repeated == (max(knowledge, int(0.03 * precomputed)) if knowledge else 0)
    assert all(count == 1 for name, count in second.items() if not name.startswith("knowledge"))


def test_the_order_follows_from_the_seed_and_is_none_of_the_sources() -> None:
    first = mix(PARTS, 1)
    assert first == mix(PARTS, 1)
    assert [row["id"] for row in first.knowledge] != [row["id"] for row in mix(PARTS, 2).knowledge]
    assert [row["id"] for row in first.knowledge[:40]] != [row["id"] for row in PARTS.knowledge]
    assert [row["id"] for row in PARTS.replay] == [f"replay {number}" for number in range(9)]


def test_without_knowledge_there_is_no_first_phase() -> None:
    mixed = mix(Parts(skills=PARTS.skills, replay=PARTS.replay), 1)
    assert mixed.knowledge == []
    assert len(mixed.skills) == 29


def test_every_row_gets_the_system_prompt() -> None:
    mixed = mix(PARTS, 1, "Be exact.")
    assert {row["messages"][0]["content"] for row in [*mixed.knowledge, *mixed.skills]} == {"Be exact."}


def test_rows_in_which_nothing_is_said_are_left_out_and_counted() -> None:
    empty = [
        {"messages": [user(" "), assistant("b")], "id": "1"},
        {"messages": [user("a"), assistant("\n")], "id": "2"},
        {"messages": [user("a"), assistant("b"), user(""), assistant("c")], "id": "3"},
    ]
    silent = {"messages": [system(""), user("a"), assistant("b")], "id": "4"}
    parts, left_out = cleaned(Parts([*empty, silent], rows("skill", 3), empty), lambda row: row["id"] != "skill 1")
    assert [row["id"] for row in parts.knowledge] == ["4"]
    assert [row["id"] for row in parts.skills] == ["skill 0", "skill 2"]
    assert parts.replay == []
    assert left_out == {"empty": 6, "like_heldout": 1}
