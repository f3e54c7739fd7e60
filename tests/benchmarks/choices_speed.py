"""Seconds of multiple choice by letter with five worked examples, on a random Llama of 100 million parameters: that of
lm-eval's Hugging Face path at its best batch size, ours on the same folder, and ours on the same model in llama.cpp.

    python -m tests.benchmarks.choices_speed [--subjects 3] [--questions 30] [--repeats 1] [--threads 2]

One JSON line with versions and settings, one for each batch size that lm-eval was tried with, then one an arm and
subject, arms in turn, and last the ratios: of lm-eval's time to ours, in seconds and in seconds of processor time,
which other work on the machine changes less. lm-eval's time is that of its log-likelihoods alone, without loading its
tasks; ours is all from the questions to the journal.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks.engine_peers import Measured, Stopwatch
from tests.benchmarks.export_speed import save
from tests.evaluation.lm_eval_tasks import write_questions, write_tasks
from workbench.assets import assets_folder
from workbench.engines.engine import Engine
from workbench.engines.llamacpp import LlamaEngine
from workbench.engines.settings import Settings
from workbench.engines.transformers import TransformersEngine
from workbench.evaluation.choices import choose
from workbench.evaluation.fewshot import Examples
from workbench.evaluation.journal import Journal
from workbench.evaluation.mmlu import read_mmlu
from workbench.evaluation.papers import Sheet
from workbench.export import export_gguf

SHAPE = {
    "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 12,
    "max_position_embeddings": 2048,
}  # fmt: skip
SHOTS = 5
BATCHES = (1, 4, 16)
TRIED = 8
SUBJECTS = ("reading", "telling_apart", "exactness", "asking", "spelling", "repeating", "by_heart")
Chosen = list[int]
Arm = Callable[[str], tuple[Measured, Chosen]]


def lm_eval_arm(model: Path, folder: Path, batch: int, limit: int | None = None) -> Arm:
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    spans: list[Measured] = []

    class Timed(HFLM):  # type: ignore[misc] # lm-eval has no types
        def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> Any:
            watch = Stopwatch()
            found = super().loglikelihood(requests, disable_tqdm=True)
            spans.append(watch.stop(len(requests)))
            return found

    lm = Timed(pretrained=str(model), device="cpu", dtype="float32", batch_size=batch)
    manager = TaskManager(include_path=str(folder / "tasks"), include_defaults=False)

    def ask(subject: str) -> tuple[Measured, Chosen]:
        spans.clear()
        name = f"mmlu_{subject}"
        found = lm_eval.simple_evaluate(
            model=lm, tasks=[name], num_fewshot=SHOTS, task_manager=manager, bootstrap_iters=0, limit=limit
        )
        said = ([score for score, _ in sample["filtered_resps"]] for sample in found["samples"][name])
        return spans[-1], [scores.index(max(scores)) for scores in said]

    return ask


def our_arm(engine: Engine, folder: Path) -> Arm:
    questions, given = read_mmlu(folder / "mmlu")

    def ask(subject: str) -> tuple[Measured, Chosen]:
        asked = [question for question in questions if question.leaf == f"mmlu_{subject}"]
        watch = Stopwatch()
        with tempfile.TemporaryDirectory() as kept, Journal(Path(kept) / "rows.jsonl", lambda done: None) as journal:
            choose(engine, asked, journal, Sheet(Examples(asked, given), SHOTS))
            measured = watch.stop(len(asked))
            return measured, [int(journal.rows[question.key]["chosen"]) for question in asked]

    return ask


def best_batch(model: Path, folder: Path, subject: str, limit: int) -> Iterator[dict[str, Any]]:
    """The last line names the batch size that took the least processor time."""
    spent: dict[int, float] = {}
    for batch in BATCHES:
        found, _ = lm_eval_arm(model, folder, batch, limit)(subject)
        spent[batch] = found.processor
        yield {"lm_eval_batch": batch, "questions": limit, **_seconds(found)}
    yield {"best_batch": min(spent, key=spent.__getitem__)}


def figures(subjects: Sequence[str], questions: int, repeats: int, threads: int) -> Iterator[dict[str, Any]]:
    import torch

    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as root:
        os.environ["HF_DATASETS_CACHE"] = str(Path(root) / "cache")
        folder, model = Path(root) / "questions", Path(root) / "model"
        write_questions(folder, assets_folder() / "benchmarks" / "general", subjects, questions)
        write_tasks(folder, subjects, texts=False)
        parameters = save(model, SHAPE, 32768 // 2)
        gguf = export_gguf(model, Path(root) / "model-F16.gguf", "F16")
        settings = {"parameters": parameters, "subjects": len(subjects), "questions": questions, "shots": SHOTS}
        yield facts() | settings | {"threads": threads, **SHAPE}
        batch = 0
        for line in best_batch(model, folder, subjects[0], TRIED):
            batch = line.get("best_batch", batch)
            yield line
        arms = {
            f"lm_eval, batch {batch}": lm_eval_arm(model, folder, batch),
            "ours, transformers": our_arm(TransformersEngine(model, threads=threads), folder),
            "ours, llama.cpp F16": our_arm(LlamaEngine(gguf, Settings(threads=threads)), folder),
        }
        yield from _compared(arms, [subject for _ in range(repeats) for subject in subjects])


def _compared(arms: dict[str, Arm], subjects: Sequence[str]) -> Iterator[dict[str, Any]]:
    peer, *ours = arms
    walls, processors, different = dict.fromkeys(arms, 0.0), dict.fromkeys(arms, 0.0), dict.fromkeys(arms, 0)
    for subject in subjects:
        chosen: dict[str, Chosen] = {}
        for name, arm in arms.items():
            found, chosen[name] = arm(subject)
            walls[name] += found.wall
            processors[name] += found.processor
            different[name] += sum(map(int.__ne__, chosen[name], chosen[peer]))
            yield {"arm": name, "subject": subject, **_seconds(found)}
    for name in ours:
        ratios = {"seconds": walls[peer] / walls[name], "processor_seconds": processors[peer] / processors[name]}
        rounded = {of: round(ratio, 2) for of, ratio in ratios.items()}
        yield {"ratio of": name, **rounded, "other_choices": different[name]}


def _seconds(found: Measured) -> dict[str, float]:
    return {"seconds": round(found.wall, 2), "processor_seconds": round(found.processor, 2)}


def facts() -> dict[str, Any]:
    packages = ("lm-eval", "llama-cpp-python", "torch", "transformers")
    return {"python": platform.python_version(), "cores": os.cpu_count(), **{name: version(name) for name in packages}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=3)
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    for line in figures(SUBJECTS[: given.subjects], given.questions, given.repeats, given.threads):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
