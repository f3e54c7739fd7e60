from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.generation.answering import FakeEngine
from workbench.errors import ContextError, GenerationError
from workbench.generation.exchange import Exchange
from workbench.generation.journal import Journal
from workbench.generation.rows import Candidate, LeafWork
from workbench.records import read_jsonl

Open = Callable[[FakeEngine], Exchange]


def candidate(work: LeafWork, ordinal: int, source: int = 0) -> Candidate:
    return Candidate(work, ordinal, dict(work.sources[source].columns), work.sources[source].name)


def at_answer(work: LeafWork, ordinal: int, question: str = "Where?") -> Candidate:
    """One whose next request is greedy."""
    one = candidate(work, ordinal)
    one.columns["question"] = question
    one.stage = 1
    return one


def test_an_answer_comes_back_to_who_asked(works: list[LeafWork], open_exchange: Open) -> None:
    engine = FakeEngine(lambda request, rng: request.messages[0]["content"].upper(), order=1)
    exchange = open_exchange(engine)
    asked = [candidate(works[0], number, number) for number in range(3)]
    for one in asked:
        exchange.ask(one)
    answers = {one.ordinal: (text, finish) for one, text, finish in exchange}
    assert answers == {
        number: (f"{one.columns['document']} Ask.".upper(), "length") for number, one in enumerate(asked)
    }


def test_equal_requests_are_asked_once(works: list[LeafWork], open_exchange: Open) -> None:
    engine = FakeEngine()
    exchange = open_exchange(engine)
    for number in range(4):
        exchange.ask(at_answer(works[0], number))
    assert len(engine.asked) == 1
    assert sorted(one.ordinal for one, _, _ in exchange) == [0, 1, 2, 3]
    exchange.ask(at_answer(works[0], 9))
    assert [one.ordinal for one, _, _ in exchange] == [9]
    assert len(engine.asked) == 1


def test_what_is_drawn_is_drawn_for_each(works: list[LeafWork], open_exchange: Open) -> None:
    engine = FakeEngine()
    exchange = open_exchange(engine)
    for number in range(4):
        exchange.ask(candidate(works[0], number))
    assert len({request.seed for request in engine.asked}) == 4


def test_nothing_is_asked_twice_after_a_restart(works: list[LeafWork], open_exchange: Open) -> None:
    first, second = FakeEngine(), FakeEngine()
    for engine in (first, second):
        exchange = open_exchange(engine)
        exchange.ask(candidate(works[0], 0))
        exchange.ask(at_answer(works[0], 1))
        texts = [text for _, text, _ in exchange]
        assert len(texts) == 2
    assert (len(first.asked), len(second.asked)) == (2, 0)


def test_judgements_go_to_the_critic(works: list[LeafWork], tmp_path: Path) -> None:
    teacher, critic = FakeEngine(), FakeEngine()
    critic.digest = "another"
    journal = Journal(tmp_path / "two.jsonl")
    with closing(journal), teacher.session() as writing, critic.session() as judging:
        sessions = {"teacher": writing, "critic": judging}
        exchange = Exchange(sessions, {"teacher": teacher, "critic": critic}, journal, 42)
        one = at_answer(works[0], 0)
        exchange.ask(one)
        for _ in exchange:
            one.columns["answer"] = "Aldern"
            one.stage += 1
            if one.stage == 2:
                exchange.ask(one)
    assert [request.tag for request in teacher.asked] == ["knowledge/town#0 answer"]
    assert [request.tag for request in critic.asked] == ["knowledge/town#0 judgement"]


def test_an_answer_is_held_to_the_passage_where_the_engine_can(works: list[LeafWork], open_exchange: Open) -> None:
    engine = FakeEngine()
    open_exchange(engine).ask(at_answer(works[0], 0))
    assert '"forty minutes"' in engine.asked[0].grammar
    plain = FakeEngine(capabilities=frozenset())
    open_exchange(plain).ask(at_answer(works[0], 1, "When?"))
    assert plain.asked[0].grammar == ""


def test_a_second_try_is_warmer_and_another_request(works: list[LeafWork], open_exchange: Open) -> None:
    engine = FakeEngine()
    exchange = open_exchange(engine)
    one = at_answer(works[0], 0)
    exchange.ask(one)
    one.tries = 1
    exchange.ask(one)
    assert [request.sampling.temperature for request in engine.asked] == [0.0, 0.7]
    assert len({request.tag for request in engine.asked}) == 2


def test_a_passage_that_fits_no_context_stops_the_run(works: list[LeafWork], open_exchange: Open) -> None:
    exchange = open_exchange(FakeEngine(context_size=12))
    with pytest.raises(ContextError, match=r"knowledge/town, town.md#0: .*needs 25 tokens") as caught:
        exchange.ask(candidate(works[0], 0))
    assert "chunk_tokens" in caught.value.hint


def test_an_answer_that_fits_no_context_costs_one_candidate(works: list[LeafWork], open_exchange: Open) -> None:
    exchange = open_exchange(FakeEngine(context_size=700))
    one = at_answer(works[0], 0, "why " * 400)
    exchange.ask(one)
    assert (one.outcome, one.reason) == ("failed", "does not fit the model's context")
    assert list(exchange) == []


def test_a_text_without_words_costs_one_candidate(works: list[LeafWork], open_exchange: Open) -> None:
    exchange = open_exchange(FakeEngine())
    one = at_answer(works[0], 0)
    one.columns["document"] = "|===|"
    exchange.ask(one)
    assert (one.outcome, one.reason) == ("failed", "no words to answer with")
    one.stage, one.outcome = 0, ""
    one.leaf = LeafWork("knowledge/x", "knowledge", (), works[0].stages[1:])
    with pytest.raises(GenerationError, match=r"knowledge/x, town.md#0"):
        exchange.ask(one)


def test_what_nobody_waits_for_is_cancelled_and_not_remembered(
    works: list[LeafWork], open_exchange: Open, tmp_path: Path
) -> None:
    engine = FakeEngine()
    exchange = open_exchange(engine)
    first, second, third = candidate(works[0], 0), at_answer(works[0], 1), at_answer(works[0], 2)
    for one in (first, second, third):
        exchange.ask(one)
    exchange.drop([first, second])
    assert [one.ordinal for one, _, _ in exchange] == [2]
    assert len(list(read_jsonl(tmp_path / "journal.jsonl"))) == 1


def test_what_was_cancelled_is_asked_again_for_who_comes_later(works: list[LeafWork], open_exchange: Open) -> None:
    engine = FakeEngine()
    exchange = open_exchange(engine)
    first, second = at_answer(works[0], 0), at_answer(works[0], 1)
    exchange.ask(first)
    exchange.drop([first])
    exchange.ask(second)
    answers = [(one.ordinal, text) for one, text, _ in exchange]
    assert [ordinal for ordinal, _ in answers] == [1]
    assert answers[0][1] != "half an ans"


def staged(works: list[LeafWork], **changed: Any) -> LeafWork:
    """The knowledge leaf, its first stage changed."""
    first, *rest = works[0].stages
    return replace(works[0], stages=(replace(first, **changed), *rest))


def test_what_is_asked_once_for_a_chunk_is_asked_once(works: list[LeafWork], open_exchange: Open) -> None:
    engine = FakeEngine()
    exchange = open_exchange(engine)
    work = staged(works, once=True)
    for number in range(6):
        exchange.ask(candidate(work, number, number % 3))
    assert len(engine.asked) == 3
    assert sorted(one.ordinal for one, _, _ in exchange) == list(range(6))


def test_a_row_remembers_who_made_it_and_with_which_number(works: list[LeafWork], open_exchange: Open) -> None:
    engine = FakeEngine()
    exchange = open_exchange(engine)
    one = candidate(works[0], 0)
    exchange.ask(one)
    assert (one.model, one.drawn_with) == ("fake", engine.asked[0].seed)
    one.columns["question"], one.stage = "Where?", 1
    exchange.ask(one)
    assert one.drawn_with == engine.asked[0].seed, "the number is that of the first request"
    cleaned = candidate(staged(works, once=True), 1)
    exchange.ask(cleaned)
    assert cleaned.drawn_with == -1, "what all rows of a chunk share is not theirs"


def test_a_source_that_comes_again_is_asked_warmer(works: list[LeafWork], open_exchange: Open) -> None:
    engine = FakeEngine()
    exchange = open_exchange(engine)
    greedy = replace(works[0].stages[0].sampling, temperature=0.0)
    work = staged(works, sampling=greedy, repeat_temperature=0.7)
    for ordinal in (0, 3):
        exchange.ask(work.candidate(ordinal))
    assert [request.sampling.temperature for request in engine.asked] == [0.0, 0.7]


def test_an_answer_is_as_long_as_its_prompt_allows(works: list[LeafWork], open_exchange: Open) -> None:
    engine = FakeEngine(context_size=120)
    exchange = open_exchange(engine)
    wide = replace(works[0].stages[0].sampling, max_tokens=4096)
    exchange.ask(candidate(staged(works, sampling=wide, fit=True), 0))
    prompt = engine.count_tokens(engine.asked[0].messages[0]["content"])
    assert engine.asked[0].sampling.max_tokens == 120 - prompt - 1
    with pytest.raises(ContextError):
        exchange.ask(candidate(staged(works, sampling=wide), 1))


def test_a_prompt_with_a_template_of_its_own_is_sent_as_it_is(works: list[LeafWork], open_exchange: Open) -> None:
    engine = FakeEngine()
    open_exchange(engine).ask(candidate(staged(works, wrap="<{{ prompt }}>"), 0))
    assert engine.asked[0].prompt.startswith("<The ferry")
    assert engine.asked[0].messages == ()


def test_messages_are_taken_from_a_column(works: list[LeafWork], open_exchange: Open) -> None:
    engine = FakeEngine()
    exchange = open_exchange(engine)
    work = staged(works, prompt="", messages="talk")
    good, bad = candidate(work, 0), candidate(work, 1)
    good.columns["talk"] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hm?"}]
    bad.columns["talk"] = ["Hm?"]
    exchange.ask(good)
    exchange.ask(bad)
    assert [message["role"] for message in engine.asked[0].messages] == ["system", "user"]
    assert (bad.outcome, bad.reason) == ("failed", "talk holds no messages")


def test_a_row_without_a_prompt_of_its_own_fails(works: list[LeafWork], open_exchange: Open) -> None:
    one = candidate(staged(works, prompt="", prompts={"a": "Ask."}, prompt_by="document"), 0)
    open_exchange(FakeEngine()).ask(one)
    assert one.outcome == "failed"
    assert "there is no prompt for document" in one.reason
