"""The steps that can be started, by name. Entries are dotted names, so that knowing a step imports nothing of it."""

import difflib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from workbench.errors import NotFoundError
from workbench.options import Options
from workbench.runs import Attempt, Run, Stop
from workbench.workspace import Workspace

Work = Callable[[Options, Run, Attempt, Stop], dict[str, Any]]
Inputs = Callable[[Options, Workspace], dict[str, str]]
Draw = Callable[[Run, dict[str, Any]], None]
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Step:
    """`options`, `work` and `inputs` are written `package.module:name`; `kind` is the run's folder in the workspace.

    The work returns what the manifest is to hold; the inputs are SHA-256 digests of everything that it reads. A step
    with another `result` does a part of a run's work and leaves the rest for later: what it returns is written to that
    file in the run's folder. `draw`, written in the same way, makes the pictures that are kept with the result.
    """

    name: str
    kind: str
    options: str
    work: str
    inputs: str
    result: str = MANIFEST
    draw: str = ""

    @property
    def whole(self) -> bool:
        """Whether the run is done when the step is."""
        return self.result == MANIFEST

    def options_class(self) -> type[Options]:
        found: type[Options] = load(self.options)
        return found

    def load_work(self) -> Work:
        found: Work = load(self.work)
        return found

    def load_inputs(self) -> Inputs:
        found: Inputs = load(self.inputs)
        return found

    def load_draw(self) -> Draw | None:
        found: Draw | None = load(self.draw) if self.draw else None
        return found

    def record(self) -> dict[str, str]:
        """What a child process is told, so that it needs no table."""
        return asdict(self)


STEPS = {
    step.name: step
    for step in (
        Step(
            name="generate",
            kind="synthetic_data",
            options="workbench.generation.options:GenerationOptions",
            work="workbench.generation.generate:generate",
            inputs="workbench.generation.generate:inputs",
            draw="workbench.plots.pictures:draw_generation",
        ),
        Step(
            name="preview",
            kind="synthetic_data",
            options="workbench.generation.options:GenerationOptions",
            work="workbench.generation.preview:preview",
            inputs="workbench.generation.generate:inputs",
            result="Artifacts/preview.json",
        ),
        Step(
            name="train",
            kind="trained_models",
            options="workbench.alignment.options:AlignmentOptions",
            work="workbench.alignment.align:align",
            inputs="workbench.alignment.align:inputs",
            draw="workbench.plots.pictures:draw_training",
        ),
        Step(
            name="first_phase",
            kind="trained_models",
            options="workbench.alignment.options:AlignmentOptions",
            work="workbench.alignment.align:train_first",
            inputs="workbench.alignment.align:inputs",
            result="Artifacts/first_phase.json",
        ),
        Step(
            name="second_phase",
            kind="trained_models",
            options="workbench.alignment.options:AlignmentOptions",
            work="workbench.alignment.align:train_second",
            inputs="workbench.alignment.align:inputs",
            result="Artifacts/second_phase.json",
        ),
        Step(
            name="evaluate",
            kind="evaluations",
            options="workbench.evaluation.options:EvaluationOptions",
            work="workbench.evaluation.evaluate:evaluate",
            inputs="workbench.evaluation.evaluate:inputs",
            draw="workbench.plots.pictures:draw_evaluation",
        ),
    )
}


def find_step(name: str) -> Step:
    """NotFoundError that names the nearest step."""
    if name in STEPS:
        return STEPS[name]
    near = difflib.get_close_matches(name, STEPS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the steps are {', '.join(STEPS)}"
    raise NotFoundError(f"there is no step called {name}", hint=hint)


def load(dotted: str) -> Any:
    """The object that `package.module:name` stands for."""
    module, _, name = dotted.partition(":")
    return getattr(import_module(module), name)
