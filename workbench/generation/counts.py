"""The counts of a run that add up: samples by leaf and by what became of them, tokens by leaf and phase."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from workbench.generation.leaf_names import service_names
from workbench.generation.mixing import Mix
from workbench.generation.production import LeafShelf
from workbench.generation.rows import Candidate, user_text

Record = dict[str, Any]
CountTokens = Callable[[str], int]
NEAR_DUPLICATE = "near_duplicate"
_MOST_REASONS = 4


def leaf_counts(shelf: LeafShelf, trained: Sequence[Record], heldout: Sequence[Record]) -> Record:
    """made = kept + rejected + failed; kept = mixed + heldout + too_like_heldout; `funnel` says the same by stage."""
    path = shelf.work.path
    rejected = Counter(_sieve(one) for one in shelf.decided if one.outcome == "rejected")
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
        "failed": sum(one.outcome == "failed" for one in shelf.decided),
        "stages": [stage.name for stage in shelf.work.stages if stage.judges],
        "funnel": funnel(shelf),
    }


def funnel(shelf: LeafShelf) -> list[Record]:
    """What came to each stage, what passed it and why the rest did not, in the order of the flow; the sieve of
    near-duplicates is the last. in = passed + rejected + failed, and what passed one comes to the next."""
    ended = Counter((one.outcome, _sieve(one), _reason(one)) for one in shelf.decided if one.outcome != "kept")
    lines: list[Record] = []
    left = len(shelf.decided)
    stages = [(stage.name, stage.judges) for stage in shelf.work.stages]
    for name, judges in [*stages, (NEAR_DUPLICATE, False)]:
        here = {(outcome, why): number for (outcome, at, why), number in ended.items() if at == name}
        lost = {way: sum(n for (outcome, _), n in here.items() if outcome == way) for way in ("rejected", "failed")}
        passed = left - sum(lost.values())
        line = {"stage": name, "judges": judges, "in": left, "passed": passed, **lost, "reasons": _reasons(here)}
        lines.append(line)
        left = passed
    return lines


def data_metrics(trained: Sequence[Record], mixed: Mix, count_tokens: CountTokens) -> Record:
    """The managed service's `data_metrics`, tokens counted as given: samples are rows of the two training files, and
    the phases' tokens are those of one epoch, as a training says how many it has."""
    names = service_names(sorted({record["leaf"] for record in trained}))
    leaves: Counter[str] = Counter()
    for record in trained:
        leaves[names[record["leaf"]]] += _sample_tokens(record, count_tokens)
    by_leaf = Counter(names[record["leaf"]] for record in trained)
    phases = {
        "phase_1_knowledge": _row_tokens(mixed.knowledge, count_tokens),
        "phase_2_skills": _row_tokens(mixed.skills, count_tokens),
    }
    samples = {"knowledge": len(mixed.knowledge), "skills": len(mixed.skills)}
    return {
        "samples": samples | {"total": sum(samples.values()), "data_leaf_nodes": dict(sorted(by_leaf.items()))},
        "tokens": {
            "data_leaf_nodes": dict(sorted(leaves.items())),
            "data_tokens_total": leaves.total(),
            "training_phases": phases,
            "training_estimated": sum(phases.values()),
        },
    }


def _sieve(candidate: Candidate) -> str:
    """The stage that it ended at, or the comparison with other samples behind the last one."""
    return NEAR_DUPLICATE if "near-duplicate" in candidate.reason else candidate.stage_at.name


def _reason(candidate: Candidate) -> str:
    """As it was noted; where a verdict quotes the sample itself, that it was not the one that is kept."""
    quotes = any("{{" in kept for kept in candidate.stage_at.keep)
    return "judged otherwise" if quotes and candidate.reason.startswith("judged ") else candidate.reason


def _reasons(counted: dict[tuple[str, str], int]) -> dict[str, int]:
    """The most frequent first, rare ones counted together."""
    totals: Counter[str] = Counter()
    for (_, reason), number in counted.items():
        totals[reason] += number
    ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    shown = ranked if len(ranked) <= _MOST_REASONS else ranked[: _MOST_REASONS - 1]
    others = totals.total() - sum(number for _, number in shown)
    return dict(shown) | ({"other reasons": others} if others else {})


def _sample_tokens(record: Record, count_tokens: CountTokens) -> int:
    texts = [message["content"] for message in record.get("messages", ())]
    return sum(map(count_tokens, texts or (user_text(record), record["answer"])))


def _row_tokens(rows: Sequence[Record], count_tokens: CountTokens) -> int:
    return sum(count_tokens(message["content"]) for row in rows for message in row["messages"])
