"""Which models are compared: a trained run or a bare model, what it was trained from, and who judges."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from workbench.engines.catalogue import find_entry, resolve
from workbench.engines.credentials import EndpointSettings, endpoint_settings
from workbench.engines.engine import Engine
from workbench.engines.options import MachineOptions
from workbench.errors import ModelError, NotFoundError, OptionsError
from workbench.evaluation.benchmarks import Who
from workbench.evaluation.options import EvaluationOptions
from workbench.records import digest_bytes, digest_file, digest_folder
from workbench.runs import Run
from workbench.workspace import Workspace


@dataclass(frozen=True)
class Subject:
    """A model that is examined: `model` is what an engine is opened with, or its name at `endpoint`; `name` is how the
    report calls it."""

    who: Who
    name: str
    model: str
    endpoint: EndpointSettings | None = None

    @property
    def digest(self) -> str:
        """Over its contents; at an endpoint, which does not show them, over address and name."""
        if not self.endpoint:
            return model_digest(self.model)
        with closing(self.open()) as engine:
            return engine.digest

    def open(self, machine: MachineOptions | None = None) -> Engine:
        from workbench.engines import open_engine

        return open_engine(self.model, endpoint=self.endpoint, machine=machine)


@dataclass(frozen=True)
class Models:
    """`base` is None when a bare model is examined without one; `run` is None when the model is no trained run.

    Of a checkpoint of such a run `checkpoint` says which: `phase_1/samples_320`.
    """

    trained: Subject
    base: Subject | None
    run: Run | None
    checkpoint: str = ""

    @property
    def subjects(self) -> list[Subject]:
        return [self.base, self.trained] if self.base else [self.trained]


def find_models(options: EvaluationOptions, workspace: Workspace) -> Models:
    """NotFoundError or ModelError where a model is neither a run nor a file; the hint says what there is.

    An endpoint is asked for nothing but the name of its first model, where none is named.
    """
    if endpoint := endpoint_settings(options):
        return Models(_served("trained", options.model, endpoint), _base(options, options.base_model, workspace), None)
    if not options.model:
        raise OptionsError("no model is named", hint="give the name of a trained run, a folder or a GGUF file")
    run, checkpoint = _checkpoint(options.model, workspace) or (_trained_run(options.model, workspace), "")
    base = options.base_model or (str(run.manifest["base_model"]) if run else "")
    model = str(run.folder / run.manifest["model"]) if run and not checkpoint else options.model
    named = "/".join(part for part in (run.folder.name, checkpoint) if part) if run else Path(model).name
    return Models(
        trained=Subject("trained", named, _locate(model, workspace)),
        base=_base(options, base, workspace),
        run=run,
        checkpoint=checkpoint,
    )


def _base(options: EvaluationOptions, model: str, workspace: Workspace) -> Subject | None:
    if endpoint := endpoint_settings(options, "base_"):
        return _served("base", options.base_model, endpoint)
    return Subject("base", Path(model).name, _locate(model, workspace)) if model else None


def _served(who: Who, model: str, endpoint: EndpointSettings) -> Subject:
    with closing(Subject(who, "", model, endpoint).open()) as engine:
        return Subject(who, f"{engine.name} at {endpoint.url}", engine.name, endpoint)


def find_judge(options: EvaluationOptions, workspace: Workspace) -> str:
    """What an engine is opened with; at an endpoint the name that the endpoint knows."""
    return options.judge_model if options.judge_endpoint_url else _locate(options.judge_model, workspace)


def model_digest(model: str) -> str:
    """Over the contents of a folder or file; over the name where an endpoint serves it."""
    path = Path(model)
    if path.is_dir():
        return digest_folder(path)
    return digest_file(path) if path.is_file() else digest_bytes(model.encode())


def _checkpoint(model: str, workspace: Workspace) -> tuple[Run, str] | None:
    """The finished run that a folder is a checkpoint of, with its place in the run's Artifacts."""
    path, runs = workspace.resolve(model).resolve(), workspace.folder("trained_models").resolve()
    if not path.is_dir() or not path.is_relative_to(runs):
        return None
    name, *inside = path.relative_to(runs).parts
    if len(inside) < 2 or inside[0] != "Artifacts":
        return None
    run = Run.open(runs / name)
    return (run, "/".join(inside[1:])) if run.done else None


def _trained_run(model: str, workspace: Workspace) -> Run | None:
    """None when the name is a model's of its own; a bare name that means nothing is taken for that of a run."""
    try:
        return workspace.get("trained_models", model)
    except NotFoundError:
        try:
            _locate(model, workspace)
        except ModelError:
            if find_entry(model) or len(Path(model).parts) > 1:
                return None
        else:
            return None
        raise


def _locate(model: str, workspace: Workspace) -> str:
    """The path of a model in the workspace, the catalogue or anywhere; ModelError says how to get a missing one."""
    path = workspace.resolve(model)
    return str(resolve(str(path) if path.exists() else model, workspace.models))
