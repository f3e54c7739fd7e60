"""The three steps as they leave their results, done at once and without a model."""

import json
from typing import Any

from workbench.jobs.steps import STEPS, Step
from workbench.options import Options
from workbench.records import digest_json, write_text
from workbench.runs import Attempt, Run, Stop
from workbench.workspace import Workspace

LEAF = "knowledge/engineering/lighthouses"
SKILL = "compositional_skills/writing/spelling"
# The second answer is not what the fact table of the sample says.
PAIRS = (("When was Firemric Light completed?", "1214"), ("When was Selnor Light completed?", "1250"))


def inputs(options: Options, workspace: Workspace) -> dict[str, str]:
    return {"options": digest_json(options.result_values())}


def generate(options: Options, run: Run, attempt: Attempt, stop: Stop) -> dict[str, Any]:
    rows = [{"question": question, "answer": answer} for question, answer in PAIRS]
    write_text(run.artifacts / f"{LEAF}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    attempt.events.emit("generate", done=2, total=2)
    return {"leaves": [_leaf(LEAF, "knowledge", 2), _leaf(SKILL, "freeform", 3)]}


def _leaf(path: str, kind: str, kept: int) -> dict[str, Any]:
    line = {"stage": "faithful", "judges": True, "in": kept + 1, "passed": kept, "rejected": 1, "failed": 0}
    counts = {"asked": kept, "made": kept + 1, "kept": kept, "mixed": kept, "heldout": 0, "failed": 0}
    return {
        "path": path,
        "kind": kind,
        **counts,
        "rejected": {"faithful": 1},
        "funnel": [line | {"reasons": {"NO": 1}}],
    }


def preview(options: Options, run: Run, attempt: Attempt, stop: Stop) -> dict[str, Any]:
    said = [{"stage": "question", "text": PAIRS[0][0]}, {"stage": "faithful", "text": "1214: YES"}]
    record = {"question": PAIRS[0][0], "answer": "1214", "context": "", "outcome": "kept", "stage": "faithful"}
    meters = {"generation_output": 31000, "training_input": 90000}
    estimate = {"leaves": [{}, {}], "samples": 300, "requests": 4210, "requests_done": 12, "meters": meters}
    estimate |= {"minutes": 3.0, "rates": {"requests_per_second": 20.0}, "money": None}
    return {"samples": {LEAF: [record | {"reason": "", "trace": said}]}, "estimate": estimate}


def train(options: Options, run: Run, attempt: Attempt, stop: Stop) -> dict[str, Any]:
    return {"model": "Model", "gguf": {"F16": "GGUF/model-F16.gguf"}, "base_model": "seedling-base"}


def evaluate(options: Options, run: Run, attempt: Attempt, stop: Stop) -> dict[str, Any]:
    headline = {"base_accuracy": 0.25, "trained_accuracy": 0.95, "reading_accuracy": None}
    return {"benchmarks": {}, "skipped": {}, "headline": headline, "model_metrics": {}, "models": {}}


def quick_steps() -> dict[str, Step]:
    """The table of steps with the work and inputs above."""
    return {
        name: Step(name, step.kind, step.options, f"tests.cli.quick:{name}", "tests.cli.quick:inputs", step.result)
        for name, step in STEPS.items()
    }
