"""What a run leaves: its samples, held-out questions, training files, recipes, and their counts."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from workbench.engines.engine import Engine
from workbench.generation.counts import data_metrics, leaf_counts
from workbench.generation.exchange import Exchange
from workbench.generation.flow import Flow
from workbench.generation.heldout import Examiner, HeldoutQuestions, split, unlike
from workbench.generation.imports import Imports
from workbench.generation.lm_eval_tasks import write_tasks
from workbench.generation.mixing import Parts, cleaned, mix
from workbench.generation.options import GenerationOptions
from workbench.generation.production import LeafShelf
from workbench.generation.rows import Candidate, user_text
from workbench.generation.run_recipes import write_recipes
from workbench.generation.taken_over import distinct, distinct_questions, with_taken
from workbench.generation.training_rows import DocumentRows, knowledge_rows, skill_rows
from workbench.records import JsonlWriter
from workbench.runs import Run, Stop

Record = dict[str, Any]


class Outcome:
    """Made of the decided candidates and of what was taken over alone, so that equal answers leave equal files.

    `trained` and `heldout` are samples. What is held out, here or in a run taken over, reaches no training file, nor
    do its near-duplicates. Without a flow there is nothing but what was taken over.
    """

    def __init__(
        self,
        run: Run,
        options: GenerationOptions,
        flow: Flow | None,
        shelves: Mapping[str, LeafShelf],
        imports: Imports | None = None,
    ) -> None:
        self.run = run
        self.options = options
        self.flow = flow
        self.shelves = shelves
        self.imports = imports or Imports()
        own = [_sample(one, shelf) for shelf in shelves.values() for one in shelf.decided if one.outcome == "kept"]
        near = options.near_duplicate
        self._held, again = distinct([], self.imports.held, near)
        self._runs, twice = distinct([*own, *self._held], self.imports.runs, near)
        self._files, known = distinct([*own, *self._held, *self._runs], self.imports.files, near)
        self._duplicates = [*again, *twice, *known]
        barred = [str(row["question"]) for row in self.imports.heldout]
        trained, self.heldout = split([*own, *self._files], options.heldout_share, near, barred)
        questions = [*barred, *map(user_text, self.heldout)]
        self.trained = [*trained, *unlike(self._runs, questions, near)]
        self._questions = questions

    def write_samples(self) -> None:
        """`Artifacts/<leaf>.jsonl` with what was kept, `Artifacts/rejected.jsonl` with all that was not, and why."""
        taken: dict[str, list[Record]] = {}
        for record in self._taken:
            taken.setdefault(record["leaf"], []).append(record)
        for path in dict.fromkeys([*self.shelves, *taken]):
            kept = self._decided(path, kept=True)
            write_rows(self.run.artifacts / f"{path}.jsonl", chain(kept, taken.get(path, [])))
        rejected = (record for path in self.shelves for record in self._decided(path, kept=False))
        write_rows(self.run.artifacts / "rejected.jsonl", chain(rejected, self._duplicates))

    def _decided(self, path: str, *, kept: bool) -> Iterator[Record]:
        decided = self.shelves[path].decided if path in self.shelves else []
        return (one.record() for one in decided if (one.outcome == "kept") == kept)

    def hold_out(self, exchange: Exchange, stop: Stop) -> None:
        """`heldout.jsonl`: questions trained nowhere, also in other words; `mmlu_branch/`: with four choices."""
        if self.flow is None:
            return self.keep_heldout()
        works = {path: shelf.work for path, shelf in self.shelves.items()}
        examiner = Examiner(works, self.flow, exchange, stop)
        asked = [record for record in self.heldout if "messages" not in record]
        again = unlike(examiner.reworded(asked), map(user_text, self.trained), self.options.near_duplicate)
        self.keep_heldout(again, examiner.choices(asked, self.options.seed))

    def keep_heldout(self, reworded: Sequence[Record] = (), choices: Sequence[Record] = ()) -> None:
        """The same files, with what earlier runs held out beside the given questions."""
        rows = [_heldout_row(record, reworded=False) for record in self.heldout]
        rows += [_heldout_row(record, reworded=True) for record in reworded]
        rows = distinct_questions([*rows, *self.imports.heldout])
        self._questions = [row["question"] for row in rows]
        write_rows(self.run.folder / "heldout.jsonl", rows)
        write_tasks(self.run.folder, distinct_questions([*choices, *self.imports.questions]))

    def finish(self, teacher: Engine) -> Record:
        """Write recipes and training files; returns what the manifest says of leaves, tokens and sources."""
        options = self.options
        sieve = HeldoutQuestions(self._questions, options.near_duplicate)
        parts, left_out = cleaned(self._parts(), sieve.spares)
        mixed = mix(parts, options.seed, options.system_prompt)
        # A sample counts as mixed where a row of it is left.
        present = {json.loads(row["metadata"])["sample"] for row in (*parts.knowledge, *parts.skills)}
        self.trained = [record for record in self.trained if record["id"] in present]
        write_recipes(self.run.folder, parts, options.system_prompt)
        write_rows(self.run.folder / "knowledge_train_msgs.jsonl", mixed.knowledge)
        write_rows(self.run.folder / "skills_train_msgs.jsonl", mixed.skills)
        write_rows(self.run.logs / "bad_lines.jsonl", [line.record() for line in self.imports.bad])
        left_out |= {"duplicate": len(self._duplicates), "bad_line": len(self.imports.bad)}
        metrics = data_metrics(self.trained, mixed, teacher.count_tokens)
        return self._origin() | {"left_out": left_out, "leaves": self._leaves(), "data_metrics": metrics}

    @property
    def _taken(self) -> list[Record]:
        return [*self._files, *self._runs, *self._held]

    def _parts(self) -> Parts:
        options = self.options
        documents = DocumentRows(
            options.document_share,
            options.distractors,
            options.right_document_share,
            options.unmask_documents,
            self.flow.auxiliary if self.flow else {},
        )
        knowledge = [record for record in self.trained if record["kind"] == "knowledge"]
        skills = [record for record in self.trained if record["kind"] != "knowledge"]
        return Parts(
            knowledge=knowledge_rows(knowledge, documents, options.seed),
            skills=skill_rows(skills),
            replay=self.imports.replay,
            precomputed=self.imports.precomputed,
        )

    def _leaves(self) -> list[Record]:
        """Generated leaves in their order, each with what was taken over for it, then the others."""
        taken = {record["id"] for record in self._taken}
        trained = [record for record in self.trained if record["id"] not in taken]
        heldout = [record for record in self.heldout if record["id"] not in taken]
        own = [
            leaf_counts(shelf, trained, heldout) | {"not_in_passages": dict(shelf.work.lost)}
            for shelf in self.shelves.values()
        ]
        mixed = {record["id"] for record in self.trained}
        held = {record["id"] for record in [*self.heldout, *self._held]}
        return with_taken(own, self._taken, self._duplicates, mixed, held)

    def _origin(self) -> Record:
        """Where it all comes from; a run without a taxonomy has the teacher that all its sources have, or none."""
        sources: list[Record] = list(self.imports.sources)
        if self.shelves:
            return {"sources": [{"from": "taxonomy", "leaves": len(self.shelves)}, *sources]}
        models = set(self.imports.models)
        return {"sources": sources, "flow": "", "model": models.pop() if len(models) == 1 else ""}


def write_rows(path: Path, rows: Iterable[Record]) -> None:
    """JSON lines, whole or not at all, one row in memory at a time."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with JsonlWriter(part) as writer:
        for row in rows:
            writer.append(row)
    part.replace(path)


def _sample(candidate: Candidate, shelf: LeafShelf) -> Record:
    """What training and examination need of it."""
    record = {name: value for name, value in candidate.record().items() if name != "trace"}
    domain = shelf.work.sources[0].columns.get("domain", "") if shelf.work.sources else ""
    return record | {"domain": domain}


def _heldout_row(record: Record, *, reworded: bool) -> Record:
    same = {name: record[name] for name in ("id", "leaf", "kind", "answer", "context")}
    return same | {"question": user_text(record), "reworded": reworded}
