from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from workbench.assets import assets_folder
from workbench.engines.credentials import EndpointSettings
from workbench.engines.engine import (
    Completion,
    Engine,
    Request,
    Sampling,
    Session,
    TurningSession,
    check_request,
    sample_seed,
)
from workbench.engines.llamacpp import LlamaEngine
from workbench.engines.openai import EndpointEngine
from workbench.engines.settings import Settings
from workbench.engines.transformers import TransformersEngine
from workbench.errors import EngineError

ALL = frozenset({"score", "grammar", "schema", "logprobs", "echo"})


def test_seeds_differ_by_request_and_sample_and_stay_the_same() -> None:
    seeds = {sample_seed(seed, index) for seed in range(20) for index in range(20)}
    assert len(seeds) == 400
    assert sample_seed(1, 2) == sample_seed(1, 2) == 1871854041
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (Request("a"), "either messages or a prompt"),
        (Request("a", prompt="x", messages=({"role": "user", "content": "x"},)), "either messages or a prompt"),
        (Request("a", prompt="x", samples=0), "less than one"),
        (Request("a", prompt="x", samples=2, continuations=("y",)), "neither samples nor a grammar"),
        (Request("a", prompt="x", grammar="root ::= [a]", continuations=("y",)), "neither samples nor a grammar"),
        (Request("a", prompt="x", sampling=Sampling(max_tokens=0)), "less than one"),
        (Request("a", prompt="x", grammar="root ::= [a]", schema="{}"), "give one of the two"),
        (Request("a", prompt="x", logprobs=-1), "less than no likely tokens"),
        (Request("a", prompt="x", continuations=("y",), logprobs=1), "are their scores"),
    ],
)
def test_a_request_that_contradicts_itself_is_refused_by_name(request_: Request, problem: str) -> None:
    with pytest.raises(EngineError, match=f"'a'.*{problem}"):
        check_request(request_, ALL)


def test_what_an_engine_cannot_do_is_refused() -> None:
    asked = Request("a", prompt="x", grammar="root ::= [a]")
    check_request(asked, ALL)
    with pytest.raises(EngineError, match="grammar"):
        check_request(asked, frozenset())
    scored = Request("a", continuations=("x",))
    check_request(scored, ALL)
    with pytest.raises(EngineError, match="cannot score"):
        check_request(scored, frozenset())
    told = Request("a", prompt="x", logprobs=0, sampling=Sampling(max_tokens=0))
    check_request(told, ALL)
    with pytest.raises(EngineError, match="log-probabilities, which"):
        check_request(told, frozenset({"echo"}))
    with pytest.raises(EngineError, match="of its prompt"):
        check_request(told, frozenset({"logprobs"}))


Pieces = dict[tuple[str, int], list[str]]
WARM = Sampling(max_tokens=24, temperature=1.0)
ASKED = [
    Request("several", prompt="The lighthouse", sampling=WARM, seed=3, samples=3),
    Request("one", prompt="A harbour is", sampling=WARM, seed=8),
]


@pytest.fixture(params=["llamacpp", "contexts", "transformers", "endpoint"])
def any_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Every engine, llama.cpp's with one context and with several, the endpoint a real server. The models in this
    process are random, so that their texts hold bytes of every kind."""
    engine: Engine
    match request.param:
        case "endpoint":
            engine = EndpointEngine(EndpointSettings(request.getfixturevalue("llama_server")))
        case "transformers":
            engine = TransformersEngine(request.getfixturevalue("tiny_model"))
        case kind:
            contexts = 2 if kind == "contexts" else 1
            settings = Settings(sequences=4, threads=contexts, contexts=contexts, exact=True)
            engine = LlamaEngine(request.getfixturevalue("tiny_gguf"), settings)
    yield engine
    engine.close()


def streamed(engine: Engine, requests: list[Request]) -> tuple[Pieces, list[Completion]]:
    pieces: Pieces = {}
    with engine.session() as session:
        for request in requests:
            session.submit(replace(request, on_text=collector(pieces, request.tag)))
        return pieces, list(session)


def collector(pieces: Pieces, tag: str) -> Callable[[int, str], None]:
    return lambda index, text: pieces.setdefault((tag, index), []).append(text)


def plain(engine: Engine, requests: list[Request]) -> dict[tuple[str, int], Completion]:
    with engine.session() as session:
        for request in requests:
            session.submit(request)
        return {(done.request.tag, done.index): done for done in session}


def test_pieces_are_the_text_of_every_sample(any_engine: Engine) -> None:
    pieces, found = streamed(any_engine, ASKED)
    assert {key: "".join(texts) for key, texts in pieces.items()} == {
        (done.request.tag, done.index): done.text for done in found if done.text
    }
    assert all(text for texts in pieces.values() for text in texts)
    assert max(map(len, pieces.values())) > 4, "the text came while it was written"


def test_nobody_listening_changes_no_text(any_engine: Engine) -> None:
    _, found = streamed(any_engine, ASKED[1:])
    assert found[0].text == plain(any_engine, ASKED[1:])["one", 0].text


def test_nothing_of_a_stop_text_is_handed_out(any_engine: Engine) -> None:
    """A stop text from the middle of the answer, which tokens cut anywhere."""
    whole = plain(any_engine, ASKED[1:])["one", 0].text
    letters = [place for place in range(4, len(whole) - 4) if "\ufffd" not in whole[place : place + 3]]
    stop = whole[letters[0] : letters[0] + 3]
    sampling = replace(WARM, stop=("never in it", stop, stop + "longer"))
    pieces, (done,) = streamed(any_engine, [replace(ASKED[1], sampling=sampling)])
    assert (done.text, done.finish) == (whole[: whole.find(stop)], "stop")
    assert "".join(pieces["one", 0]) == done.text


def test_a_listener_may_cancel_in_the_middle(any_engine: Engine) -> None:
    heard: list[str] = []
    long = replace(WARM, max_tokens=200)

    def hear(_: int, text: str) -> None:
        heard.append(text)
        if len(heard) == 3:
            session.cancel("goes")

    with any_engine.session() as session:
        session.submit(Request("goes", prompt="The lighthouse", sampling=long, seed=1, on_text=hear))
        session.submit(Request("stays", prompt="A harbour", sampling=WARM))
        found = {done.request.tag: done for done in session}
    assert (found["goes"].finish, found["goes"].text) == ("cancelled", "".join(heard))
    assert found["stays"].finish != "cancelled"


def test_a_listener_may_ask_for_more(any_engine: Engine) -> None:
    asked: list[str] = []

    def hear(_: int, text: str) -> None:
        if not asked:
            asked.append(text)
            session.submit(Request("second", prompt="A harbour", sampling=WARM))

    with any_engine.session() as session:
        session.submit(Request("first", prompt="The lighthouse", sampling=WARM, on_text=hear))
        assert {done.request.tag for done in session} == {"first", "second"}


def test_what_is_dropped_says_nothing_more(any_engine: Engine) -> None:
    heard: list[str] = []
    with any_engine.session() as session:
        session.submit(ASKED[1])
        dropped = replace(WARM, max_tokens=200, stop=("e longer",))
        session.submit(Request("dropped", prompt="The", sampling=dropped, on_text=lambda _, text: heard.append(text)))
        next(iter(session))
    before = len(heard)
    plain(any_engine, ASKED[1:])
    assert len(heard) == before


def test_work_can_be_done_in_turns(any_engine: Engine) -> None:
    if isinstance(any_engine, EndpointEngine):
        return
    expected = {key: done.text for key, done in plain(any_engine, ASKED).items()}
    found: list[Completion] = []
    with any_engine.session() as session:
        turning = cast("TurningSession", session)
        assert turning.turn() == []
        for request in ASKED:
            turning.submit(request)
        while len(found) < 4:
            found += turning.turn()
        as_session: Session = turning
        assert list(as_session) == []
    assert {(done.request.tag, done.index): done.text for done in found} == expected


def test_every_drawn_token_is_told_with_the_likeliest(any_engine: Engine) -> None:
    if "logprobs" not in any_engine.capabilities:
        return
    requests = [replace(request, logprobs=3) for request in ASKED]
    found = plain(any_engine, requests)
    assert {key: done.text for key, done in found.items()} == {
        key: done.text for key, done in plain(any_engine, ASKED).items()
    }
    for done in found.values():
        spelled = b"".join(each.piece for each in done.logprobs).decode(errors="replace")
        assert (len(done.logprobs), spelled.replace("\ufffd", "")) == (done.tokens, done.text.replace("\ufffd", ""))
        for each in done.logprobs:
            values = [value for _, value in each.top]
            assert 2 <= len(values) <= 3, "a server that writes them by their texts loses one of two of the same text"
            assert values == sorted(values, reverse=True)
            assert each.value is not None
            assert each.value <= values[0] <= 0
    assert all(not done.logprobs for done in plain(any_engine, ASKED).values())


@pytest.fixture(scope="module")
def base_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from workbench.export import export_gguf

    return export_gguf(assets_folder() / "models" / "seedling-base", tmp_path_factory.mktemp("base") / "b.gguf", "F32")


@pytest.mark.parametrize(("kind", "tolerance"), [("llamacpp", 5e-3), ("transformers", 1e-5)])
def test_log_probabilities_are_those_of_transformers(base_gguf: Path, kind: str, tolerance: float) -> None:
    """llama.cpp keeps keys with 11 bits of precision, which is what the tolerance is for."""
    folder = assets_folder() / "models" / "seedling-base"
    engine: Engine = LlamaEngine(base_gguf) if kind == "llamacpp" else TransformersEngine(folder)
    sampling = Sampling(max_tokens=16, temperature=0.8, top_k=5)
    asked = Request("a", prompt="The lighthouse was built in", sampling=sampling, seed=1, logprobs=4)
    done = plain(engine, [asked])["a", 0]
    read = plain(engine, [replace(asked, sampling=Sampling(max_tokens=0))])["a", 0]
    engine.close()
    ids, values = expected_values(folder, asked.prompt, done.text)
    told = [*read.logprobs, *done.logprobs]
    assert told[0].value is None
    assert b"".join(each.piece for each in told).decode() == asked.prompt + done.text
    for place, each in enumerate(told[1:]):
        row = values[place]
        assert each.value == pytest.approx(float(row[ids[place + 1]]), abs=tolerance, rel=tolerance)
        assert [value for _, value in each.top] == pytest.approx(
            row.topk(4).values.tolist(), abs=tolerance, rel=tolerance
        )


def expected_values(folder: Path, prompt: str, answer: str) -> tuple[list[int], Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = [token for text in (prompt, answer) for token in tokenizer(text, add_special_tokens=False)["input_ids"]]
    with torch.inference_mode():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        logits = model(torch.tensor([ids])).logits[0]
    return ids, logits.float().log_softmax(-1)
