"""Kept samples as training files: phase 1 on knowledge, phase 2 on skills with a replay of knowledge."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.generation.rows import user_text
from workbench.messages import assistant, user
from workbench.records import digest_json, read_jsonl

Record = dict[str, Any]


@dataclass(frozen=True)
class Mix:
    """Rows of the two training files, in their order."""

    knowledge: list[Record]
    skills: list[Record]


def row(record: Record, asked: str, dataset: str) -> Record:
    """One training row in the record keys that InstructLab's own data have."""
    metadata = {"dataset": dataset, "leaf": record["leaf"], "sample": record["id"]}
    if record["kind"] == "knowledge":
        metadata["raw_document"] = record["context"]
    messages = [user(asked), assistant(record["answer"])]
    identity = digest_json([dataset, record["leaf"], record["id"], asked])[:32]
    return {"messages": messages, "metadata": json.dumps(metadata), "id": identity, "unmask": False}


def knowledge_rows(records: Sequence[Record], document_share: float, seed: int) -> list[Record]:
    """Each pair by itself, and a share of them with the passage before the question."""
    rows = []
    for record in records:
        rows.append(row(record, record["question"], "knowledge_qa"))
        if random.Random(f"{seed}:{record['id']}:document").random() < document_share:
            rows.append(row(record, f"{record['context']}\n\n{record['question']}", "document_knowledge_qa"))
    return rows


def mix(records: Sequence[Record], replay: Sequence[Record], document_share: float, seed: int) -> Mix:
    """The two files: no row is drawn twice, the order follows from the seed; without knowledge there is no phase 1."""
    knowledge = knowledge_rows([record for record in records if record["kind"] == "knowledge"], document_share, seed)
    skills = [row(one, user_text(one), f"{one['kind']}_skill") for one in records if one["kind"] != "knowledge"]
    first = [*knowledge, *replay] if knowledge else []
    return Mix(_shuffled(first, seed, 1), _shuffled([*skills, *knowledge, *replay], seed, 2))


def _shuffled(rows: Sequence[Record], seed: int, phase: int) -> list[Record]:
    return random.Random(f"{seed}:mix:{phase}").sample(rows, len(rows))


def read_replay(path: Path | None) -> list[Record]:
    """Rows that keep what the student knew before; none without a file."""
    return list(read_jsonl(path)) if path else []
