"""Earlier data runs as sources of another one: their samples, and what must never be trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import NotFoundError, OptionsError, RecordError
from workbench.generation.lm_eval_tasks import FOLDER
from workbench.records import digest_json, read_jsonl
from workbench.runs import Run
from workbench.workspace import Workspace

Record = dict[str, Any]
MOST_RUNS = 20
KIND = "synthetic_data"
_NEEDED = {"id", "leaf", "kind", "question", "answer", "context"}


@dataclass(frozen=True)
class EarlierRun:
    """A finished run; ids are its own and its fingerprint's together, as those of two runs may be equal."""

    run: Run

    @property
    def files(self) -> list[Path]:
        """All that is read of it, sorted."""
        folder = self.run.folder
        names = ["heldout.jsonl", "recipes/datasets/replay.jsonl", "recipes/datasets/precomputed.jsonl"]
        artifacts = [self.run.artifacts / f"{leaf}.jsonl" for leaf in self._leaves]
        found = [*(folder / name for name in names), *artifacts, *sorted((folder / FOLDER).glob("*.jsonl"))]
        return [path for path in found if path.is_file()]

    @property
    def model(self) -> str:
        """The teacher that wrote its samples; empty for a run of files alone."""
        return str(self.run.manifest.get("model", ""))

    def samples(self) -> tuple[list[Record], list[Record]]:
        """(those that may be trained on, those that it held out)."""
        held = {row["id"] for row in self.heldout() if not row.get("reworded")}
        every = [
            self._own(record) | {"source": f"{self.run.folder.name}: {record.get('source', '')}"}
            for leaf in self._leaves
            for record in self._rows(self.run.artifacts / f"{leaf}.jsonl")
        ]
        return [one for one in every if one["id"] not in held], [one for one in every if one["id"] in held]

    def heldout(self) -> list[Record]:
        """Rows of `heldout.jsonl`, reworded ones among them."""
        return [self._own(row) for row in self._rows(self.run.folder / "heldout.jsonl")]

    def questions(self) -> list[Record]:
        """Questions with four choices."""
        return [
            self._own(row) for path in sorted((self.run.folder / FOLDER).glob("*.jsonl")) for row in self._rows(path)
        ]

    def rows(self, name: str) -> list[Record]:
        """Its `replay` or `precomputed` rows, which are no samples."""
        path = self.run.folder / "recipes" / "datasets" / f"{name}.jsonl"
        return list(read_jsonl(path)) if path.is_file() else []

    @property
    def _leaves(self) -> list[str]:
        return [str(leaf["path"]) for leaf in self.run.manifest["leaves"]]

    def _own(self, record: Record) -> Record:
        return record | {"id": digest_json([self.run.fingerprint, record["id"]])[:32]}

    def _rows(self, path: Path) -> Iterator[Record]:
        for number, record in enumerate(read_jsonl(path) if path.is_file() else (), start=1):
            missing = sorted(_NEEDED - record.keys() - ({"kind"} if path.parent.name == FOLDER else set()))
            if missing:
                hint = "was it edited? import an edited training file with --knowledge-paths or --skills-paths"
                raise RecordError(f"{path}: row {number} has no {', '.join(missing)}", hint=hint)
            yield record


def find_runs(ids: Sequence[str], workspace: Workspace) -> list[EarlierRun]:
    """By name, folder or uuid, each once, in the order given; NotFoundError where one is not there or not done."""
    named = [part.strip() for text in ids for part in text.split(",") if part.strip()]
    runs = {run.id: run for run in (_find(name, workspace) for name in named)}
    if len(runs) > MOST_RUNS:
        raise OptionsError(f"internal_ids names {len(runs)} runs; at most {MOST_RUNS} can be taken over at once")
    for run in runs.values():
        if "leaves" not in run.manifest:
            raise NotFoundError(f"{run.folder.name} is no data run", hint="workbench data list shows them")
    return [EarlierRun(run) for run in runs.values()]


def _find(name: str, workspace: Workspace) -> Run:
    path = Path(name).expanduser()
    return Run.open(path.resolve()) if (path / "run.json").is_file() else workspace.get(KIND, name)
