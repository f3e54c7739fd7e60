"""Talking to models: which ones are meant, messages to one or several of them, and the same questions put to all."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from workbench.engines import endpoint_settings, open_engine
from workbench.engines.catalogue import resolve
from workbench.engines.engine import Engine, Request, Sampling
from workbench.engines.options import ChatOptions
from workbench.engines.replies import Asked, Hear, Reply
from workbench.engines.transcript import Answer, Transcript, Turn
from workbench.errors import ModelError, NotFoundError
from workbench.messages import user
from workbench.runs import Run
from workbench.workspace import Workspace

_WHOLE = ("F32", "F16", "BF16")
# Somebody waits for the answer: better an error soon than an answer after many tries.
_ATTEMPTS = 2


@dataclass(frozen=True)
class Speaker:
    """A model to talk to: `name` is how it is shown, `model` what an engine is opened with, or its name at the endpoint
    `url`."""

    name: str
    model: str
    url: str = ""

    def __str__(self) -> str:
        return f"{self.model} at {self.url}".strip() if self.url else Path(self.model).name


class Chat:
    """The models of the options, opened; the trained one as the quantised GGUF of its run. Close it after use."""

    def __init__(self, options: ChatOptions, workspace: Workspace) -> None:
        self.options = options
        self.workspace = workspace
        self.sampling = Sampling(max_tokens=options.max_tokens, temperature=options.temperature)
        self.seed = options.seed
        self.speakers: list[Speaker] = []
        self._engines: dict[str, Engine] = {}
        self._threads: dict[str, ThreadPoolExecutor] = {}
        with ExitStack() as self._opened:
            for speaker in find_speakers(options, workspace):
                self._open(speaker)
            self._opened = self._opened.pop_all()

    @property
    def names(self) -> list[str]:
        return [speaker.name for speaker in self.speakers]

    @property
    def models(self) -> dict[str, str]:
        """What each name stands for, as a transcript keeps it."""
        return {speaker.name: str(speaker) for speaker in self.speakers}

    def ask(self, questions: Sequence[str]) -> Transcript:
        """Each question by itself, to every model."""
        answers = {name: self._answers(name, questions) for name in self.names}
        turns = tuple(
            Turn(question, {name: said[number] for name, said in answers.items()})
            for number, question in enumerate(questions)
        )
        return Transcript(turns, self.models, "The same questions, put to each model by itself")

    def start(self, asked: Asked, hear: Hear = lambda piece: None) -> Reply:
        """A message to the model of that name, whose answer comes in a thread of its own; each model draws one at a
        time."""
        self.check([asked.name])
        reply = Reply(asked, hear)
        reply.start(self._engines[asked.name], self._threads[asked.name])
        return reply

    def add(self, model: str) -> str:
        """Opens one more, given as `beside` in the options, and returns the name that it speaks under."""
        speaker = _named(model, self.workspace, set(self.names))
        self._open(speaker)
        return speaker.name

    def check(self, names: Sequence[str]) -> None:
        """NotFoundError where a name is none of a model here."""
        for name in names:
            if name not in self._engines:
                raise NotFoundError(f"no model is called {name} here", hint=f"there is {', '.join(self.names)}")

    def close(self) -> None:
        """Waits for answers that are still drawn; stop them first."""
        self._opened.close()

    def __repr__(self) -> str:
        return "; ".join(f"{name}: {model}" for name, model in self.models.items())

    def _repr_html_(self) -> str:
        items = (f"<li>{escape(name)}: {escape(model)}</li>" for name, model in self.models.items())
        return f"<ul>{''.join(items)}</ul>"

    def _open(self, speaker: Speaker) -> None:
        engine = _opened(speaker, self.options)
        self._opened.callback(engine.close)
        self._threads[speaker.name] = self._opened.enter_context(ThreadPoolExecutor(1, speaker.name))
        self._engines[speaker.name] = engine
        self.speakers.append(speaker)

    def _answers(self, name: str, questions: Sequence[str]) -> list[Answer]:
        """In the order of the questions, which the engine may answer side by side."""
        said: dict[str, Answer] = {}
        with self._engines[name].session() as session:
            for number, question in enumerate(questions):
                session.submit(Request(str(number), (user(question),), sampling=self.sampling, seed=self.seed))
            for done in session:
                said[done.request.tag] = Answer(done.text.strip(), done.finish)
        return [said[str(number)] for number in range(len(questions))]


def find_speakers(options: ChatOptions, workspace: Workspace) -> list[Speaker]:
    """The base first, where there is one, and last those beside; NotFoundError where the model is neither a run nor a
    file nor known."""
    run = None if options.endpoint_url else trained_run(options.model, workspace)
    base = options.base_model or (str(run.manifest["base_model"]) if run else "")
    found = [Speaker("base", _located(base, workspace))] if base else []
    if run:
        found.append(Speaker("trained", str(quantised(run))))
    elif options.endpoint_url:
        found.append(Speaker("model", options.model, options.endpoint_url))
    else:
        found.append(Speaker("model", _located(options.model, workspace)))
    for beside in options.beside:
        found.append(_named(beside, workspace, {speaker.name for speaker in found}))
    return found


def _named(text: str, workspace: Workspace, taken: set[str]) -> Speaker:
    """A run, file, folder or name, or with `@` and an address one of an endpoint; called so, numbered where taken."""
    model, at, url = text.rpartition("@")
    if at and "://" in url:
        speaker = Speaker(model or url, model, url)
    elif run := trained_run(text, workspace):
        speaker = Speaker(run.name, str(quantised(run)))
    else:
        place = _located(text, workspace)
        speaker = Speaker(Path(place).name.removesuffix(".gguf"), place)
    names = (speaker.name, *(f"{speaker.name} {number}" for number in range(2, len(taken) + 3)))
    return replace(speaker, name=next(name for name in names if name not in taken))


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


def _opened(speaker: Speaker, options: ChatOptions) -> Engine:
    endpoint = endpoint_settings(options.model_copy(update={"endpoint_url": speaker.url}))
    if not endpoint:
        return open_engine(speaker.model, machine=options)
    # The key is for the endpoint that it was given with, and for no other.
    key = endpoint.key if speaker.url == options.endpoint_url else ""
    return open_engine(speaker.model, endpoint=replace(endpoint, key=key, attempts=_ATTEMPTS))
