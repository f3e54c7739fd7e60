"""Whole runs of the step on the sample taxonomy, with a fake teacher that keeps to the compact flow."""

import re
from random import Random

import pytest

from tests.generation.answering import FakeEngine
from workbench.engines.engine import Request
from workbench.generation import roles
from workbench.generation.generate import generate, inputs
from workbench.generation.options import GenerationOptions
from workbench.runs import Run, Stop
from workbench.workspace import Workspace

LEAVES = 5
WORDS = (
    "bell crane door elm fern gate hill inn jar key lamp moss net oar pond quilt reed sail tide urn vine well".split()
)


def answering(request: Request, rng: Random) -> str:
    """A teacher that keeps to the compact flow: every question another one, some judgements bad, some unreadable."""
    asked = request.messages[0]["content"]
    answer = re.search(r"\nAnswer: (.*)\n", asked)
    if asked.endswith(("stand alone?", "good question?")):
        return rng.choice("11110")
    if asked.endswith("text answer it?"):
        return rng.choice(("1 1", "1 1", "1 1", "1 0"))
    if answer and asked.endswith("true to the text?"):
        return rng.choice((f"{answer[1]}: YES", f"{answer[1]}: YES", f"{answer[1]}: NO", "hm"))
    if answer and asked.endswith("from 1 to 3."):
        return "3" if request.grammar else f"{answer[1]}: 3"
    if request.grammar and '"?"' not in request.grammar:
        return str(rng.choice(re.findall(r'"([^"]+)"', request.grammar)))
    return " ".join(rng.sample(WORDS, 7)) + "?"


def engine(monkeypatch: pytest.MonkeyPatch, **given: int) -> FakeEngine:
    made = FakeEngine(answering, **given)  # type: ignore[arg-type]
    monkeypatch.setattr(roles, "open_engine", lambda *args, **kwargs: made)
    return made


def open_run(workspace: Workspace, options: GenerationOptions) -> Run:
    return workspace.open_run("synthetic_data", options.name, options, inputs(options, workspace))


def work(workspace: Workspace, options: GenerationOptions, stop: Stop | None = None) -> Run:
    run = open_run(workspace, options)
    with run.hold() as attempt:
        attempt.finish(generate(options, run, attempt, stop or Stop()))
    return run


def files(run: Run) -> dict[str, bytes]:
    """What the run made, apart from its telemetry and its journal, which is in the order of the answers."""
    made = {path.relative_to(run.folder).as_posix(): path.read_bytes() for path in run.folder.rglob("*.jsonl")}
    return {name: content for name, content in made.items() if "journal" not in name and "Logs" not in name}
