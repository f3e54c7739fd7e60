import json
from pathlib import Path
from typing import Any

import pytest

from workbench.options import Options
from workbench.records import write_text
from workbench.runs import Run
from workbench.taxonomy.sample import lay_out_sample
from workbench.taxonomy.tree import Taxonomy
from workbench.workspace import Workspace

KNOWLEDGE, SKILL = "knowledge/a/boats", "compositional_skills/b/letters"
CHOSEN: dict[str, Any] = {
    "id": "1", "leaf": KNOWLEDGE, "question": "When <was> it built?", "choices": ["<1900>", "1901"], "answer": 0,
    "scores": [-2.0, -1.0], "chosen": 1, "right": False,
}  # fmt: skip
RATED: dict[str, Any] = {
    "id": "81", "leaf": "writing", "question": "First?", "turns": ["First?", "Second?"], "references": ["one", ""],
    "answers": ["one", "two"], "judgements": ["[[9]]", "good"], "ratings": [9.0, None],
}  # fmt: skip


@pytest.fixture
def taxonomy(workspace: Workspace) -> Taxonomy:
    return lay_out_sample(workspace)


def sample(leaf: str, number: int, outcome: str = "kept") -> dict[str, Any]:
    left_out = outcome != "kept"
    return {
        "leaf": leaf, "kind": "knowledge", "question": f"Question <{number}>?", "answer": f"Answer {number}.",
        "context": "A passage.", "outcome": outcome, "stage": "faithful", "reason": "judged NO" if left_out else "",
        "trace": [{"stage": "question", "text": f"Question <{number}>?"}],
    }  # fmt: skip


def leaf_record(path: str, kept: int) -> dict[str, Any]:
    counts: dict[str, Any] = {
        "asked": kept,
        "made": kept + 1,
        "kept": kept,
        "heldout": 1,
        "mixed": kept - 1,
        "failed": 0,
    }
    line = {"stage": "faithful", "judges": True, "in": kept + 1, "passed": kept, "rejected": 1, "failed": 0}
    counts |= {"rejected": {"faithful": 1}, "stages": ["faithful"], "funnel": [line | {"reasons": {"judged NO": 1}}]}
    return {"path": path, "kind": path.split("/")[0], **counts}


@pytest.fixture
def data_run(workspace: Workspace) -> Run:
    """A finished data run of two leaves; the second kept nothing."""
    run = workspace.open_run("synthetic_data", "demo", Options(), {})
    with run.hold() as attempt:
        _write(run.artifacts / f"{KNOWLEDGE}.jsonl", [sample(KNOWLEDGE, number) for number in range(3)])
        _write(run.artifacts / "rejected.jsonl", [sample(KNOWLEDGE, 3, "rejected"), sample(SKILL, 4, "failed")])
        attempt.finish({"leaves": [leaf_record(KNOWLEDGE, 3), leaf_record(SKILL, 0)]})
    return run


def _write(path: Path, records: list[dict[str, Any]]) -> None:
    write_text(path, "".join(json.dumps(record) + "\n" for record in records))


def evaluation(workspace: Workspace, name: str, rows: dict[str, list[dict[str, Any]]]) -> Run:
    """A finished evaluation; `rows` by journal, `proof_base` for one."""
    run = workspace.open_run("evaluations", name, Options(), {"name": name})
    titles = {"proof": "Proof questions", "mt_bench": "Conversations"}
    found: dict[str, Any] = {}
    with run.hold() as attempt:
        for journal, kept in rows.items():
            benchmark, _, who = journal.rpartition("_")
            _write(run.artifacts / f"{journal}.jsonl", kept)
            found.setdefault(benchmark, {"title": titles[benchmark]})[who] = {"items": len(kept)}
        attempt.finish({"benchmarks": found})
    return run


@pytest.fixture
def evaluated(workspace: Workspace) -> Run:
    """Three choices and a conversation; the trained model got one choice right that the base got wrong."""
    base = [CHOSEN | {"id": str(number), "question": f"Question {number}?"} for number in range(3)]
    right = {"chosen": 0, "right": True}
    trained = [
        base[0] | right,
        base[1],
        {**{name: base[2][name] for name in ("id", "leaf", "question")}, "failed": "long"},
    ]
    return evaluation(workspace, "demo", {"proof_base": base, "proof_trained": trained, "mt_bench_trained": [RATED]})
