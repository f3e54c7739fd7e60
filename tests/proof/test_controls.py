"""The proof's controls: the base can read, and what a student answers is what it was taught, true or not."""

import json
import random
from pathlib import Path

import pytest

from tests.conftest import Measure
from workbench.alignment.options import AlignmentOptions
from workbench.assets import assets_folder
from workbench.engines import open_engine
from workbench.evaluation.choices import choose
from workbench.evaluation.journal import Journal
from workbench.evaluation.questions import read_choices
from workbench.generation.options import GenerationOptions
from workbench.jobs.job import start
from workbench.records import read_jsonl, write_text
from workbench.runs import Run
from workbench.taxonomy.sample import lay_out_sample
from workbench.workspace import Workspace

pytestmark = pytest.mark.prove


def accuracy(model: str, proof: Path, journal: Path, *, with_passage: bool = False) -> float:
    questions = read_choices(sorted(proof.glob("*.jsonl")), with_passage=with_passage)
    engine = open_engine(model)
    with Journal(journal, lambda _: None) as rows:
        choose(engine, questions, rows)
    engine.close()
    right = [bool(row["right"]) for row in read_jsonl(journal)]
    assert len(right) >= 200
    return sum(right) / len(right)


def permutation(facts: Path) -> dict[str, str]:
    """Each value of a leaf to another value of the same relation."""
    rng = random.Random(f"permuted {facts.name}")
    moved: dict[str, str] = {}
    by_relation: dict[str, list[str]] = {}
    for record in read_jsonl(facts):
        by_relation.setdefault(record["relation"], []).append(record["value"])
    for values in by_relation.values():
        shift = rng.randrange(1, len(values))
        moved |= dict(zip(values, values[shift:] + values[:shift], strict=True))
    return moved


def permuted_data(data: Run) -> None:
    """Rewrites the training files of a data run, so that every fact of the sample is another one."""
    moved: dict[str, str] = {}
    for table in sorted((assets_folder() / "facts").glob("*.jsonl")):
        moved |= permutation(table)
    for name in ("knowledge_train_msgs.jsonl", "skills_train_msgs.jsonl"):
        rows = [row for row in read_jsonl(data.folder / name) if not row["messages"][0]["content"].startswith("#")]
        for row in rows:
            answer = row["messages"][-1]
            answer["content"] = moved.get(answer["content"], answer["content"])
        write_text(data.folder / name, "".join(json.dumps(row) + "\n" for row in rows))


def permuted_proof(folder: Path) -> Path:
    """The proof's questions with the permuted value as the right choice."""
    for source in sorted((assets_folder() / "proof").glob("*.jsonl")):
        moved = permutation(assets_folder() / "facts" / source.name)
        rng = random.Random(f"choices {source.name}")
        rows = []
        for row in read_jsonl(source):
            true = row["choices"][row["answer"]]
            others = [choice for choice in row["choices"] if choice not in (true, moved[true])]
            row["choices"] = [true, moved[true], *others[:2]]
            rng.shuffle(row["choices"])
            row["answer"] = row["choices"].index(moved[true])
            rows.append(row)
        write_text(folder / source.name, "".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_the_base_reads_what_it_does_not_know(tmp_path: Path, measured: Measure) -> None:
    proof = assets_folder() / "proof"
    by_heart = accuracy("seedling-base", proof, tmp_path / "closed.jsonl")
    reading = accuracy("seedling-base", proof, tmp_path / "reading.jsonl", with_passage=True)
    measured("proof: base, by heart", f"{by_heart:.1%}", "at most 35 %")
    measured("proof: base, with the passage", f"{reading:.1%}", "at least 75 %")
    assert by_heart <= 0.35
    assert reading >= 0.75


def test_a_student_of_permuted_facts_knows_those(workspace: Workspace, tmp_path: Path, measured: Measure) -> None:
    lay_out_sample(workspace)
    data = start("generate", GenerationOptions(), workspace=workspace, name="permuted").wait().run
    permuted_data(data)
    # Its questions are about the true facts: they must not choose.
    options = AlignmentOptions(data="permuted", choose_by="last")
    run = start("train", options, workspace=workspace, name="permuted").wait().run
    (tmp_path / "proof").mkdir()
    permuted = accuracy(str(run.folder / "Model"), permuted_proof(tmp_path / "proof"), tmp_path / "permuted.jsonl")
    true = accuracy(str(run.folder / "Model"), assets_folder() / "proof", tmp_path / "true.jsonl")
    measured("proof: student of permuted facts, on those", f"{permuted:.1%}", "at least 80 %")
    measured("proof: student of permuted facts, on the true ones", f"{true:.1%}", "at most 35 %")
    assert permuted >= 0.8
    assert true <= 0.35
