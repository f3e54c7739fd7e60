"""The check at the end of a run: its counts add up, and they agree with the journal of what was asked."""

import hashlib
from collections.abc import Mapping
from typing import Any

from workbench.errors import GenerationError
from workbench.generation.journal import Journal, row_of
from workbench.generation.production import LeafShelf
from workbench.records import read_jsonl

Record = dict[str, Any]
_SHOWN = 5


def audit(shelves: Mapping[str, LeafShelf], leaves: list[Record], journal: Journal) -> Record:
    """GenerationError unless all of this holds; otherwise the counts of the journal.

    - For each leaf and each of its stages: made = kept + rejected + failed, and what passed one came to the next.
    - Every answer that a decided sample's record quotes stands in the journal under the same stage; of an answer that
      several samples were made of, each quotes its part, and then the whole answer must be there.
    - No request is in the journal twice, and each was asked for a decided sample (`for_samples`), for a held-out
      question (`for_heldout`), or for a sample that was under way when its leaf was full (`left_over`).

    `answers` is how many answers the decided samples read; `shared` of them were asked for another sample before.
    """
    for leaf in leaves:
        _check_sums(leaf)
    said, counted = _read(shelves, journal)
    answers = 0
    missing: list[str] = []
    for path, shelf in shelves.items():
        parted = {stage.name for stage in shelf.work.stages if stage.many}
        for candidate in shelf.decided:
            for one in candidate.record()["trace"]:
                answers += 1
                quoted = "" if one["stage"] in parted else one["text"]
                if _mark(one["stage"], quoted) not in said:
                    missing.append(f"{path}#{candidate.row}, stage {one['stage']}")
    if missing:
        raise _wrong(journal, "answers of samples that are not in the journal", missing)
    return counted | {"answers": answers, "shared": answers - counted["for_samples"]}


def _read(shelves: Mapping[str, LeafShelf], journal: Journal) -> tuple[set[bytes], Record]:
    """Marks of all answers, and how many requests were asked for what."""
    decided = {path: {candidate.ordinal for candidate in shelf.decided} for path, shelf in shelves.items()}
    counted = {"requests": 0, "for_samples": 0, "for_heldout": 0, "left_over": 0}
    said: set[bytes] = set()
    for record in read_jsonl(journal.path):
        leaf, ordinal = row_of(record)
        known = decided.get(leaf)
        counted["for_heldout" if known is None else "for_samples" if ordinal in known else "left_over"] += 1
        counted["requests"] += 1
        # Without a text: that the stage was answered at all.
        said |= {_mark(record["stage"], record["text"]), _mark(record["stage"], "")}
    if counted["requests"] != journal.requests:
        lines = [f"{counted['requests']} lines for {journal.requests} requests"]
        raise _wrong(journal, "requests that are there twice", lines)
    return said, counted


def _check_sums(leaf: Record) -> None:
    rejected = sum(leaf["rejected"].values())
    sums = [(leaf["made"], leaf["kept"] + rejected + leaf["failed"], "made = kept + rejected + failed")]
    left = leaf["made"]
    for line in leaf["funnel"]:
        sums += [(line["in"], left, f"what comes to {line['stage']} = what passed the stage before")]
        sums += [(line["in"], line["passed"] + line["rejected"] + line["failed"], f"the sum of {line['stage']}")]
        sums += [(line["rejected"] + line["failed"], sum(line["reasons"].values()), f"the reasons of {line['stage']}")]
        left = line["passed"]
    sums.append((leaf["kept"], left, "kept = what passed the last stage"))
    for one, other, what in sums:
        if one != other:
            hint = "this is a fault of the workbench; the run's Artifacts hold what is needed to mend it"
            raise GenerationError(f"{leaf['path']}: the counts do not add up: {what}: {one} and {other}", hint=hint)


def _wrong(journal: Journal, what: str, where: list[str]) -> GenerationError:
    more = f" and {len(where) - _SHOWN} more" if len(where) > _SHOWN else ""
    return GenerationError(
        f"{journal.path}: {what}: {'; '.join(where[:_SHOWN])}{more}",
        hint="the journal was changed by hand or by another process; delete the run's folder and start again",
    )


def _mark(stage: str, text: str) -> bytes:
    return hashlib.blake2b(f"{stage}\n{text.strip()}".encode(), digest_size=8).digest()
