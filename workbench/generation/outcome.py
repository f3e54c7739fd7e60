"""What a run leaves: its samples, held-out questions, training files, and their counts."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from workbench.engines.engine import Engine
from workbench.generation.counts import data_metrics, leaf_counts
from workbench.generation.exchange import Exchange
from workbench.generation.flow import Flow
from workbench.generation.heldout import Examiner, split, unlike
from workbench.generation.mixing import mix, read_replay
from workbench.generation.near_duplicates import Seen
from workbench.generation.options import GenerationOptions
from workbench.generation.pipeline import replay_file
from workbench.generation.production import LeafShelf
from workbench.generation.rows import user_text
from workbench.messages import first_user
from workbench.records import write_text
from workbench.runs import Run, Stop

Record = dict[str, Any]


class Outcome:
    """Made of the decided candidates alone, so that equal answers leave equal files."""

    def __init__(self, run: Run, options: GenerationOptions, flow: Flow, shelves: Mapping[str, LeafShelf]) -> None:
        self.run = run
        self.options = options
        self.flow = flow
        self.shelves = shelves
        self.trained, self.heldout = split(
            [record for path in shelves for record in self._records[path] if record["outcome"] == "kept"],
            options.heldout_share,
            options.near_duplicate,
        )

    @cached_property
    def _records(self) -> dict[str, list[Record]]:
        return {path: [candidate.record() for candidate in shelf.decided] for path, shelf in self.shelves.items()}

    def write_samples(self) -> None:
        """`Artifacts/<leaf>.jsonl` with what was kept, `Artifacts/rejected.jsonl` with all that was not, and why."""
        rejected: list[Record] = []
        for path, records in self._records.items():
            write_rows(self.run.artifacts / f"{path}.jsonl", [r for r in records if r["outcome"] == "kept"])
            rejected += [record for record in records if record["outcome"] != "kept"]
        write_rows(self.run.artifacts / "rejected.jsonl", rejected)

    def hold_out(self, exchange: Exchange, stop: Stop) -> None:
        """`heldout.jsonl`: questions trained nowhere, also in other words; `mmlu_branch/`: with four choices."""
        works = {path: shelf.work for path, shelf in self.shelves.items()}
        examiner = Examiner(works, self.flow, exchange, stop)
        again = unlike(examiner.reworded(self.heldout), self.trained, self.options.near_duplicate)
        rows = [_heldout_row(record, reworded=False) for record in self.heldout]
        rows += [_heldout_row(record, reworded=True) for record in again]
        write_rows(self.run.folder / "heldout.jsonl", rows)
        questions = examiner.choices(self.heldout, self.options.seed)
        for leaf in sorted({question["leaf"] for question in questions}):
            path = self.run.folder / "mmlu_branch" / f"{leaf.replace('/', '_')}.jsonl"
            write_rows(path, [question for question in questions if question["leaf"] == leaf])

    def finish(self, teacher: Engine) -> Record:
        """Write the training files; returns what the manifest says of leaves and tokens."""
        mixed = mix(self.trained, self._replay(), self.options.document_share, self.options.seed)
        write_rows(self.run.folder / "knowledge_train_msgs.jsonl", mixed.knowledge)
        write_rows(self.run.folder / "skills_train_msgs.jsonl", mixed.skills)
        leaves = [leaf_counts(shelf, self.trained, self.heldout) for shelf in self.shelves.values()]
        return {"leaves": leaves, "data_metrics": data_metrics(self.trained, mixed, teacher.count_tokens)}

    def _replay(self) -> list[Record]:
        seen = Seen(self.options.near_duplicate)
        for record in self.heldout:
            seen.add(user_text(record))
        return [row for row in read_replay(replay_file(self.flow)) if not seen.twin(first_user(row["messages"]))]


def write_rows(path: Path, rows: Sequence[Record]) -> None:
    """JSON lines, whole or not at all."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _heldout_row(record: Record, *, reworded: bool) -> Record:
    same = {name: record[name] for name in ("id", "leaf", "kind", "answer", "context")}
    return same | {"question": user_text(record), "reworded": reworded}
