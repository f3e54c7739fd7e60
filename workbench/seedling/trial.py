"""The teacher put to the test: passages never in its training, their fact tables, and what came of them."""

import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.engines.engine import Engine
from workbench.generation.exchange import Exchange
from workbench.generation.flow import Flow, Stage
from workbench.generation.heldout import complete
from workbench.generation.journal import Journal
from workbench.generation.rows import Candidate, LeafWork
from workbench.records import read_jsonl, write_text
from workbench.runs import Stop
from workbench.seedling.exercises import any_question, wrong_value
from workbench.seedling.names import Space
from workbench.seedling.passages import Passage, new_passage
from workbench.seedling.world import read_question

Facts = Mapping[tuple[str, str], str]


def trial_passages(count: int, seed: int) -> list[Passage]:
    """Passages about names and numbers that no training text holds."""
    rng = random.Random(f"trial {seed}")
    return [new_passage(rng, Space.TRIAL) for _ in range(count)]


def write_documents(path: Path, count: int, seed: int) -> None:
    """The trial's passages with their fact tables as JSONL, for anybody to test a teacher with."""
    lines = []
    for passage in trial_passages(count, seed):
        facts = [{"entity": f.entity.name, "relation": f.relation.key, "value": f.value} for f in passage.facts]
        lines.append(json.dumps({"text": passage.text, "facts": facts}, ensure_ascii=False) + "\n")
    write_text(path, "".join(lines))


def read_facts(path: Path) -> dict[tuple[str, str], str]:
    """A fact table as `(entity, relation)` to value."""
    return {(record["entity"], record["relation"]): record["value"] for record in read_jsonl(path)}


def passage_facts(passage: Passage) -> dict[tuple[str, str], str]:
    """The facts that a passage states, as a fact table."""
    return {(fact.entity.name, fact.relation.key): fact.value for fact in passage.facts}


def is_true(question: str, answer: str, facts: Facts) -> bool:
    """Whether the question is well formed, asks for a fact of the table, and the answer is its value."""
    asked = read_question(question)
    if asked is None or asked not in facts:
        return False
    value, said = facts[asked].casefold(), answer.strip().rstrip(".").casefold()
    return said == value or (value[:1].isdigit() and said == value.split()[0])


@dataclass(frozen=True)
class TrialFigures:
    """What one seed measured, as shares from 0 to 1; `passages`, `made` and `kept` are counts."""

    seed: int
    passages: int
    made: int
    kept: int
    true_of_kept: float
    true_of_made: float
    accepts_true: float
    rejects_false: float
    rejects_swapped: float

    def record(self) -> dict[str, Any]:
        """For the card and the proof."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def measure(engine: Engine, flow: Flow, count: int, seed: int) -> TrialFigures:
    """Pairs of the flow's knowledge stages on fresh passages, and its critic on true and false claims."""
    passages = trial_passages(count, seed)
    pairs = run_stages(engine, flow.for_kind("knowledge"), [{"document": p.text} for p in passages], seed)
    truths = [
        is_true(pair.columns.get("question", ""), pair.columns.get("answer", ""), passage_facts(passage))
        for pair, passage in zip(pairs, passages, strict=True)
    ]
    kept = [truth for pair, truth in zip(pairs, truths, strict=True) if pair.outcome == "kept"]
    answered = [truth for pair, truth in zip(pairs, truths, strict=True) if "answer" in pair.columns]
    accepted = _claims(engine, flow, passages, seed)
    return TrialFigures(
        seed=seed,
        passages=count,
        made=len(answered),
        kept=len(kept),
        true_of_kept=_share(kept),
        true_of_made=_share(answered),
        accepts_true=_share(accepted["true"]),
        rejects_false=1 - _share(accepted["false"]),
        rejects_swapped=1 - _share(accepted["swapped"]),
    )


def run_stages(
    engine: Engine, stages: Sequence[Stage], columns: Sequence[dict[str, Any]], seed: int
) -> list[Candidate]:
    """One candidate for each set of columns, brought through the stages."""
    work = LeafWork("trial", "knowledge", (), tuple(stages))
    candidates = [Candidate(work, number, dict(each), f"passage {number}") for number, each in enumerate(columns)]
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Journal(Path(folder) / "journal.jsonl")) as journal,
        engine.session() as session,
    ):
        sessions, engines = {"teacher": session, "critic": session}, {"teacher": engine, "critic": engine}
        complete(candidates, Exchange(sessions, engines, journal, seed), Stop())
    return candidates


def _claims(engine: Engine, flow: Flow, passages: Sequence[Passage], seed: int) -> dict[str, list[bool]]:
    """Whether the critic accepts a true and a false answer about each passage; every second false one is swapped in
    from the same passage."""
    rng = random.Random(f"claims {seed}")
    faithful = [stage for stage in flow.for_kind("knowledge") if stage.name == "faithful"]
    kinds, columns = [], []
    for number, passage in enumerate(passages):
        fact = rng.choice(passage.facts)
        others = [other.value for other in passage.facts if other.value != fact.value]
        swapped = number % 2 == 0 and bool(others)
        wrong = rng.choice(others) if swapped else wrong_value(rng, fact, passage, Space.TRIAL)
        for kind, answer in (("true", fact.value), ("swapped" if swapped else "false", wrong)):
            kinds.append(kind)
            columns.append({"document": passage.text, "question": any_question(rng, fact), "answer": answer})
    verdicts = run_stages(engine, faithful, columns, seed)
    accepted: dict[str, list[bool]] = {"true": [], "false": [], "swapped": []}
    for kind, verdict in zip(kinds, verdicts, strict=True):
        accepted[kind].append(verdict.outcome == "kept")
    accepted["false"] += accepted["swapped"]
    return accepted


def _share(truths: Sequence[bool]) -> float:
    return sum(truths) / len(truths) if truths else 0.0
