"""The share of samples that is never trained on, and what is asked about it later."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.generation.exchange import Exchange
from workbench.generation.flow import Flow
from workbench.generation.near_duplicates import Seen
from workbench.generation.rows import Candidate, LeafWork, user_text
from workbench.generation.steps import advance, apply_answer
from workbench.records import digest_json
from workbench.runs import Stop

Record = dict[str, Any]
_WRONG_ANSWERS = 3
# A question of more paragraphs is compared as a whole only.
_MOST_PARAGRAPHS = 6


def split(
    records: Sequence[Record], share: float, threshold: float, barred: Sequence[str] = ()
) -> tuple[list[Record], list[Record]]:
    """(trained, held out): a share of each leaf by its samples' ids, of two or more samples at least one.

    Near-duplicates of held-out questions and of the `barred` ones are trained nowhere, whatever their leaf.
    """
    drawn = {record["id"] for leaf in _by_leaf(records).values() for record in _drawn(leaf, share)}
    heldout = [record for record in records if record["id"] in drawn]
    known = [*(user_text(record) for record in heldout), *barred]
    return unlike([record for record in records if record["id"] not in drawn], known, threshold), heldout


def unlike(records: Sequence[Record], questions: Iterable[str], threshold: float) -> list[Record]:
    """The records whose question is no near-duplicate of any of these."""
    seen = Seen(threshold)
    for text in questions:
        seen.add(text)
    return [record for record in records if not seen.twin(user_text(record))]


class HeldoutQuestions:
    """All held-out questions of a run, asked whether a training row would give one of them away."""

    def __init__(self, questions: Sequence[str], threshold: float) -> None:
        self._seen = Seen(threshold)
        self._most = min(_MOST_PARAGRAPHS, max((len(_paragraphs(text)) for text in questions), default=0))
        for text in questions:
            self._seen.add(text)

    def spares(self, row: Record) -> bool:
        """Whether nothing that its user says is held out: not as a whole, and not before or behind a passage."""
        asked = [message["content"] for message in row["messages"] if message["role"] == "user"]
        return not any(self._seen.twin(text) for whole in asked for text in self._ways(whole))

    def _ways(self, whole: str) -> list[str]:
        paragraphs = _paragraphs(whole)
        counts = range(1, min(self._most, len(paragraphs) - 1) + 1)
        edges = [part for count in counts for part in (paragraphs[-count:], paragraphs[:count])]
        return list(dict.fromkeys([whole, *("\n\n".join(part) for part in edges)]))


def _paragraphs(text: str) -> list[str]:
    return [part for part in text.split("\n\n") if part.strip()]


def _by_leaf(records: Sequence[Record]) -> dict[str, list[Record]]:
    leaves: dict[str, list[Record]] = {}
    for record in records:
        leaves.setdefault(record["leaf"], []).append(record)
    return leaves


def _drawn(records: Sequence[Record], share: float) -> list[Record]:
    count = round(share * len(records))
    least = 1 if share and len(records) > 1 else 0
    return sorted(records, key=lambda record: digest_json(record["id"]))[: max(count, least)]


def complete(candidates: Sequence[Candidate], exchange: Exchange, stop: Stop) -> None:
    """Bring candidates of any stages to their end; Checkpointed when a stop was asked for."""
    for row in advance(candidates):
        exchange.ask(row)
    for candidate, text, finish in exchange:
        for row in apply_answer(candidate, text, finish):
            exchange.ask(row)
        stop.check()


@dataclass(frozen=True)
class Examiner:
    """Makes questions of held-out knowledge pairs, with the flow's own stages for that."""

    works: Mapping[str, LeafWork]
    flow: Flow
    exchange: Exchange
    stop: Stop

    def reworded(self, heldout: Sequence[Record]) -> list[Record]:
        """The questions in other words, as far as these are judged to mean the same."""
        candidates = self._asked("rewording", heldout)
        known = {record["question"] for record in heldout}
        return [
            candidate.record() | {"leaf": leaf}
            for (leaf, _), candidate in candidates.items()
            if candidate.outcome == "kept" and candidate.columns["question"] not in known
        ]

    def choices(self, heldout: Sequence[Record], seed: int) -> list[Record]:
        """The pairs with four choices: wrong answers are the teacher's, or else those of other pairs of the leaf."""
        candidates = self._asked("choices", heldout)
        questions = []
        for record in _knowledge(heldout):
            candidate = candidates.get((record["leaf"], record["ordinal"]))
            judged = candidate if candidate and candidate.outcome == "kept" else None
            written = judged.columns["wrong_answers"].splitlines() if judged else []
            rng = random.Random(f"{seed}:{record['id']}:choices")
            others = sorted({one["answer"] for one in _knowledge(heldout) if one["leaf"] == record["leaf"]})
            wrong = _wrong(record["answer"], [*written, *rng.sample(others, len(others))])
            if len(wrong) == _WRONG_ANSWERS:
                questions.append(_question(record, wrong, rng))
        return questions

    def _asked(self, kind: str, heldout: Sequence[Record]) -> dict[tuple[str, int], Candidate]:
        """A candidate for each knowledge pair, brought through the stages of a kind; none where the flow has none."""
        if kind not in self.flow.stages:
            return {}
        candidates = {
            (record["leaf"], record["ordinal"]): self._candidate(kind, record) for record in _knowledge(heldout)
        }
        complete(list(candidates.values()), self.exchange, self.stop)
        return candidates

    def _candidate(self, kind: str, record: Record) -> Candidate:
        work = self.works[record["leaf"]]
        stages = LeafWork(f"{work.path}:{kind}", work.kind, (), self.flow.stages[kind])
        columns = {"document": record["context"], "question": record["question"], "answer": record["answer"]}
        return Candidate(stages, record["ordinal"], columns, record["source"])


def _knowledge(records: Sequence[Record]) -> list[Record]:
    return [record for record in records if record["kind"] == "knowledge"]


def _wrong(answer: str, offered: Sequence[str]) -> list[str]:
    """The first three that differ from the answer and from each other."""
    found = {answer.casefold(): answer}
    for text in offered:
        if text.strip():
            found.setdefault(text.strip().casefold(), text.strip())
    return list(found.values())[1 : _WRONG_ANSWERS + 1]


def _question(record: Record, wrong: Sequence[str], rng: random.Random) -> Record:
    options = [record["answer"], *wrong]
    rng.shuffle(options)
    return {
        "id": digest_json([record["id"], "choices"])[:32],
        "leaf": record["leaf"],
        "question": record["question"],
        "choices": options,
        "answer": options.index(record["answer"]),
        "context": record["context"],
        "fact": "",
    }
