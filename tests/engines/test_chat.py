from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from workbench.engines import chat as module
from workbench.engines.chat import Chat, Speaker, find_speakers, quantised, trained_run
from workbench.engines.credentials import EndpointSettings
from workbench.engines.engine import Completion, Request
from workbench.engines.options import ChatOptions
from workbench.engines.replies import Asked
from workbench.engines.transcript import Answer, Turn
from workbench.errors import ModelError, NotFoundError
from workbench.messages import Message
from workbench.options import Options
from workbench.records import write_text
from workbench.runs import Run
from workbench.workspace import Workspace


class Echo:
    """Says what it heard last, and how many messages it had in view."""

    name, digest, context_size, capabilities = "echo", "0" * 64, 100, frozenset[str]()

    def __init__(self) -> None:
        self.waiting: list[Request] = []
        self.closed = False

    @contextmanager
    def session(self) -> Iterator["Echo"]:
        yield self

    def submit(self, request: Request) -> None:
        self.waiting.append(request)

    def __iter__(self) -> Iterator[Completion]:
        while self.waiting:
            request = self.waiting.pop()
            text = f" {len(request.messages)}: {request.messages[-1]['content']} "
            yield Completion(request, 0, text, "stop", 1, 1)

    def turn(self) -> list[Completion]:
        return list(self)

    def cancel(self, tag: str) -> None: ...

    def score(self, context: str, continuations: Sequence[str]) -> list[float]:
        return []

    def count_tokens(self, text: str) -> int:
        return len(text)

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        return ""

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> dict[str, Echo]:
    opened: dict[str, Echo] = {}

    def open_engine(model: str, **settings: object) -> Echo:
        return opened.setdefault(model, Echo())

    monkeypatch.setattr(module, "open_engine", open_engine)
    return opened


def model_file(folder: Path, name: str) -> Path:
    write_text(folder / name, "weights")
    return folder / name


@pytest.fixture
def trained(workspace: Workspace, tmp_path: Path) -> Run:
    base = tmp_path / "base"
    model_file(base, "config.json")
    run = workspace.open_run("trained_models", "demo", Options(), {})
    with run.hold() as attempt:
        gguf = {"F16": "GGUF/model-F16.gguf", "Q4_K_M": "GGUF/model-Q4_K_M.gguf"}
        attempt.finish({"base_model": str(base), "gguf": gguf})
    return run


def test_a_trained_run_speaks_beside_its_base(workspace: Workspace, trained: Run, tmp_path: Path) -> None:
    base, after = find_speakers(ChatOptions(), workspace)
    assert (base.name, base.model) == ("base", str(tmp_path / "base"))
    assert (after.name, after.model) == ("trained", str(trained.folder / "GGUF" / "model-Q4_K_M.gguf"))


def test_another_model_can_stand_beside_it(workspace: Workspace, trained: Run, tmp_path: Path) -> None:
    other = model_file(tmp_path, "other.gguf")
    assert find_speakers(ChatOptions(base_model=str(other)), workspace)[0].model == str(other)


def test_a_file_speaks_alone(workspace: Workspace, tmp_path: Path) -> None:
    file = model_file(tmp_path, "mine.gguf")
    (alone,) = find_speakers(ChatOptions(model=str(file)), workspace)
    assert (alone.name, alone.model) == ("model", str(file))
    assert trained_run(str(file), workspace) is None


def test_an_endpoint_s_model_is_a_name(workspace: Workspace) -> None:
    (served,) = find_speakers(ChatOptions(model="any/name", endpoint_url="http://localhost:1/v1"), workspace)
    assert served.model == "any/name"


def test_any_number_of_models_can_stand_beside(workspace: Workspace, trained: Run, tmp_path: Path) -> None:
    mine = str(model_file(tmp_path, "mine.gguf"))
    beside = [mine, mine, "demo", "big/model@http://localhost:1/v1", "@http://localhost:2/v1"]
    found = find_speakers(ChatOptions(model=mine, beside=beside), workspace)
    assert [speaker.name for speaker in found] == [
        *("model", "mine", "mine 2", "demo", "big/model", "http://localhost:2/v1")
    ]
    assert found[4] == Speaker("big/model", "big/model", "http://localhost:1/v1")
    assert (found[5].model, str(found[4])) == ("", "big/model at http://localhost:1/v1")
    with pytest.raises(NotFoundError):
        find_speakers(ChatOptions(model=mine, beside=["nothing"]), workspace)


def test_a_key_goes_to_its_own_endpoint_alone(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: dict[str, str] = {}

    def open_engine(model: str, *, endpoint: EndpointSettings) -> Echo:
        keys[endpoint.url] = endpoint.key
        return Echo()

    monkeypatch.setattr(module, "open_engine", open_engine)
    monkeypatch.setenv("WORKBENCH_API_KEY", "from-outside")
    given = {"endpoint_url": "http://a/v1", "api_key": "secret", "beside": ["x@http://b/v1"]}
    Chat(ChatOptions.parse(given), workspace).close()
    assert keys == {"http://a/v1": "secret", "http://b/v1": ""}


def test_a_name_that_nothing_has_is_refused(workspace: Workspace, trained: Run) -> None:
    with pytest.raises(NotFoundError, match="there is no trained model called dmo") as caught:
        find_speakers(ChatOptions(model="dmo"), workspace)
    assert caught.value.hint == "did you mean demo?"
    with pytest.raises(ModelError):
        find_speakers(ChatOptions(base_model="nothing.gguf"), workspace)


def test_a_run_without_files_is_named(workspace: Workspace) -> None:
    run = workspace.open_run("trained_models", "bare", Options(), {})
    with run.hold() as attempt:
        attempt.finish({"gguf": {}})
    with pytest.raises(NotFoundError, match="has no GGUF file"):
        quantised(run)


@pytest.mark.usefixtures("trained")
def test_questions_are_put_to_each_model_by_themselves(workspace: Workspace, engines: dict[str, Echo]) -> None:
    chat = Chat(ChatOptions(), workspace)
    assert chat.names == ["base", "trained"]
    transcript = chat.ask(["one", "two"])
    assert transcript.answers == {"base": ("1: one", "1: two"), "trained": ("1: one", "1: two")}
    assert transcript.models == {"base": "base", "trained": "model-Q4_K_M.gguf"}
    chat.close()
    assert all(engine.closed for engine in engines.values())


@pytest.mark.usefixtures("trained", "engines")
def test_a_message_goes_to_one_model(workspace: Workspace) -> None:
    chat = Chat(ChatOptions(), workspace)
    pieces: list[str] = []
    before = Turn("hello", {"trained": Answer("yes")})
    answer = chat.start(Asked("trained", "again", chat.sampling, before=(before,)), pieces.append).wait(60)
    assert answer == Answer("3: again")
    with pytest.raises(NotFoundError, match="no model is called other here") as caught:
        chat.start(Asked("other", "again", chat.sampling))
    assert caught.value.hint == "there is base, trained"
    chat.close()


@pytest.mark.usefixtures("trained")
def test_what_was_opened_is_closed_when_the_next_cannot_be(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Echo()

    def open_engine(model: str, **settings: object) -> Echo:
        if model.endswith(".gguf"):
            raise ModelError("it is broken")
        return first

    monkeypatch.setattr(module, "open_engine", open_engine)
    with pytest.raises(ModelError, match="it is broken"):
        Chat(ChatOptions(), workspace)
    assert first.closed


@pytest.mark.usefixtures("trained", "engines")
def test_a_chat_says_which_files_speak(workspace: Workspace) -> None:
    chat = Chat(ChatOptions(), workspace)
    assert repr(chat) == "base: base; trained: model-Q4_K_M.gguf"
    assert "<li>trained: model-Q4_K_M.gguf</li>" in chat._repr_html_()
