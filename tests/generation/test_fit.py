from dataclasses import replace

import pytest

from tests.generation.answering import FakeEngine, as_engine
from tests.generation.wide import wide_work
from workbench.engines.engine import Engine
from workbench.errors import ContextError, EngineError
from workbench.generation.fit import check_fit, worst
from workbench.generation.flow import Flow
from workbench.generation.rows import LeafWork, Source


def engines(context_size: int, critic: int = 0) -> dict[str, Engine]:
    teacher = as_engine(FakeEngine(context_size=context_size))
    return {"teacher": teacher, "critic": as_engine(FakeEngine(context_size=critic)) if critic else teacher}


def words(count: int) -> str:
    return " ".join(["word"] * count)


@pytest.fixture
def flow(flow: Flow) -> Flow:
    """Without stages for held-out questions."""
    return replace(flow, stages={kind: flow.for_kind(kind) for kind in ("knowledge", "freeform")})


@pytest.fixture
def passages(works: list[LeafWork]) -> LeafWork:
    """Passages of 10, 400 and 500 words."""
    sources = tuple(Source(f"town.md#{n}", {"document": words(count)}) for n, count in enumerate((10, 400, 500)))
    return replace(works[0], sources=sources)


def test_what_fits_is_let_through(works: list[LeafWork], flow: Flow) -> None:
    check_fit(works, flow, engines(4096), 500)


def test_all_that_does_not_fit_is_listed_with_the_option_that_helps(passages: LeafWork, flow: Flow) -> None:
    # Beside its passage an answer needs a question of 9 tokens and 512 of its own.
    answered = replace(passages, stages=passages.stages[:2])
    with pytest.raises(ContextError) as caught:
        check_fit([answered], flow, engines(900), 500)
    said = caught.value.message
    assert "requests of 2 sources do not fit into the 900 tokens of fake" in said
    assert "knowledge/town, town.md#1" in said
    assert "knowledge/town, town.md#2" in said
    assert "town.md#0" not in said
    over = worst(answered, 2, flow, engines(900))
    assert over
    assert f"--chunk-tokens {500 - over.over} makes the passages fit" in caught.value.hint


def test_the_option_named_does_help(passages: LeafWork, flow: Flow) -> None:
    answered = replace(passages, stages=passages.stages[:2])
    over = worst(answered, 2, flow, engines(900))
    assert over
    shorter = [replace(answered, sources=(Source("x", {"document": words(500 - over.over + n)}),)) for n in (0, 1)]
    check_fit(shorter[:1], flow, engines(900), 500)
    with pytest.raises(ContextError):
        check_fit(shorter[1:], flow, engines(900), 500)


def test_earlier_answers_count_at_their_longest(passages: LeafWork, flow: Flow) -> None:
    found = worst(passages, 0, flow, engines(700))
    assert found
    # The judgement reads a question of up to 9 tokens and an answer of up to 512, and writes up to 512.
    assert (found.earlier, found.answer) == (521, 512)
    assert worst(passages, 0, flow, engines(1600)) is None


def test_a_shorter_passage_is_no_help_where_it_is_not_shown(passages: LeafWork, flow: Flow) -> None:
    with pytest.raises(ContextError, match="judgement") as caught:
        check_fit([passages], flow, engines(1030), 500)
    assert "chunk-tokens" not in caught.value.hint


def test_the_critic_has_a_context_of_its_own(passages: LeafWork, flow: Flow) -> None:
    found = worst(passages, 0, flow, engines(4096, critic=700))
    assert found
    assert found.stage == "judgement"
    assert found.room == 700


def test_an_engine_that_does_not_say_what_it_can_take_is_asked(passages: LeafWork, flow: Flow) -> None:
    check_fit([passages], flow, engines(0), 500)


def test_a_seed_that_is_too_long_is_named(works: list[LeafWork], flow: Flow) -> None:
    long = Source("seed 2", {"seed_question": words(800), "seed_response": "So.", "seed_context": ""})
    work = replace(works[1], sources=(*works[1].sources, long))
    with pytest.raises(ContextError, match=r"saying, seed 2: question may need 13\d\d tokens") as caught:
        check_fit([work], flow, engines(1200), 500)
    assert "shorten the seed examples" in caught.value.hint
    assert "chunk-tokens" not in caught.value.hint


def test_tokens_are_counted_only_where_bytes_leave_it_open(passages: LeafWork, flow: Flow) -> None:
    counted: list[str] = []

    class Counting(FakeEngine):
        def count_tokens(self, text: str) -> int:
            counted.append(text)
            return super().count_tokens(text)

    engine = as_engine(Counting(context_size=100_000))
    check_fit([passages], flow, {"teacher": engine, "critic": engine}, 500)
    assert not counted


def test_an_engine_that_hides_its_template_is_allowed_for_it(passages: LeafWork, flow: Flow) -> None:
    class Hidden(FakeEngine):
        def render(self, *args: object, **options: object) -> str:
            raise EngineError("it keeps its template to itself")

    plain, hidden = (as_engine(kind(context_size=700)) for kind in (FakeEngine, Hidden))
    found = [worst(passages, 0, flow, {"teacher": one, "critic": one}) for one in (plain, hidden)]
    assert found[0]
    assert found[1]
    assert found[1].prompt == found[0].prompt + 64


def test_rows_that_split_and_change_are_followed(flow: Flow) -> None:
    work = wide_work()
    found = worst(work, 0, flow, engines(1400))
    assert found
    # The judgement reads the original, a question and an answer, and writes, each of 512 tokens at most.
    assert (found.stage, found.earlier, found.answer) == ("judgement", 1024, 512)
    check_fit([work], flow, engines(1600), 500)


def test_the_longest_example_that_a_passage_can_be_shown_counts(passages: LeafWork, flow: Flow) -> None:
    stage = replace(passages.stages[0], prompt="{{ document }} {{ icl_query_1 }}")
    examples = tuple({"icl_query_1": words(count)} for count in (1, 300, 2))
    shown = replace(passages, stages=(stage,), sources=(replace(passages.sources[0], examples=examples),))
    alone, longest = (worst(replace(shown, sources=(replace(shown.sources[0], examples=few),)), 0, flow, engines(20))
                      for few in (examples[:1], examples))  # fmt: skip
    assert alone
    assert longest
    assert longest.prompt - alone.prompt == 299
