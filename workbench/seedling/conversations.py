"""The workbench's own conversations: two turns each, by category, about things that neither the sample taxonomy nor any
training text holds, but for those that the base knows by heart.

Every turn has a reference: without one the embedded judge cannot tell answers apart.
"""

import json
import random
from collections.abc import Callable
from pathlib import Path

from workbench.records import write_text
from workbench.seedling.curriculum import old_facts
from workbench.seedling.exercises import any_question
from workbench.seedling.forms import ECHO, prompt
from workbench.seedling.names import Space
from workbench.seedling.passages import Passage, new_passage, sentence, two_things
from workbench.seedling.recipe import RECIPE
from workbench.seedling.world import Fact

_SEED = "conversations 1"
_ITEMS = 5

# What the user says and what is expected, in both turns.
Item = tuple[tuple[str, str], tuple[str, str]]


def _extraction(rng: random.Random) -> Item:
    """A value from a passage, then another one of the same passage."""
    passage = new_passage(rng, Space.TRIAL)
    return _about(rng, passage, *rng.sample(passage.facts, 2))


def _reasoning(rng: random.Random) -> Item:
    """A value of one of two things, then one of the other."""
    passage = two_things(rng, Space.TRIAL)
    first = rng.choice(passage.facts)
    return _about(rng, passage, first, rng.choice([fact for fact in passage.facts if fact.entity != first.entity]))


def _humanities(rng: random.Random) -> Item:
    """A fact of the old world, asked as nobody asked for it in training, then another one about the same thing."""
    known = old_facts(RECIPE.seed)
    entity = rng.choice(known).entity
    first, second = rng.sample([fact for fact in known if fact.entity == entity], 2)
    return (any_question(rng, first, "proof"), first.value), (any_question(rng, second, "proof"), second.value)


def _writing(rng: random.Random) -> Item:
    """A sentence word for word, then what it says."""
    fact = rng.choice(new_passage(rng, Space.TRIAL).facts)
    said = sentence(rng, fact, named=True)
    return (ECHO + said, said), (any_question(rng, fact), fact.value)


CATEGORIES: dict[str, Callable[[random.Random], Item]] = {
    "extraction": _extraction,
    "humanities": _humanities,
    "reasoning": _reasoning,
    "writing": _writing,
}


def conversation_rows(category: str) -> list[dict[str, object]]:
    """Five different conversations of a category, in the form of MT-Bench's questions."""
    rng = random.Random(f"{_SEED}:{category}")
    items = dict.fromkeys(CATEGORIES[category](rng) for _ in range(2 * _ITEMS))
    return [
        {
            "question_id": f"{category}-{number}",
            "category": category,
            "turns": [asked for asked, _ in turns],
            "reference": [expected for _, expected in turns],
        }
        for number, turns in enumerate(list(items)[:_ITEMS])
    ]


def write_conversations(folder: Path) -> None:
    """A file of JSON lines for each category."""
    folder.mkdir(parents=True, exist_ok=True)
    for category in CATEGORIES:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in conversation_rows(category))
        write_text(folder / f"{category}.jsonl", "".join(lines))


def _about(rng: random.Random, passage: Passage, first: Fact, second: Fact) -> Item:
    """The passage is said once, as in training."""
    asked = prompt("answer", document=passage.text, question=any_question(rng, first))
    return (asked, first.value), (any_question(rng, second), second.value)
