"""What a data run says of itself as tables: a caption, heads, and rows of texts, for whichever shell shows them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from workbench.generation.flow import Flow
from workbench.generation.pace import duration
from workbench.generation.prices import money_text

Record = Mapping[str, Any]
_LONGEST = 90


class Summary(NamedTuple):
    """`rows` hold one text for each of `heads`."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def flow_outline(flow: Flow) -> dict[str, Any]:
    """What a diagram needs of a flow, ready for JSON: its name, and what each stage is, by kind of leaf."""
    return {
        "name": flow.name,
        "stages": {kind: [stage.outline() for stage in stages] for kind, stages in flow.stages.items()},
    }


def counts_summary(leaves: Sequence[Record]) -> Summary:
    """Each leaf of a manifest: asked for, made, kept, and where the kept ones went."""
    names = ("asked", "made", "kept", "mixed", "heldout")
    rows = [(leaf["path"], leaf["kind"], *(f"{leaf[name]:,}" for name in names), _lost(leaf)) for leaf in leaves]
    if len(leaves) > 1:
        sums = [f"{sum(leaf[name] for leaf in leaves):,}" for name in names]
        lost = sum(leaf["made"] - leaf["kept"] for leaf in leaves)
        rows.append(("all leaves", "", *sums, f"{lost:,}"))
    heads = ("Leaf", "Kind", "Asked", "Made", "Kept", "Mixed", "Held out", "Rejected or failed")
    return Summary("Samples by leaf", heads, tuple(rows))


def funnel_summary(leaves: Sequence[Record]) -> Summary:
    """Each stage of each leaf: how many came, passed, were rejected and failed, and why."""
    rows = tuple(
        (leaf["path"], _words(line["stage"]), *_numbers(line, "in", "passed", "rejected", "failed", "reasons"))
        for leaf in leaves
        for line in leaf["funnel"]
    )
    return Summary("Where samples were lost", ("Leaf", "Stage", "In", "Passed", "Rejected", "Failed", "Why"), rows)


def losses_summary(leaves: Sequence[Record]) -> Summary:
    """The stages that lost samples, all leaves of a kind together."""
    sums: dict[tuple[str, str], tuple[Counter[str], Counter[str]]] = {}
    for leaf in leaves:
        for line in leaf["funnel"]:
            counted, reasons = sums.setdefault((leaf["kind"], line["stage"]), (Counter(), Counter()))
            counted.update({name: line[name] for name in ("in", "rejected", "failed")})
            reasons.update(line["reasons"])
    rows = tuple(
        (kind, _words(stage), *_numbers({**found, "reasons": reasons}, "in", "rejected", "failed", "reasons"))
        for (kind, stage), (found, reasons) in sums.items()
        if found["rejected"] + found["failed"]
    )
    return Summary("Where samples were lost", ("Kind", "Stage", "In", "Rejected", "Failed", "Why"), rows)


def estimate_summary(found: Record) -> Summary:
    """What a run is expected to take, in lines of a name and a value."""
    meters, money, rates = found["meters"], found["money"], found["rates"]
    done = f", {found['requests_done']:,} of them answered already" if found["requests_done"] else ""
    leaves = "1 leaf" if len(found["leaves"]) == 1 else f"{len(found['leaves'])} leaves"
    rows = [
        ("samples to keep", f"{found['samples']:,} ({leaves})"),
        ("requests", f"{found['requests']:,}{done}"),
        ("output tokens of generation", f"{meters['generation_output']:,}{_priced(money, 'generation_output')}"),
        ("input tokens of training", f"{meters['training_input']:,}{_priced(money, 'training_input')}"),
        ("time from here on", _minutes(found["minutes"], rates)),
    ]
    if money:
        rows.append(("cost", money_text(money["total"], money["currency"])))
    return Summary("What the run will take", ("What", "About"), tuple(rows))


def samples_summary(samples: Mapping[str, Sequence[Record]]) -> Summary:
    """The samples of a preview: what was asked and answered, what became of it, and what the critic said."""
    rows = tuple(
        (leaf, _short(record["question"]), _short(record["answer"]), record["outcome"], _why(record))
        for leaf, records in samples.items()
        for record in records
    )
    return Summary("First samples of each leaf", ("Leaf", "Question", "Answer", "Outcome", "Judgement"), rows)


def _lost(leaf: Record) -> str:
    by_stage = {_words(stage): number for stage, number in leaf["rejected"].items()}
    lost = _reasons(by_stage | ({"failed": leaf["failed"]} if leaf["failed"] else {}))
    return f"{leaf['made'] - leaf['kept']:,}" + (f": {lost}" if lost else "")


def _numbers(line: Record, *names: str) -> list[str]:
    return [_reasons(line[name]) if name == "reasons" else f"{line[name]:,}" for name in names]


def _reasons(counted: Mapping[str, int]) -> str:
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number:,} {reason}" for reason, number in ranked)


def _words(stage: str) -> str:
    return stage.replace("_", " ")


def _priced(money: Record | None, meter: str) -> str:
    return f", {money_text(money[meter], money['currency'])}" if money else ""


def _minutes(minutes: float | None, rates: Mapping[str, float]) -> str:
    if minutes is None:
        return "not measured: too little was asked to tell"
    return f"{duration(60 * minutes)} at {rates['requests_per_second']:.3g} requests/s on this machine"


def _why(record: Record) -> str:
    """Of a kept one, all that was judged; of another one, where it ended and why."""
    said = [f"{_words(one['stage'])}: {one['text']}" for one in _judged(record)]
    if record["outcome"] == "kept":
        return _short("; ".join(said))
    judged = said and record["reason"].startswith("judged ")
    return _short(said[-1] if judged else f"{_words(record['stage'])}: {record['reason']}")


def _judged(record: Record) -> Iterable[Mapping[str, str]]:
    """What was said that became neither question nor answer nor context."""
    written = {record["question"], record["answer"], record["context"]}
    return [one for one in record["trace"] if one["text"] not in written]


def _short(text: str) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
