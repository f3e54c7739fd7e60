"""Samples out of people's own files, each with the leaf that it belongs to and the line that it stands on."""

import re
from collections.abc import Iterator
from typing import Any

from workbench.generation.row_files import FileRows
from workbench.generation.row_forms import Conversation
from workbench.records import digest_json

Record = dict[str, Any]
ROOTS = {"knowledge": "knowledge", "skills": "compositional_skills"}
_LEAF = re.compile(r"(?:knowledge|compositional_skills)(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){1,20}")


def own_samples(found: FileRows, phase: str) -> Iterator[Record]:
    """Records as `Artifacts` hold them, with their `messages` as they were; `phase` is knowledge or skills.

    A row that names no leaf in its metadata belongs to `<root>/imported/<name of the file>`.
    """
    named = re.sub(r"[^A-Za-z0-9_.-]+", "_", found.path.stem).lstrip(".-")[:100] or "rows"
    for ordinal, (line, row) in enumerate(found.rows):
        leaf = str(row.metadata.get("leaf") or "")
        if not _LEAF.fullmatch(leaf):
            leaf = f"{ROOTS[phase]}/imported/{named}"
        yield _sample(row, phase, leaf) | {"ordinal": ordinal, "source": f"{found.path.name}:{line}"}


def _sample(row: Conversation, phase: str, leaf: str) -> Record:
    context = str(row.metadata.get("raw_document") or row.metadata.get("sdg_document") or "").strip()
    if phase == "skills":
        context = ""
    asked = row.asked.strip()
    inside = context and asked.startswith(context) and asked != context
    messages = [dict(message) for message in row.messages]
    return {
        "id": digest_json([leaf, phase, messages])[:32],
        "leaf": leaf,
        "kind": "knowledge" if phase == "knowledge" else "freeform",
        "question": asked.removeprefix(context).strip() if inside else asked,
        "answer": row.answered,
        "context": context,
        "domain": str(row.metadata.get("domain") or ""),
        "dataset": str(row.metadata.get("dataset") or "imported"),
        "messages": messages,
        "unmask": row.unmask,
        "outcome": "kept",
        "stage": "import",
        "reason": "",
        "trace": [],
    }
