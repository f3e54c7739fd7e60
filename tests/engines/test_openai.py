import json
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines.endpoints import Endpoint, Reply, chat, completion
from workbench.engines.credentials import EndpointSettings
from workbench.engines.engine import Completion, Engine, Request, Sampling, sample_seed
from workbench.engines.openai import EndpointEngine, EndpointSession
from workbench.errors import ContextError, EndpointError, EngineError
from workbench.messages import user

KEY = "sk-very-secret"
WARM = Sampling(temperature=1.0)
NEUTRAL = {"top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0}


@pytest.fixture
def engine(endpoint: Endpoint) -> Iterator[EndpointEngine]:
    engine = EndpointEngine(EndpointSettings(endpoint.url, KEY, concurrency=3, attempts=3), "small")
    yield engine
    engine.close()


def completions(engine: Engine, *requests: Request) -> list[Completion]:
    with engine.session() as session:
        for request in requests:
            session.submit(request)
        return list(session)


def answers(engine: Engine, *requests: Request) -> dict[tuple[str, int], str]:
    return {(done.request.tag, done.index): done.text for done in completions(engine, *requests)}


def test_it_is_an_engine(engine: EndpointEngine, endpoint: Endpoint) -> None:
    as_protocol: Engine = engine
    assert (as_protocol.name, as_protocol.context_size, as_protocol.capabilities) == ("small", 2048, frozenset())
    assert len(as_protocol.digest) == 64
    other = EndpointEngine(EndpointSettings(endpoint.url, "another key"), "small")
    assert as_protocol.digest == other.digest
    other.close()


def test_messages_and_prompts_take_their_routes(engine: EndpointEngine, endpoint: Endpoint) -> None:
    sampling = Sampling(max_tokens=7, temperature=0.5, top_p=0.9, top_k=3, stop=("\n",))
    asked = Request("chat", messages=(user("Who?"),), sampling=sampling, seed=4)
    seed = sample_seed(4, 0)
    found = answers(engine, asked, Request("plain", prompt="The", seed=4))
    assert found == {("chat", 0): f"Who?/{seed}/0", ("plain", 0): f"The/{seed}/0"}
    (body,) = endpoint.of("/v1/chat/completions")
    expected = {"max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "top_k": 3, "stop": ["\n"], "model": "small"}
    assert expected.items() <= body.items()
    assert "n" not in body
    (plain,) = endpoint.of("/v1/completions")
    assert plain.items() >= NEUTRAL.items()


def test_fields_that_change_nothing_are_left_out_where_they_are_refused(
    engine: EndpointEngine, endpoint: Endpoint
) -> None:
    def picky(path: str, body: dict[str, Any]) -> Reply:
        unknown = next((name for name in NEUTRAL if name in body), "")
        return (400, {}, f"Unrecognized request argument: {unknown}") if unknown else chat(path, body)

    endpoint.reply = picky
    assert len(answers(engine, Request("a", prompt="x"))) == 1
    endpoint.asked.clear()
    assert len(answers(engine, Request("b", prompt="x"))) == 1
    assert len(endpoint.of("/v1/completions")) == 1
    with pytest.raises(EngineError, match=r"'c'.*top_k"):
        answers(engine, Request("c", prompt="x", sampling=Sampling(top_k=3)))


@pytest.mark.parametrize("status", [400, 500])
def test_samples_come_in_one_answer_or_one_by_one(engine: EndpointEngine, endpoint: Endpoint, status: int) -> None:
    request = Request("a", prompt="The", samples=3, sampling=WARM)
    assert len(set(answers(engine, request).values())) == 3
    assert [body["n"] for body in endpoint.of("/v1/completions")] == [3]

    def alone(path: str, body: dict[str, Any]) -> Reply:
        return (status, {}, {"error": "n must be 1"}) if "n" in body else chat(path, body)

    endpoint.reply = alone
    endpoint.asked.clear()
    expected = {("a", index): f"The/{sample_seed(0, index)}/0" for index in range(3)}
    assert answers(engine, request) == expected
    assert answers(engine, request) == expected
    assert sum("n" in body for body in endpoint.of("/v1/completions")) == 1


def test_a_silent_n_is_made_up_for(engine: EndpointEngine, endpoint: Endpoint) -> None:
    endpoint.reply = lambda path, body: chat(path, body | {"n": 1})
    request = Request("a", prompt="The", samples=3, sampling=WARM)
    assert len(set(answers(engine, request).values())) == 3
    assert len(endpoint.of("/v1/completions")) == 3
    endpoint.asked.clear()
    assert len(set(answers(engine, request).values())) == 3
    assert not any("n" in body for body in endpoint.of("/v1/completions"))


def test_the_likeliest_is_asked_for_one_by_one(engine: EndpointEngine, endpoint: Endpoint) -> None:
    assert len(completions(engine, Request("a", prompt="The", samples=2))) == 2
    assert not any("n" in body for body in endpoint.of("/v1/completions"))


def test_no_more_than_wanted_are_asked_at_once(engine: EndpointEngine, endpoint: Endpoint) -> None:
    def slow(path: str, body: dict[str, Any]) -> Reply:
        time.sleep(0.02)
        return chat(path, body | {"n": 1})

    endpoint.reply = slow
    requests = [Request(str(number), prompt="x", samples=4, sampling=WARM) for number in range(5)]
    assert len(answers(engine, *requests)) == 20
    assert endpoint.most_at_once == 3


def test_more_may_be_asked_while_answers_come(engine: EndpointEngine) -> None:
    with engine.session() as session:
        session.submit(Request("0", prompt="x"))
        seen = []
        for done in session:
            seen.append(done.request.tag)
            if len(seen) < 6:
                session.submit(Request(str(len(seen)), prompt="x"))
    assert seen == ["0", "1", "2", "3", "4", "5"]


def test_what_is_cancelled_is_not_waited_for(engine: EndpointEngine, endpoint: Endpoint) -> None:
    wait = threading.Event()

    def slow(path: str, body: dict[str, Any]) -> Reply:
        if body.get("prompt") == "slow":
            wait.wait(60)
        return chat(path, body)

    endpoint.reply = slow
    with engine.session() as session:
        for _ in range(3):
            session.submit(Request("goes", prompt="slow", samples=2))
        for number in range(5):
            session.submit(Request("stays", prompt=str(number)))
        session.cancel("goes")
        ends = [(done.request.tag, done.finish) for done in session]
    wait.set()
    assert ends.count(("goes", "cancelled")) == 6
    assert ends.count(("stays", "stop")) == 5


def test_leaving_waits_for_nobody(engine: EndpointEngine, endpoint: Endpoint) -> None:
    wait = threading.Event()
    endpoint.reply = lambda path, body: (wait.wait(60), chat(path, body))[1] if "prompt" in body else chat(path, body)
    with engine.session() as session:
        for _ in range(9):
            session.submit(Request("a", prompt="x"))
    engine.close()
    assert not wait.is_set()
    wait.set()


def test_a_lost_endpoint_ends_the_run_after_what_was_answered(engine: EndpointEngine, endpoint: Endpoint) -> None:
    both = threading.Barrier(3)

    def dying(path: str, body: dict[str, Any]) -> Reply:
        if body.get("prompt") == "lost":
            if len(endpoint.of(path)) <= 3:
                both.wait(60)
            return 503, {"Retry-After": "0"}, "going down"
        if body.get("prompt") == "slow":
            both.wait(60)
            time.sleep(0.1)
        return chat(path, body)

    endpoint.reply = dying
    done: list[str] = []
    with engine.session() as session:
        session.submit(Request("lost", prompt="lost"))
        for number in range(2):
            session.submit(Request(f"slow {number}", prompt="slow"))
        for number in range(50):
            session.submit(Request(f"late {number}", prompt="lost"))
        with pytest.raises(EndpointError, match=r"failed 3 times; last: status 503: .*going down") as caught:
            done.extend(completion.request.tag for completion in session)
    assert sorted(done) == ["slow 0", "slow 1"]
    assert caught.value.retryable
    assert "goes on from what was finished" in caught.value.hint
    assert len(endpoint.of("/v1/completions")) == 5


def test_answers_beside_a_failure_are_handed_out(engine: EndpointEngine, endpoint: Endpoint) -> None:
    failed = threading.Event()

    def reply(path: str, body: dict[str, Any]) -> Reply:
        if body.get("prompt") == "bad":
            failed.set()
            return 400, {}, "bad temperature"
        if body.get("prompt") == "good":
            failed.wait(60)
            time.sleep(0.2)
        return chat(path, body)

    endpoint.reply = reply
    done: list[str] = []

    def take(session: EndpointSession) -> None:
        for found in session:
            done.append(found.request.tag)
            session.submit(Request("late", prompt="late"))

    with engine.session() as session:
        for name in ("good", "good", "bad"):
            session.submit(Request(name, prompt=name))
        with pytest.raises(EngineError, match=r"'bad'.*bad temperature"):
            take(session)
    assert done == ["good", "good"]
    assert not [body for body in endpoint.of("/v1/completions") if body["prompt"] == "late"]


def test_a_fault_of_the_engine_itself_is_not_swallowed(engine: EndpointEngine, endpoint: Endpoint) -> None:
    endpoint.reply = lambda path, body: (200, {}, {"choices": ["no object"]}) if "prompt" in body else chat(path, body)
    with pytest.raises(AttributeError):
        answers(engine, Request("a", prompt="x"))


@pytest.mark.parametrize("samples", [1, 3])
def test_a_request_that_is_too_long_is_named(engine: EndpointEngine, endpoint: Endpoint, samples: int) -> None:
    endpoint.reply = lambda path, body: (
        (400, {}, "maximum context length is 512 tokens") if "prompt" in body else chat(path, body)
    )
    with pytest.raises(ContextError, match=r"'a'.*512") as raised:
        answers(engine, Request("a", prompt="x", samples=samples, sampling=WARM))
    assert raised.value.tag == "a"
    assert len(endpoint.of("/v1/completions")) == 1


def test_an_answer_without_choices_is_an_error(engine: EndpointEngine, endpoint: Endpoint) -> None:
    endpoint.reply = lambda path, body: (200, {}, {"choices": []}) if "prompt" in body else chat(path, body)
    with pytest.raises(EndpointError, match="without choices"):
        answers(engine, Request("a", prompt="x"))


def test_a_grammar_and_a_schema_go_the_way_that_works(engine: EndpointEngine, endpoint: Endpoint) -> None:
    def keeping(path: str, body: dict[str, Any]) -> Reply:
        if "guided_grammar" in body:
            return completion(body, body["guided_grammar"].split('"')[1])
        if body.get("response_format", {}).get("type") == "json_object":
            (name, field), *_ = body["response_format"]["schema"]["properties"].items()
            return completion(body, json.dumps({name: field["enum"][0]}))
        return chat(path, body)

    endpoint.reply = keeping
    assert engine.capabilities == {"grammar", "schema"}
    schema = json.dumps({"type": "object", "properties": {"verdict": {"enum": ["YES"]}}})
    found = answers(
        engine,
        Request("grammar", messages=(user("x"),), grammar='root ::= "NO"'),
        Request("schema", messages=(user("x"),), schema=schema),
    )
    assert found == {("grammar", 0): "NO", ("schema", 0): '{"verdict": "YES"}'}


def test_scores_come_from_a_right_echo(engine: EndpointEngine, endpoint: Endpoint) -> None:
    def echoing(path: str, body: dict[str, Any]) -> Reply:
        if path != "/v1/completions":
            return chat(path, body)
        tokens = [*re.findall(" ?[^ ]+", body["prompt"])] * bool(body.get("echo")) + [" then"]
        likely = [None] * bool(body.get("echo")) + [-0.5 * len(token) for token in tokens][bool(body.get("echo")) :]
        choice = {"text": "".join(tokens), "logprobs": {"tokens": tokens, "token_logprobs": likely}}
        return 200, {}, {"choices": [choice]}

    endpoint.reply = echoing
    assert engine.capabilities == {"score"}
    assert engine.score("Who built it?", [" nobody", " Tarn Osgood", ""]) == [-3.5, -6.0, 0.0]
    assert len({body["model"] for body in endpoint.of("/v1/completions")}) == 1
    texts = (" nobody", " Tarn Osgood")
    with engine.session() as session:
        for number in range(6):
            session.submit(Request(str(number), prompt=f"Who built {number}?", continuations=texts))
        assert {done.request.tag: done.scores for done in session} == dict.fromkeys("012345", (-3.5, -6.0))
    with pytest.raises(EngineError, match="could not be scored"):
        engine.score("Who", ["se is it?"])


def test_a_lost_endpoint_is_said_where_it_is_first_needed(endpoint: Endpoint) -> None:
    engine = EndpointEngine(EndpointSettings("http://127.0.0.1:9/v1", attempts=1))
    with pytest.raises(EndpointError, match="failed 1 times"), engine.session() as session:
        session.submit(Request("a", prompt="x"))
    with pytest.raises(EndpointError):
        _ = engine.capabilities
    engine.close()


def test_what_an_endpoint_cannot_do_is_said(engine: EndpointEngine) -> None:
    with pytest.raises(EngineError, match="cannot score"):
        engine.score("a", ["b"])
    with engine.session() as session, pytest.raises(EngineError, match="cannot score"):
        session.submit(Request("a", prompt="a", continuations=("b",)))
    with pytest.raises(EngineError, match="chat template"):
        engine.render([user("x")])
    with pytest.raises(EngineError, match="grammar"), engine.session() as session:
        session.submit(Request("a", prompt="x", grammar="root ::= [a]"))


@pytest.fixture(scope="session")
def served(llama_server: str) -> Iterator[EndpointEngine]:
    engine = EndpointEngine(EndpointSettings(llama_server, concurrency=4))
    yield engine
    engine.close()


def test_a_real_server_answers_side_by_side_requests(served: EndpointEngine) -> None:
    sampling = Sampling(max_tokens=6, temperature=1.0)
    requests = [
        Request(f"{number}", messages=(user(f"Who built light {number}?"),), sampling=sampling, seed=number, samples=3)
        for number in range(3)
    ]
    found = {(done.request.tag, done.index): done for done in completions(served, *requests)}
    assert sorted(found) == [(str(number), index) for number in range(3) for index in range(3)]
    assert len({done.text for done in found.values()}) > 3
    assert all(done.prompt_tokens and 0 < done.tokens <= 6 for done in found.values())


def test_a_real_server_draws_from_the_seed(served: EndpointEngine) -> None:
    sampling = Sampling(max_tokens=12, temperature=1.0)
    one, other, same = (Request("a", prompt="The lighthouse", sampling=sampling, seed=seed) for seed in (1, 2, 1))
    first, second, third = (answers(served, each) for each in (one, other, same))
    assert first == third != second


def test_a_real_server_keeps_to_grammars_and_schemas_and_cannot_score(served: EndpointEngine) -> None:
    """Its echo has the log-probabilities of the position behind each token, which must not be taken for scores."""
    assert served.capabilities == {"grammar", "schema", "logprobs"}
    schema = json.dumps({"type": "object", "properties": {"n": {"enum": [7]}}, "required": ["n"]})
    sampling = Sampling(max_tokens=24)
    found = answers(
        served,
        Request("grammar", messages=(user("Is it?"),), sampling=sampling, grammar='root ::= "YES" | "NO"'),
        Request("plain", prompt="Is it?", sampling=sampling, grammar='root ::= "YES" | "NO"'),
        Request("schema", messages=(user("How many?"),), sampling=sampling, schema=schema),
    )
    assert found["grammar", 0] in ("YES", "NO")
    assert found["plain", 0] in ("YES", "NO")
    assert json.loads(found["schema", 0]) == {"n": 7}


def test_a_real_server_counts_tokens(served: EndpointEngine) -> None:
    assert served.name.endswith("seedling-teacher-Q4_K_M.gguf")
    assert served.count_tokens("Who built it?") == 4
