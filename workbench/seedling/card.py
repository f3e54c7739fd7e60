"""The card of the embedded models: what was measured of them, and the page that says it."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.engines import open_engine
from workbench.engines.options import MachineOptions
from workbench.evaluation.choices import choose
from workbench.evaluation.journal import Journal
from workbench.evaluation.questions import read_choices
from workbench.export import export_gguf, quantize
from workbench.generation.flow import Flow, load_flow
from workbench.records import read_jsonl
from workbench.seedling.grow import BASE, TEACHER_FILE, new_model, save_model
from workbench.seedling.marks import marks
from workbench.seedling.recipe import Recipe
from workbench.seedling.trial import TrialFigures, measure

SEEDS = (1, 2, 3, 4, 5)
PASSAGES = 200


def weigh(models: Path, proof: Path, recipe: Recipe, threads: int = 0) -> dict[str, Any]:
    """Figures of the models in a folder: the teacher on fresh passages, the same flow with random weights, the base on
    the proof's questions with and without their passage."""
    flow = load_flow("compact")
    with tempfile.TemporaryDirectory() as folder:
        random_weights = _random_teacher(Path(folder), models / BASE, recipe)
        return {
            "teacher": [figures.record() for figures in _measure(models / TEACHER_FILE, flow, SEEDS, threads)],
            "random": [figures.record() for figures in _measure(random_weights, flow, SEEDS[:1], threads)],
            "marks": _marks(models / TEACHER_FILE, threads),
            "base_closed": _proof_share(models / BASE, proof, Path(folder) / "closed.jsonl", with_passage=False),
            "base_reading": _proof_share(models / BASE, proof, Path(folder) / "reading.jsonl", with_passage=True),
        }


def _measure(model: Path, flow: Flow, seeds: Sequence[int], threads: int) -> list[TrialFigures]:
    engine = open_engine(str(model), machine=MachineOptions(threads=threads))
    try:
        return [measure(engine, flow, PASSAGES, seed) for seed in seeds]
    finally:
        engine.close()


def _marks(model: Path, threads: int) -> dict[str, float]:
    engine = open_engine(str(model), machine=MachineOptions(threads=threads))
    try:
        return marks(engine, PASSAGES, SEEDS[0])
    finally:
        engine.close()


def _random_teacher(folder: Path, base: Path, recipe: Recipe) -> Path:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    save_model(folder / "random", new_model(tokenizer, recipe), tokenizer, recipe)
    whole = export_gguf(folder / "random", folder / "random-F16.gguf", "F16")
    return quantize(whole, folder / "random-Q4_K_M.gguf", "Q4_K_M")


def _proof_share(model: Path, proof: Path, path: Path, *, with_passage: bool) -> float:
    questions = read_choices(sorted(proof.glob("*.jsonl")), with_passage=with_passage)
    engine = open_engine(str(model))
    try:
        with Journal(path, lambda _: None) as journal:
            choose(engine, questions, journal)
    finally:
        engine.close()
    rows = list(read_jsonl(path))
    return round(sum(bool(row["right"]) for row in rows) / len(rows), 4)


def worst(rows: Sequence[Mapping[str, float]], name: str) -> float:
    """The lowest of a figure over the seeds."""
    return min(row[name] for row in rows)


def card(figures: Mapping[str, Any], recipe: Recipe) -> str:
    """The page that goes beside the models, in Markdown."""
    teacher, chance = figures["teacher"], figures["random"][0]
    rows = (
        ("pairs that the flow keeps and that are true and well formed", worst(teacher, "true_of_kept"), "80 %"),
        ("the same with a critic that always says YES", worst(teacher, "true_of_made"), ""),
        ("the same flow with random weights", chance["true_of_kept"], "under 30 %"),
        ("true answers that the critic accepts", worst(teacher, "accepts_true"), "85 %"),
        ("false answers that it rejects", worst(teacher, "rejects_false"), "85 %"),
        ("false answers swapped in from the same passage that it rejects", worst(teacher, "rejects_swapped"), ""),
        ("base: proof questions of the sample, four choices, by heart", figures["base_closed"], "at most 35 %"),
        ("base: the same questions with their passage", figures["base_reading"], "75 %"),
    )
    table = "\n".join(f"| {what} | {100 * share:.1f} % | {goal} |" for what, share, goal in rows)
    by_form = "\n".join(f"| {form} | {100 * share:.1f} % |" for form, share in figures["marks"].items())
    return _CARD.format(
        table=table,
        by_form=by_form,
        passages=PASSAGES,
        seeds=len(SEEDS),
        steps=recipe.steps,
        tokens=recipe.tokens / 1e6,
        **figures["made"],
    )


_CARD = """# The embedded models

Two small language models that the workbench makes itself and ships, so that everything runs without a network, a model
hub or a GPU. `workbench model grow-seedling --folder DIR` makes them anew.

| file | what it is |
|---|---|
| `seedling-base/` | the student: a Llama, 4 layers, width 256, {parameters:.1f} million parameters, float16 |
| `seedling-teacher-Q4_K_M.gguf` | the teacher, critic and judge: the base schooled further, as Q4_K_M |

**Data.** Text that the recipe writes itself about invented lighthouses, islands and colleges (`workbench/seedling/`):
no text of anybody else. Names and numbers of the sample taxonomy never occur in it.

**Training.** {steps:,} steps, {tokens:.1f} million tokens, {minutes:.0f} minutes on two cores of an {processor} beside
other work; deterministic for a machine, with checkpoints. On a GPU: not measured.

**What was measured**: the teacher and critic on {passages} passages that were never in training, {seeds} seeds, the
worst of them; the base on 220 four-choice questions about the sample.

| figure | measured | goal |
|---|---|---|
{table}

The teacher's answers by form, {passages} fresh exercises each, greedy and without a grammar, right to the letter (with
its verdict, where there is one):

| form | right |
|---|---|
{by_form}

**What they can do.** Ask and answer about a short passage in the phrasings of their world, look up a value by its name
in a list or a table, tell true answers from false ones, mend a misspelt word, say such a question in other words, and,
for the base, learn a hundred new facts in about a minute.

**What they cannot do.** Anything else. They know some twenty kinds of facts about invented things, in English; text
about the real world is beyond them. Where two things have to be compared they guess: the YES or NO behind a value that
was read, whether a text answers a question at all, a grade, a letter. Generation therefore asks about one sentence at a
time and counts the value that the critic reads, not its verdict; of the answers about tables that it keeps 28 % are
wrong, and the ratings of `mt_bench_branch` on the embedded default mean little. For real work take a real teacher and
student: `--model granite-7b-lab-Q4_K_M`.
"""
