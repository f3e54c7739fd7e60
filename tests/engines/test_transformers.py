from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.engines.engine import Engine, Request, Sampling
from workbench.engines.llamacpp import LlamaEngine
from workbench.engines.transformers import TransformersEngine
from workbench.errors import ContextError, EngineError, ModelError
from workbench.messages import user
from workbench.records import digest_folder


@pytest.fixture(scope="module")
def folder_engine(tiny_model: Path) -> Iterator[TransformersEngine]:
    engine = TransformersEngine(tiny_model)
    yield engine
    engine.close()


def answers(engine: Engine, requests: list[Request]) -> dict[tuple[str, int], tuple[str, str, int]]:
    with engine.session() as session:
        for request in requests:
            session.submit(request)
        return {(done.request.tag, done.index): (done.text, done.finish, done.tokens) for done in session}


def plain(text: str) -> str:
    return text.replace("\ufffd", "")


def test_it_is_an_engine(folder_engine: TransformersEngine, tiny_model: Path) -> None:
    as_protocol: Engine = folder_engine
    assert (as_protocol.name, as_protocol.context_size) == ("model", 512)
    assert as_protocol.capabilities == {"score", "logprobs", "echo"}
    assert as_protocol.digest == digest_folder(tiny_model)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_it_answers_as_llama_cpp_does(
    folder_engine: TransformersEngine, engine: LlamaEngine, questions: list[Request], temperature: float
) -> None:
    sampling = Sampling(max_tokens=10, temperature=temperature, top_p=0.99)
    requests = [replace(request, sampling=sampling, samples=2) for request in questions]
    ours, theirs = answers(folder_engine, requests), answers(engine, requests)
    assert {key: value[1:] for key, value in ours.items()} == {key: value[1:] for key, value in theirs.items()}
    # Bytes that are no UTF-8 are counted differently by the two decoders.
    assert {key: plain(value[0]) for key, value in ours.items()} == {
        key: plain(value[0]) for key, value in theirs.items()
    }


def test_company_changes_no_answer(folder_engine: TransformersEngine, questions: list[Request]) -> None:
    requests = [replace(request, sampling=Sampling(max_tokens=6, temperature=1.0)) for request in questions]
    alone = {key: value for request in requests for key, value in answers(folder_engine, [request]).items()}
    assert answers(folder_engine, requests) == alone


def test_prompts_and_scores_are_those_of_llama_cpp(folder_engine: TransformersEngine, engine: LlamaEngine) -> None:
    request = Request("a", messages=(user("Who <|end|> built it?"),))
    assert folder_engine.encode(request) == engine.encode(request)
    assert folder_engine.render(request.messages) == engine.render(request.messages)
    assert folder_engine.count_tokens("<|user|>The harbour") == engine.count_tokens("<|user|>The harbour")
    context, texts = folder_engine.render([user("Who?")]), ["Tarn Osgood.<|end|>", "", "T", *(["YES it"] * 20)]
    assert folder_engine.score(context, texts) == pytest.approx(engine.score(context, texts), abs=1e-3)
    assert folder_engine.score(context, []) == []
    assert folder_engine.score(context, [""]) == [0.0]


def test_stop_texts_and_cancelling(folder_engine: TransformersEngine) -> None:
    request = Request("a", prompt="The", sampling=Sampling(max_tokens=30, temperature=1.0), seed=3)
    ((whole, finish, _),) = answers(folder_engine, [request]).values()
    assert finish == "length"
    stop = whole[8:11]
    stopped = replace(request, sampling=replace(request.sampling, stop=(stop,)))
    ((text, finish, _),) = answers(folder_engine, [stopped]).values()
    assert (text, finish) == (whole[: whole.find(stop)], "stop")
    with folder_engine.session() as session:
        session.submit(Request("quick", prompt="The", sampling=Sampling(max_tokens=1)))
        session.submit(replace(request, samples=20))
        ends = []
        for done in session:
            ends.append(done.finish)
            session.cancel("a")
    assert ends == ["length", *["cancelled"] * 20]


def test_more_may_be_submitted_meanwhile(folder_engine: TransformersEngine) -> None:
    seen = []
    with folder_engine.session() as session:
        session.submit(Request("0", prompt="The", sampling=Sampling(max_tokens=2)))
        for done in session:
            seen.append(done.request.tag)
            if len(seen) < 3:
                session.submit(Request(str(len(seen)), prompt="The", sampling=Sampling(max_tokens=2)))
    assert seen == ["0", "1", "2"]


def test_what_it_cannot_do_is_refused(folder_engine: TransformersEngine, tmp_path: Path) -> None:
    with folder_engine.session() as session:
        with pytest.raises(ContextError, match="'a' needs"):
            session.submit(Request("a", prompt="The", sampling=Sampling(max_tokens=512)))
        with pytest.raises(EngineError, match="grammar"):
            session.submit(Request("a", prompt="The", grammar="root ::= [a]"))
    with pytest.raises(ContextError, match="needs"):
        folder_engine.score("x" * 600, ["y"])
    with pytest.raises(ModelError, match=r"no config\.json"):
        TransformersEngine(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "strange"}')
    with pytest.raises(ModelError, match="could not be loaded"):
        TransformersEngine(tmp_path)


def test_a_session_scores_too(folder_engine: TransformersEngine) -> None:
    texts = ("Tarn Osgood", "A harbour")
    with folder_engine.session() as session:
        session.submit(Request("a", prompt="The lighthouse", continuations=texts))
        session.submit(Request("b", prompt="The", sampling=Sampling(max_tokens=2)))
        done = {each.request.tag: each for each in session}
    assert list(done["a"].scores) == pytest.approx(folder_engine.score("The lighthouse", texts), abs=1e-4)
    assert (done["b"].scores, done["b"].tokens) == ((), 2)
