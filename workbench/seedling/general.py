"""The workbench's own general questions: what the embedded base can do without any training on a taxonomy, by subject.

They are about things that neither the sample taxonomy nor any training text holds, but for those that the base knows
by heart. So what they show after a training is what it made the model forget.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path

from workbench.records import write_text
from workbench.seedling import names, spelling
from workbench.seedling.curriculum import old_facts
from workbench.seedling.exercises import any_question
from workbench.seedling.forms import ECHO, prompt
from workbench.seedling.names import Space
from workbench.seedling.passages import Passage, new_passage, sentence, two_things
from workbench.seedling.recipe import RECIPE
from workbench.seedling.world import Fact, new_entity, new_facts, world

_SEED = "general 1"
_ITEMS = 40
_WRONG = 3

# What is asked, the right choice, and others of which three are taken.
Item = tuple[str, str, list[str]]


def _reading(rng: random.Random) -> Item:
    """A value from a passage; the others are its other values, and values of the same kind from nowhere."""
    passage = new_passage(rng, Space.TRIAL)
    fact = rng.choice(passage.facts)
    others = [other.value for other in passage.facts]
    return _about(rng, passage, fact), fact.value, _first(rng, others, 2) + _alike(rng, fact)


def _telling_apart(rng: random.Random) -> Item:
    """A value of one of two things; the others are values of the other one."""
    passage = two_things(rng, Space.TRIAL)
    fact = rng.choice(passage.facts)
    others = [other.value for other in passage.facts if other.entity != fact.entity]
    return _about(rng, passage, fact), fact.value, _first(rng, others, 2) + _alike(rng, fact)


def _exactness(rng: random.Random) -> Item:
    """A value from a passage; the others differ from it in little."""
    passage = new_passage(rng, Space.TRIAL)
    fact = rng.choice(passage.facts)
    near = [names.near_miss(rng, Space.TRIAL, fact.value) for _ in range(3 * _WRONG)]
    return _about(rng, passage, fact), fact.value, near


def _repeating(rng: random.Random) -> Item:
    """A sentence word for word; the others have a word of another sentence's, or one that is misspelt."""
    fact = _any_fact(rng)
    said = sentence(rng, fact, named=True)
    others = [said.replace(fact.value, value) for value in _alike(rng, fact)[:2]]
    return ECHO + said, said, others + _misspelt(rng, said)


def _asking(rng: random.Random) -> Item:
    """A question that a passage answers; the others are about other things."""
    passage = new_passage(rng, Space.TRIAL)
    right = any_question(rng, rng.choice(passage.facts), "asked")
    others = [any_question(rng, _any_fact(rng), "asked") for _ in range(3 * _WRONG)]
    return prompt("question", document=passage.text), right, others


def _spelling(rng: random.Random) -> Item:
    """A question about a passage; the others are the same with a word misspelt."""
    passage = new_passage(rng, Space.TRIAL)
    right = any_question(rng, rng.choice(passage.facts), "asked")
    return prompt("question", document=passage.text), right, _misspelt(rng, right)


def _by_heart(rng: random.Random) -> Item:
    """A fact of the old world, asked as nobody asked for it in training; the others are values of the same kind."""
    known = old_facts(RECIPE.seed)
    fact = rng.choice(known)
    others = [other.value for other in known if other.relation == fact.relation]
    return any_question(rng, fact, "proof"), fact.value, rng.sample(others, len(others))


SUBJECTS: dict[str, Callable[[random.Random], Item]] = {
    "asking": _asking,
    "by_heart": _by_heart,
    "exactness": _exactness,
    "reading": _reading,
    "repeating": _repeating,
    "spelling": _spelling,
    "telling_apart": _telling_apart,
}


def general_rows(subject: str) -> list[dict[str, object]]:
    """Forty different questions of a subject with four choices each, in the form of the proof's."""
    rng = random.Random(f"{_SEED}:{subject}")
    rows: dict[str, dict[str, object]] = {}
    while len(rows) < _ITEMS:
        asked, right, others = SUBJECTS[subject](rng)
        wrong = [other for other in dict.fromkeys(others) if other != right][:_WRONG]
        if len(wrong) < _WRONG or asked in rows:
            continue
        choices = rng.sample([right, *wrong], _WRONG + 1)
        rows[asked] = {
            "id": f"{subject}-{len(rows):03d}",
            "leaf": f"general_{subject}",
            "question": asked,
            "choices": choices,
            "answer": choices.index(right),
        }
    return list(rows.values())


def write_general(folder: Path) -> None:
    """A file of JSON lines for each subject."""
    folder.mkdir(parents=True, exist_ok=True)
    for subject in SUBJECTS:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in general_rows(subject))
        write_text(folder / f"{subject}.jsonl", "".join(lines))


def _about(rng: random.Random, passage: Passage, fact: Fact) -> str:
    return prompt("answer", document=passage.text, question=any_question(rng, fact))


def _any_fact(rng: random.Random) -> Fact:
    family = world().families[rng.choice(sorted(world().families))]
    return new_facts(rng, Space.TRIAL, new_entity(rng, Space.TRIAL, family), 1)[0]


def _alike(rng: random.Random, fact: Fact) -> list[str]:
    return [names.value(rng, Space.TRIAL, fact.relation.value) for _ in range(2 * _WRONG)]


def _misspelt(rng: random.Random, text: str) -> list[str]:
    return [spelling.misspell(rng, text) for _ in range(4 * _WRONG)]


def _first(rng: random.Random, values: list[str], count: int) -> list[str]:
    return rng.sample(values, min(count, len(values)))
