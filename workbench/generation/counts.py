"""The counts of a run that add up: samples by leaf and by what became of them, tokens by leaf and phase."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from workbench.generation.mixing import Mix
from workbench.generation.production import LeafShelf
from workbench.generation.rows import user_text

Record = dict[str, Any]
CountTokens = Callable[[str], int]


def leaf_counts(shelf: LeafShelf, trained: Sequence[Record], heldout: Sequence[Record]) -> Record:
    """made = kept + rejected + failed; kept = mixed + heldout + too_like_heldout."""
    path = shelf.work.path
    rejected = Counter(_reason(record) for record in _ended(shelf, "rejected"))
    held, mixed = (sum(record["leaf"] == path for record in records) for records in (heldout, trained))
    return {
        "path": path,
        "kind": shelf.work.kind,
        "asked": shelf.quota,
        "made": len(shelf.decided),
        "kept": shelf.kept,
        "heldout": held,
        "mixed": mixed,
        "too_like_heldout": shelf.kept - held - mixed,
        "rejected": dict(sorted(rejected.items())),
        "failed": len(_ended(shelf, "failed")),
        "stages": [stage.name for stage in shelf.work.stages if stage.judges],
    }


def data_metrics(trained: Sequence[Record], mixed: Mix, count_tokens: CountTokens) -> Record:
    """The managed service's `data_metrics`, tokens counted as given: samples are rows of the two training files."""
    leaves: Counter[str] = Counter()
    for record in trained:
        leaves[_leaf_name(record)] += count_tokens(user_text(record)) + count_tokens(record["answer"])
    phases = {
        "phase_1_knowledge": _row_tokens(mixed.knowledge, count_tokens),
        "phase_2_skills": _row_tokens(mixed.skills, count_tokens),
    }
    samples = {"knowledge": len(mixed.knowledge), "skills": len(mixed.skills)}
    return {
        "samples": samples | {"total": sum(samples.values())},
        "tokens": {
            "data_leaf_nodes": dict(sorted(leaves.items())),
            "data_tokens_total": leaves.total(),
            "training_phases": phases,
            "training_estimated": sum(phases.values()),
        },
    }


def _ended(shelf: LeafShelf, outcome: str) -> list[Record]:
    return [candidate.record() for candidate in shelf.decided if candidate.outcome == outcome]


def _reason(record: Record) -> str:
    """The stage that rejected it, or what was rejected by none."""
    return "near_duplicate" if "near-duplicate" in record["reason"] else str(record["stage"])


def _leaf_name(record: Record) -> str:
    kind = "knowledge" if record["kind"] == "knowledge" else "compositional"
    return f"{kind}_{record['leaf'].partition('/')[2].replace('/', '_')}"


def _row_tokens(rows: Sequence[Record], count_tokens: CountTokens) -> int:
    return sum(count_tokens(message["content"]) for row in rows for message in row["messages"])
