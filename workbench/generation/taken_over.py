"""Samples of other runs and files beside those of this one: each once, and counted by leaf."""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from typing import Any

from workbench.generation.counts import NEAR_DUPLICATE
from workbench.generation.near_duplicates import Seen, words
from workbench.generation.rows import user_text
from workbench.records import digest_json

Record = dict[str, Any]
_REPEATS = "near-duplicate of a sample of another source"
_COUNTS = ("asked", "made", "kept", "heldout", "mixed", "too_like_heldout", "failed")


def distinct(known: Sequence[Record], offered: Sequence[Record], threshold: float) -> tuple[list[Record], list[Record]]:
    """(those that are new, those that repeat a known or an earlier one, as rejected records).

    Whoever brings rows has chosen them: they are dropped only where all their words are the same. Samples that models
    wrote are compared within their leaf as when they are made, by the likeness that makes near-duplicates.
    """
    if not offered:
        return [], []
    exact = {_key(record) for record in known}
    seen: dict[str, Seen] = {}
    for record in known:
        seen.setdefault(record["leaf"], Seen(threshold)).add(_text(record))
    new: list[Record] = []
    repeated: list[Record] = []
    for record in offered:
        key, shelf = _key(record), seen.setdefault(record["leaf"], Seen(threshold))
        if key in exact or ("messages" not in record and shelf.twin(_text(record))):
            repeated.append(_rejected(record))
            continue
        exact.add(key)
        shelf.add(_text(record))
        new.append(record)
    return new, repeated


def distinct_questions(rows: Iterable[Record]) -> list[Record]:
    """Questions of a leaf that are asked in the same words stay once."""
    found: dict[tuple[str, tuple[str, ...]], Record] = {}
    for row in rows:
        found.setdefault((row["leaf"], tuple(words(row["question"]))), row)
    return list(found.values())


def with_taken(
    own: Sequence[Record],
    taken: Sequence[Record],
    repeated: Sequence[Record],
    mixed: Container[str],
    held: Container[str],
) -> list[Record]:
    """Counts of generated leaves with what was taken over for them added, then those of the other leaves.

    What is taken over counts as asked for and made; what repeats another sample as rejected.
    """
    leaves = {counts["path"]: counts for counts in own}
    kinds = {record["leaf"]: record["kind"] for record in [*repeated, *taken]}
    kept = Counter(record["leaf"] for record in taken)
    lost = Counter(record["leaf"] for record in repeated)
    trained = Counter(record["leaf"] for record in taken if record["id"] in mixed)
    heldout = Counter(record["leaf"] for record in taken if record["id"] in held)
    for path, kind in sorted(kinds.items()):
        counts = _counts(path, kind, kept[path], lost[path]) | {"heldout": heldout[path], "mixed": trained[path]}
        counts["too_like_heldout"] = kept[path] - heldout[path] - trained[path]
        leaves[path] = _sum(leaves[path], counts) if path in leaves else counts
    return list(leaves.values())


def _counts(path: str, kind: str, kept: int, lost: int) -> Record:
    return {
        "path": path,
        "kind": kind,
        "asked": kept,
        "made": kept + lost,
        "kept": kept,
        "failed": 0,
        "rejected": {NEAR_DUPLICATE: lost} if lost else {},
        "stages": [],
        "funnel": [
            {
                "stage": NEAR_DUPLICATE,
                "judges": False,
                "in": kept + lost,
                "passed": kept,
                "rejected": lost,
                "failed": 0,
                "reasons": {_REPEATS: lost} if lost else {},
            }
        ],
        "taken_over": kept,
    }


def _sum(generated: Record, taken: Record) -> Record:
    """What is taken over passes every stage of the flow but the last, where near-duplicates are sieved."""
    added = {name: generated[name] + taken[name] for name in _COUNTS}
    rejected: Counter[str] = Counter(generated["rejected"]) + Counter(taken["rejected"])
    *stages, last = generated["funnel"]
    passed = [line | {name: line[name] + taken["made"] for name in ("in", "passed")} for line in stages]
    extra = taken["funnel"][-1]
    counted = {name: last[name] + extra[name] for name in ("in", "passed", "rejected", "failed")}
    reasons = dict(Counter(last["reasons"]) + Counter(extra["reasons"]))
    whole = {"rejected": dict(sorted(rejected.items())), "funnel": [*passed, last | counted | {"reasons": reasons}]}
    return generated | added | whole | {"taken_over": taken["kept"]}


def _rejected(record: Record) -> Record:
    return record | {"outcome": "rejected", "stage": NEAR_DUPLICATE, "reason": _REPEATS}


def _text(record: Record) -> str:
    """What makes two samples near-duplicates, as when they are made."""
    return f"{user_text(record)} {record['answer']}"


def _key(record: Record) -> str:
    """Equal for samples of a leaf in which everybody but the system says the same words."""
    given = [message["content"] for message in record.get("messages", ()) if message["role"] != "system"]
    return digest_json([record["leaf"], *(words(text) for text in given or (user_text(record), record["answer"]))])
