"""The models of a server: under which names, and what they are opened from."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from workbench.engines import open_engine
from workbench.engines.catalogue import resolve
from workbench.engines.chat import quantised, trained_run
from workbench.engines.engine import Engine
from workbench.errors import OptionsError
from workbench.serving.options import ServeOptions
from workbench.workspace import Workspace


@dataclass(frozen=True)
class Place:
    """A model's name for clients, and its GGUF file or Hugging Face folder."""

    name: str
    path: Path


@dataclass(frozen=True)
class Served:
    """A model that was opened."""

    place: Place
    engine: Engine

    @property
    def record(self) -> dict[str, object]:
        """As lists of models describe it; other servers tell the length of the context by the same names."""
        return {
            "id": self.place.name,
            "object": "model",
            "created": int(self.place.path.stat().st_mtime),
            "owned_by": "workbench",
            "max_model_len": self.engine.context_size,
        }


def find_models(texts: Sequence[str], workspace: Workspace) -> list[Place]:
    """Where each lies, before anything is opened; OptionsError for a name that two would have."""
    places = [_find(text, workspace) for text in texts]
    names = [place.name for place in places]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise OptionsError(f"two models are called {twice}", hint=f"give one another name: --model other:{twice}")
    if not places:
        raise OptionsError("no model is named", hint="give --model NAME, as often as there are models")
    return places


def open_models(places: Sequence[Place], options: ServeOptions, opened: ExitStack) -> list[Served]:
    """All of them, to be closed with `opened`."""
    found = []
    for place in places:
        engine = open_engine(str(place.path), context_size=options.context_size, machine=options)
        opened.callback(engine.close)
        found.append(Served(place, engine))
    return found


def _find(text: str, workspace: Workspace) -> Place:
    name, colon, model = text.partition(":")
    # A path may hold a colon itself, a drive's letter for one.
    if not colon or len(name) < 2 or Path(text).exists():
        name, model = "", text
    run = trained_run(model, workspace)
    if run:
        return Place(name or run.name, quantised(run))
    local = workspace.resolve(model)
    path = resolve(str(local) if local.exists() else model, workspace.models)
    return Place(name or (path.stem if path.suffix == ".gguf" else path.resolve().name), path)
