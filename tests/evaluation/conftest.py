import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.pupils import Judge, Pupil
from workbench.engines import open_engine as opening
from workbench.engines.engine import Engine
from workbench.evaluation.evaluate import evaluate, inputs
from workbench.evaluation.options import EvaluationOptions
from workbench.options import Options, option
from workbench.records import write_json, write_text
from workbench.runs import Run, Stop
from workbench.workspace import Workspace

KNOWLEDGE = "knowledge/harbours/lighthouses"
SKILL = "compositional_skills/writing/rewording"
JUDGE = "seedling-teacher-Q4_K_M.gguf"
TOWERS = [f"Tower {number}" for number in range(8)]
_QNA = """version: 3
created_by: tester
task_description: Say a question in other words.
seed_examples:
  - {question: "Reword: who built it?", answer: "By whom was it built?"}
  - {question: "Reword: how tall is it?", answer: "What is its height?"}
"""


class Named(Options):
    """Options of the runs that an evaluation reads."""

    number: int = option(0, "any number")


def passage(tower: str) -> str:
    return f"{tower} was built in 19{TOWERS.index(tower):02d}."


def year(tower: str) -> str:
    return f"19{TOWERS.index(tower):02d}"


def choice_row(tower: str, leaf: str = KNOWLEDGE) -> dict[str, Any]:
    place = TOWERS.index(tower)
    choices = [f"19{(place + step) % 8:02d}" for step in range(4)]
    choices = choices[place % 4 :] + choices[: place % 4]
    return {
        "id": f"q-{place}",
        "leaf": leaf,
        "question": f"When was {tower} built?",
        "choices": choices,
        "answer": choices.index(year(tower)),
        "context": passage(tower),
        "fact": f"{tower}|year",
    }


def heldout_row(tower: str) -> dict[str, Any]:
    asked = f"In which year was {tower} built?"
    head = {"id": f"h-{TOWERS.index(tower)}", "leaf": KNOWLEDGE, "kind": "knowledge", "question": asked}
    return head | {"answer": year(tower), "context": passage(tower), "reworded": False}


def conversation_row(tower: str) -> dict[str, Any]:
    return {
        "question_id": f"c-{TOWERS.index(tower)}",
        "category": "extraction",
        "turns": [f"{passage(tower)}\n\nIn which year?", f"Which tower, of {tower} and Tower 9?"],
        "reference": [year(tower), tower],
    }


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    write_text(path, "".join(json.dumps(row) + "\n" for row in rows))
    return path


@dataclass
class World:
    """A workspace with a data run, a trained run and a taxonomy, and the models that open under their paths."""

    workspace: Workspace
    data: Run
    trained: Run
    proof: Path
    judge: Path
    engines: dict[str, Pupil]
    opened: list[str]
    own: Path
    conversations: Path

    def options(self, **changes: Any) -> EvaluationOptions:
        return EvaluationOptions.parse({"proof": str(self.proof), "judge_model": str(self.judge)} | changes)

    def run(self, options: EvaluationOptions | None = None) -> Run:
        options = options or self.options()
        return self.workspace.open_run("evaluations", "demo", options, inputs(options, self.workspace))

    def evaluate(self, options: EvaluationOptions | None = None, stop: Stop | None = None) -> Run:
        """As a job does it: hold, work, finish."""
        options = options or self.options()
        run = self.run(options)
        with run.hold() as attempt:
            attempt.finish(evaluate(options, run, attempt, stop or Stop()))
        return run


def finished(workspace: Workspace, kind: str, manifest: Callable[[Run], dict[str, Any]]) -> Run:
    run = workspace.open_run(kind, "demo", Named(), {})
    with run.hold() as attempt:
        attempt.finish(manifest(run))
    return run


@pytest.fixture
def world(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    data = finished(workspace, "synthetic_data", _fill_data)
    write_text(workspace.taxonomy / SKILL / "qna.yaml", _QNA)
    base, judge = workspace.models / "base", workspace.models / JUDGE
    write_json(base / "config.json", {})
    write_text(judge, "GGUF")
    trained = finished(workspace, "trained_models", lambda run: _fill_trained(run, base, data))
    proof = write_rows(tmp_path / "proof" / "lighthouses.jsonl", [choice_row(tower) for tower in TOWERS]).parent
    engines = {**_engines(base, trained), str(judge): Judge("judge")}
    own = [choice_row(tower, "general_towers") | {"context": ""} for tower in TOWERS[:3]]
    towers = write_rows(tmp_path / "assets" / "benchmarks" / "general" / "towers.jsonl", own)
    talks = tmp_path / "assets" / "benchmarks" / "conversations" / "extraction.jsonl"
    write_rows(talks, [conversation_row(tower) for tower in TOWERS[:2]])
    made = World(workspace, data, trained, proof, judge, engines, [], towers, talks)

    def open_engine(model: str, **settings: Any) -> Engine:
        if settings.get("endpoint"):
            return opening(model, **settings)
        made.opened.append(Path(model).name)
        return made.engines[model]

    monkeypatch.setattr("workbench.engines.open_engine", open_engine)
    for module in ("banks", "conversations"):
        monkeypatch.setattr(f"workbench.evaluation.{module}.assets_folder", lambda: tmp_path / "assets")
    return made


def _fill_data(run: Run) -> dict[str, Any]:
    write_rows(run.folder / "heldout.jsonl", [heldout_row(tower) for tower in TOWERS[:4]])
    rows = [choice_row(tower) for tower in TOWERS[4:]]
    write_rows(run.folder / "mmlu_branch" / f"{KNOWLEDGE.replace('/', '_')}.jsonl", rows)
    return {
        "flow": "compact",
        "data_metrics": {"tokens": {"training_phases": {"phase_1_knowledge": 240, "phase_2_skills": 720}}},
        "leaves": [{"path": KNOWLEDGE, "kind": "knowledge"}, {"path": SKILL, "kind": "freeform"}],
    }


def _fill_trained(run: Run, base: Path, data: Run) -> dict[str, Any]:
    write_json(run.folder / "Model" / "config.json", {})
    phases = [{"phase": 1, "epochs": 8, "tokens": 2000}, {"phase": 2, "epochs": 4, "tokens": 3000}]
    named = {"id": data.id, "name": data.name}
    return {"base_model": str(base), "model": "Model", "data": named, "phases": phases}


def _engines(base: Path, trained: Run) -> dict[str, Pupil]:
    """The base can read but knows two towers; the trained model knows seven of the eight."""
    read = {f"{passage(tower)}\n\nWhen was {tower} built?": year(tower) for tower in TOWERS}
    known = {f"When was {tower} built?": year(tower) for tower in TOWERS}
    said = {f"{passage(tower)}\n\nIn which year?": year(tower) for tower in TOWERS}
    second = {f"Which tower, of {tower} and Tower 9?": tower for tower in TOWERS[:1]}
    answers = {f"In which year was {tower} built?": year(tower) + "  " for tower in TOWERS[:3]}
    base_knows = dict(list(known.items())[:2])
    trained_knows = {
        **dict(list(known.items())[:7]),
        **answers,
        **said,
        **second,
        "Reword: who built it?": "By whom was it built?",
    }
    return {
        str(base): Pupil("base", {**read, **base_knows, **said}),
        str(trained.folder / "Model"): Pupil("trained", trained_knows),
    }
