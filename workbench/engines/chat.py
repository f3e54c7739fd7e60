"""Talking to models: which ones are meant, a conversation with one, and the same questions put to several."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from html import escape
from pathlib import Path

from workbench.engines import endpoint_settings, open_engine
from workbench.engines.catalogue import resolve
from workbench.engines.engine import Engine, Request, Sampling
from workbench.engines.options import ChatOptions
from workbench.errors import ModelError, NotFoundError
from workbench.messages import Message, assistant, user
from workbench.runs import Run
from workbench.workspace import Workspace

_WHOLE = ("F32", "F16", "BF16")


@dataclass(frozen=True)
class Speaker:
    """A model to talk to: `name` is how it is shown, `model` what an engine is opened with."""

    name: str
    model: str


@dataclass(frozen=True)
class Transcript:
    """The answers of each model, by its name, in the order of the questions."""

    questions: tuple[str, ...]
    answers: Mapping[str, tuple[str, ...]]

    def __str__(self) -> str:
        return "\n\n".join(
            "\n".join([f"user: {question}", *(f"{name}: {said[number]}" for name, said in self.answers.items())])
            for number, question in enumerate(self.questions)
        )

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("Question", *self.answers))
        rows = zip(self.questions, *self.answers.values(), strict=True)
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        caption = "The same questions, put to each model by itself"
        return f"<table><caption>{caption}</caption><tr>{heads}</tr>{body}</table>"


class Conversation:
    """A conversation with one model; `messages` are what it has heard and said."""

    def __init__(self, engine: Engine, sampling: Sampling, seed: int) -> None:
        self.messages: list[Message] = []
        self._engine = engine
        self._sampling = sampling
        self._seed = seed

    def say(self, text: str) -> str:
        """The model's answer, with all that went before in view; ContextError once that is too long for it."""
        asked = [*self.messages, user(text)]
        (answer,) = _answers(self._engine, [asked], self._sampling, self._seed)
        self.messages = [*asked, assistant(answer)]
        return answer

    def forget(self) -> None:
        self.messages = []


class Chat:
    """The models of the options, opened; the trained one as the quantised GGUF of its run. Close it after use."""

    def __init__(self, options: ChatOptions, workspace: Workspace) -> None:
        self.sampling = Sampling(max_tokens=options.max_tokens, temperature=options.temperature)
        self.seed = options.seed
        self.speakers = find_speakers(options, workspace)
        self._engines: dict[str, Engine] = {}
        with ExitStack() as opened:
            for speaker in self.speakers:
                self._engines[speaker.name] = engine = _open(speaker, options)
                opened.callback(engine.close)
            self._opened = opened.pop_all()

    @property
    def names(self) -> list[str]:
        return [speaker.name for speaker in self.speakers]

    def ask(self, questions: Sequence[str]) -> Transcript:
        """Each question by itself, to every model."""
        asked = [[user(question)] for question in questions]
        answers = {
            name: tuple(_answers(engine, asked, self.sampling, self.seed)) for name, engine in self._engines.items()
        }
        return Transcript(tuple(questions), answers)

    def conversation(self, name: str) -> Conversation:
        """A new conversation with one of the models."""
        return Conversation(self._engines[name], self.sampling, self.seed)

    def close(self) -> None:
        self._opened.close()

    def __repr__(self) -> str:
        return "; ".join(f"{speaker.name}: {Path(speaker.model).name}" for speaker in self.speakers)

    def _repr_html_(self) -> str:
        items = (f"<li>{escape(one.name)}: {escape(Path(one.model).name)}</li>" for one in self.speakers)
        return f"<ul>{''.join(items)}</ul>"


def find_speakers(options: ChatOptions, workspace: Workspace) -> list[Speaker]:
    """The base first, where there is one; NotFoundError where the model is neither a run nor a file nor known."""
    run = None if options.endpoint_url else trained_run(options.model, workspace)
    base = options.base_model or (str(run.manifest["base_model"]) if run else "")
    beside = [Speaker("base", _located(base, workspace))] if base else []
    if run:
        return [*beside, Speaker("trained", str(quantised(run)))]
    model = options.model if options.endpoint_url else _located(options.model, workspace)
    return [*beside, Speaker("model", model)]


def trained_run(model: str, workspace: Workspace) -> Run | None:
    """The run of that name; None for a model's file, folder or name instead."""
    try:
        return workspace.get("trained_models", model)
    except NotFoundError as error:
        try:
            _located(model, workspace)
        except ModelError:
            raise error from None
        return None


def quantised(run: Run) -> Path:
    """The smallest GGUF file of a trained run; NotFoundError while it has none."""
    files: dict[str, str] = run.manifest["gguf"]
    small = [name for kind, name in files.items() if kind not in _WHOLE]
    if not files:
        raise NotFoundError(f"{run.folder.name} has no GGUF file", hint="workbench model export makes one")
    return run.folder / [*files.values(), *small][-1]


def _located(model: str, workspace: Workspace) -> str:
    path = workspace.resolve(model)
    return str(resolve(str(path) if path.exists() else model, workspace.models))


def _open(speaker: Speaker, options: ChatOptions) -> Engine:
    endpoint = endpoint_settings(options) if speaker.name == "model" else None
    if endpoint:
        return open_engine(speaker.model, endpoint=endpoint)
    return open_engine(speaker.model, machine=options)


def _answers(engine: Engine, asked: Sequence[Sequence[Message]], sampling: Sampling, seed: int) -> list[str]:
    """One answer for each list of messages, in their order."""
    said: dict[str, str] = {}
    with engine.session() as session:
        for number, messages in enumerate(asked):
            session.submit(Request(str(number), messages=tuple(messages), sampling=sampling, seed=seed))
        for completion in session:
            said[completion.request.tag] = completion.text.strip()
    return [said[str(number)] for number in range(len(asked))]
