import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from workbench.alignment import align as align_module
from workbench.alignment.align import align, inputs
from workbench.alignment.options import AlignmentOptions
from workbench.options import Options, option
from workbench.records import write_text
from workbench.runs import Run, Stop
from workbench.workspace import Workspace

MakeData = Callable[..., Run]
Work = Callable[..., Run]
KNOWLEDGE, SKILL = "knowledge/harbours", "compositional_skills/rewording"


class DataOptions(Options):
    """Stands for the options of any run that made data."""

    number: int = option(0, "which data")


def rows(count: int, word: str) -> list[dict[str, Any]]:
    return [
        {
            "messages": [
                {"role": "user", "content": f"{word} {number}?"},
                {"role": "assistant", "content": f"It is {number * 7 % 10}."},
            ]
        }
        for number in range(count)
    ]


def choice_rows(count: int) -> list[dict[str, Any]]:
    """Multiple choice about the knowledge rows."""
    return [
        {"leaf": KNOWLEDGE, "id": f"q-{number}", "question": f"knowledge {number}?", "context": ""}
        | {"choices": [f"It is {digit}." for digit in range(4)], "answer": number % 4}
        for number in range(count)
    ]


def heldout_rows(count: int) -> list[dict[str, Any]]:
    """Open questions in the form of the skills rows."""
    return [
        {"leaf": SKILL, "id": f"h-{number}", "question": f"skills {number}?", "answer": f"It is {number * 7 % 10}."}
        for number in range(count)
    ]


def write_rows(path: Path, records: list[dict[str, Any]]) -> None:
    write_text(path, "".join(json.dumps(record) + "\n" for record in records))


def fill(
    workspace: Workspace,
    knowledge: int = 12,
    skills: int = 16,
    *,
    model: str = "some-teacher",
    done: bool = True,
    **asked: int,
) -> Run:
    """A data run; `choices` and `heldout` say how many questions of each kind it has."""
    counts = {"knowledge": knowledge, "skills": skills}
    run = workspace.open_run("synthetic_data", "demo", DataOptions(), {"rows": json.dumps(counts | asked)})
    for name, count in counts.items():
        write_rows(run.folder / f"{name}_train_msgs.jsonl", rows(count, name))
    write_rows(run.folder / "mmlu_branch" / "knowledge_harbours.jsonl", choice_rows(asked.get("choices", 0)))
    write_rows(run.folder / "heldout.jsonl", heldout_rows(asked.get("heldout", 0)))
    if done:
        with run.hold() as attempt:
            attempt.finish(data_manifest(model))
    return run


@pytest.fixture
def make_data(workspace: Workspace) -> MakeData:
    """A data run of the test's workspace, done unless told otherwise."""

    def make(knowledge: int = 12, skills: int = 16, **others: Any) -> Run:
        return fill(workspace, knowledge, skills, **others)

    return make


def data_manifest(model: str) -> Mapping[str, Any]:
    return {
        "model": model,
        "flow": "compact",
        "leaves": [{"path": KNOWLEDGE}, {"path": SKILL}],
        "data_metrics": {"tokens": {"training_phases": {"phase_1_knowledge": 1500, "phase_2_skills": 900}}},
    }


@pytest.fixture
def options(tiny_model: Path) -> AlignmentOptions:
    """A few steps of two phases on the tiny model."""
    return AlignmentOptions(
        base_model=str(tiny_model),
        phase_1_epochs=2,
        phase_1_effective_batch_size=4,
        phase_2_epochs=1,
        phase_2_effective_batch_size=4,
        max_length=64,
        threads=1,
        device="cpu",
    )


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Takes the place of the export, which has its own tests; lists the folders that were exported."""
    folders: list[Path] = []

    def export_gguf(folder: Path, out: Path, outtype: str) -> Path:
        folders.append(folder)
        out.write_text(outtype)
        return out

    monkeypatch.setattr(align_module, "export_gguf", export_gguf)
    monkeypatch.setattr(align_module, "quantize", lambda source, out, kind: export_gguf(source, out, kind))
    return folders


def open_run(workspace: Workspace, options: AlignmentOptions) -> Run:
    return workspace.open_run("trained_models", options.name, options, inputs(options, workspace))


def do(workspace: Workspace, options: AlignmentOptions, stop: Stop | None = None) -> Run:
    """As a job does it: hold, work, finish."""
    run = open_run(workspace, options)
    with run.hold() as attempt:
        attempt.finish(align(options, run, attempt, stop or Stop()))
    return run


@pytest.fixture
def work(workspace: Workspace, exported: list[Path]) -> Work:
    """Does the step in the test's workspace."""
    return lambda options, stop=None: do(workspace, options, stop)
