"""Tables of what a run made, as HTML and as aligned text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.evaluation.benchmarks import benchmark
from workbench.evaluation.plan import Plan
from workbench.generation.flow import Flow, Stage
from workbench.generation.options import GenerationOptions
from workbench.generation.summary import counts_summary, estimate_summary, funnel_summary, samples_summary
from workbench.runs import Run
from workbench.taxonomy.markup import table
from workbench.taxonomy.tree import Leaf

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_UNSHOWN = (".lock", ".part")


@dataclass(frozen=True)
class Table:
    """`rows` hold one text for each of `heads`."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        lines = [self.heads, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        shown = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
        return "\n".join([self.caption, *(line.rstrip() for line in shown)])

    def _repr_html_(self) -> str:
        return table(self.caption, self.heads, self.rows)


def flow_stages(flow: Flow, reason: str) -> Table:
    """What becomes of a sample on its way, for each kind of leaf; `reason` says why this flow was taken."""
    rows = tuple((kind, ", ".join(_step(stage) for stage in stages)) for kind, stages in flow.stages.items())
    return Table(f"The flow {flow.name}, because {reason}", ("For", "Steps, with those that judge in brackets"), rows)


def leaf_counts(run: Run) -> Table:
    """Asked, made, kept, mixed and held out for each leaf of a data run."""
    return Table(*counts_summary(run.manifest["leaves"]))


def leaf_funnel(run: Run) -> Table:
    """Each stage of each leaf: what came, what passed, and why the rest did not."""
    return Table(*funnel_summary(run.manifest["leaves"]))


def promise(leaves: Sequence[Leaf], options: GenerationOptions) -> Table:
    """How many samples are to be kept: so many for each leaf, and that times the leaves in all."""
    each = options.num_instructions
    rows = tuple((leaf.path, leaf.summary, f"{each:,}") for leaf in leaves)
    total = (f"{len(leaves)} x {each:,}", "", f"{len(leaves) * each:,}")
    return Table("Samples to keep", ("Leaf", "Holds", "Samples"), (*rows, total))


def run_estimate(preview: Mapping[str, Any]) -> Table:
    """What the whole run will take, from a preview's record."""
    return Table(*estimate_summary(preview["estimate"]))


def first_samples(preview: Mapping[str, Any]) -> Table:
    """The samples of a preview, kept and not, with their judgements."""
    return Table(*samples_summary(preview["samples"]))


def asked_questions(plan: Plan) -> Table:
    """What is going to be asked, how often and in which way; of what is left out, why."""
    rows = [
        (
            each.title,
            f"{len(plan.questions[each.name]):,}",
            each.way,
            f"rated by {Path(plan.judge).name}" if each.way == "ratings" else "",
        )
        for each in plan.benchmarks
    ]
    left_out = [(benchmark(name).title, "0", "", f"left out: {reason}") for name, reason in plan.skipped.items()]
    models = " and ".join(subject.name for subject in plan.models.subjects)
    return Table(f"Questions to {models}", ("Questions", "Number", "Way", "Note"), (*rows, *left_out))


def run_files(run: Run, folder: str = "") -> Table:
    """What lies in a run's folder, or in one inside it: files with their sizes, folders with the sum of theirs."""
    root = run.folder / folder
    rows = tuple(_entries(root))
    return Table(f"Files in {run.kind}/{run.folder.name}/{folder}".rstrip("/"), ("File", "Size"), rows)


def size(count: float) -> str:
    """A number of bytes as a person reads it, in powers of a thousand."""
    unit = 0
    while count >= 1000 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.0f} {_UNITS[unit]}" if unit == 0 or count >= 10 else f"{count:.1f} {_UNITS[unit]}"


def _step(stage: Stage) -> str:
    name = stage.name.replace("_", " ")
    return f"({name})" if stage.judges else name


def _entries(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(root.iterdir(), key=lambda path: (path.is_file(), path.name)):
        if path.is_dir():
            files = [file for file in path.rglob("*") if file.is_file()]
            yield f"{path.name}/", f"{size(sum(file.stat().st_size for file in files))} in {_counted(files)}"
        elif path.suffix not in _UNSHOWN:
            yield path.name, size(path.stat().st_size)


def _counted(files: Sequence[Path]) -> str:
    return "1 file" if len(files) == 1 else f"{len(files)} files"
