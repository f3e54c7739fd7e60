"""Samples as rows of a training file, in the keys that InstructLab's own data have."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.generation.row_forms import Conversation
from workbench.generation.rows import user_text
from workbench.messages import Message, assistant, user
from workbench.records import digest_json

Record = dict[str, Any]
SPOKEN_FOR = "base_document"
# Where a flow does not say how its rewritten passages are asked for.
_REWRITE = ("Write this text again in other words.",)
Auxiliary = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class DocumentRows:
    """How knowledge is shown together with its passage.

    `share` of the pairs come once more with a passage before the question. With `distractors` that passage stands
    among so many others of its leaf, and in all but `right_share` of these rows it is missing. `auxiliary` says how a
    flow's rewritten passages are asked for, by their type.
    """

    share: float = 0.0
    distractors: int = 0
    right_share: float = 1.0
    unmask: bool = False
    auxiliary: Auxiliary = field(default_factory=dict)

    @property
    def dataset(self) -> str:
        """Its name in the rows' metadata."""
        return f"document_knowledge_qa_raft_p{self.right_share:g}" if self.distractors else "document_knowledge_qa"


def row(record: Record, asked: str, dataset: str, *, unmask: bool = False) -> Record:
    """One training row of a sample that the models wrote."""
    return _row(record, [user(asked), assistant(record["answer"])], dataset, unmask)


def given_row(record: Record) -> Record:
    """The training row of a sample that somebody brought, as it was."""
    return _row(record, list(record["messages"]), record.get("dataset") or "imported", record.get("unmask") is True)


def plain_row(found: Conversation, dataset: str) -> Record:
    """A row that is no sample of this run, such as a replayed one."""
    metadata = {"dataset": dataset} | {name: value for name, value in found.metadata.items() if name != "sample"}
    messages = [dict(message) for message in found.messages]
    identity = digest_json([dataset, messages])[:32]
    return {"messages": messages, "metadata": json.dumps(metadata), "id": identity, "unmask": found.unmask}


def knowledge_rows(records: Sequence[Record], documents: DocumentRows, seed: int) -> list[Record]:
    """Each pair by itself, a share of them with passages before the question, and what else a flow made of passages."""
    passages = _passages(records) if documents.distractors else {}
    rows = []
    for record in records:
        if "messages" in record:
            rows.append(given_row(record))
            continue
        rows.append(row(record, record["question"], "knowledge_qa"))
        rng = random.Random(f"{seed}:{record['id']}:document")
        if rng.random() < documents.share:
            shown = _shown(record, passages.get(record["leaf"], []), documents, rng)
            asked = "\n\n".join([*shown, record["question"]])
            rows.append(row(record, asked, documents.dataset, unmask=documents.unmask))
    return [*rows, *auxiliary_rows(records, documents.auxiliary, seed)]


def skill_rows(records: Sequence[Record]) -> list[Record]:
    """Each sample once."""
    return [
        given_row(one) if "messages" in one else row(one, user_text(one), f"{one['kind']}_skill") for one in records
    ]


def auxiliary_rows(records: Sequence[Record], auxiliary: Auxiliary, seed: int) -> list[Record]:
    """The rewritten passages that a flow worked with, each once, as tasks of their own: `auxiliary` holds the flow's
    instructions by the type of passage (`dataset_type`)."""
    rows, seen = [], set()
    for record in records:
        kind, source = record.get("dataset_type") or SPOKEN_FOR, record.get("raw_document") or ""
        if kind == SPOKEN_FOR or not source or source == record["context"] or (kind, record["context"]) in seen:
            continue
        seen.add((kind, record["context"]))
        rng = random.Random(f"{seed}:{record['id']}:auxiliary")
        task = rng.choice(auxiliary.get(kind) or _REWRITE)
        messages = [user(f"{source}\n\n{task}"), assistant(record["context"])]
        rows.append(_row(record, messages, f"document_{kind}", False))
    return rows


def with_system(rows: Sequence[Record], prompt: str) -> list[Record]:
    """The prompt as first message of every row, in the place of another one; an empty one leaves them as they are."""
    if not prompt:
        return list(rows)
    first: Message = {"role": "system", "content": prompt}
    return [
        one | {"messages": [first, *(message for message in one["messages"] if message["role"] != "system")]}
        for one in rows
    ]


def _row(record: Record, messages: Sequence[Message], dataset: str, unmask: bool) -> Record:
    metadata = {"dataset": dataset, "leaf": record["leaf"], "sample": record["id"]}
    if record["kind"] == "knowledge" and record["context"]:
        metadata |= {
            "domain": record.get("domain", ""),
            "sdg_document": record["context"],
            "raw_document": record.get("raw_document") or record["context"],
            "dataset_type": record.get("dataset_type") or SPOKEN_FOR,
        }
    asked = [message["content"] for message in messages if message["role"] != "assistant"]
    identity = digest_json([dataset, record["leaf"], record["id"], *asked])[:32]
    return {"messages": list(messages), "metadata": json.dumps(metadata), "id": identity, "unmask": unmask}


def _passages(records: Sequence[Record]) -> dict[str, list[str]]:
    """The different passages of each leaf, sorted."""
    found: dict[str, set[str]] = {}
    for record in records:
        if record["context"]:
            found.setdefault(record["leaf"], set()).add(record["context"])
    return {leaf: sorted(texts) for leaf, texts in found.items()}


def _shown(record: Record, passages: Sequence[str], documents: DocumentRows, rng: random.Random) -> list[str]:
    """The passages of one row; where the leaf has no other one, the right one stands alone."""
    right = record["context"]
    others = [text for text in passages if text != right]
    if not others or not documents.distractors:
        return [right]
    with_right = rng.random() < documents.right_share
    wanted = documents.distractors + (0 if with_right else 1)
    shown = rng.sample(others, min(wanted, len(others))) + ([right] if with_right else [])
    rng.shuffle(shown)
    return shown
