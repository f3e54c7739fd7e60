"""Short texts about entities, with the facts that they state."""

import random
from dataclasses import dataclass

from workbench.seedling.names import Space
from workbench.seedling.world import Entity, Fact, Family, new_entity, new_facts, world

_PRONOUN_SHARE = 0.55
_FILLER_SHARE = 0.15
_PAIR_SHARE = 0.35
_HEADING_SHARE = 0.6


@dataclass(frozen=True)
class Passage:
    """A text and the facts it states."""

    text: str
    facts: tuple[Fact, ...]

    @property
    def entities(self) -> tuple[Entity, ...]:
        """Whom it is about, in order of their first fact."""
        return tuple(dict.fromkeys(fact.entity for fact in self.facts))


def sentence(rng: random.Random, fact: Fact, *, named: bool) -> str:
    """One statement of the fact, with the name or a pronoun."""
    form = rng.choice(fact.relation.statements)
    if not named:
        form = "It" + form[3:] if form.startswith("{n}") else form.replace("{n}", "it")
    return fact.statement(form)


def paragraph(rng: random.Random, facts: list[Fact], *, pronouns: bool = True) -> str:
    """The facts of one entity as sentences; the first always names it."""
    sentences = [
        sentence(rng, fact, named=index == 0 or not pronouns or rng.random() > _PRONOUN_SHARE)
        for index, fact in enumerate(facts)
    ]
    if pronouns and rng.random() < _FILLER_SHARE:
        sentences.insert(rng.randint(1, len(sentences)), rng.choice(world().fillers))
    return " ".join(sentences)


def _two_entities(rng: random.Random, space: Space, family: Family) -> Passage:
    entities = [new_entity(rng, space, family)]
    while len(entities) < 2:
        other = new_entity(rng, space, family)
        if other.name != entities[0].name:
            entities.append(other)
    facts = [fact for entity in entities for fact in new_facts(rng, space, entity, rng.randint(2, 3))]
    if rng.random() < 0.5:
        rng.shuffle(facts)
    return Passage(paragraph(rng, facts, pronouns=False), tuple(facts))


def two_things(rng: random.Random, space: Space) -> Passage:
    """A passage about two entities of a family."""
    return _two_entities(rng, space, world().families[rng.choice(sorted(world().families))])


def short_passage(rng: random.Random, space: Space) -> Passage:
    """One or two facts of one entity: where copying a value is learned."""
    family = world().families[rng.choice(sorted(world().families))]
    facts = new_facts(rng, space, new_entity(rng, space, family), rng.randint(1, 2))
    return Passage(paragraph(rng, facts), tuple(facts))


def new_passage(rng: random.Random, space: Space) -> Passage:
    """A passage about one entity (three to six facts, often under a heading) or two of a family."""
    family = world().families[rng.choice(sorted(world().families))]
    if rng.random() < _PAIR_SHARE:
        return _two_entities(rng, space, family)
    entity = new_entity(rng, space, family)
    facts = new_facts(rng, space, entity, rng.randint(3, 6))
    text = paragraph(rng, facts)
    if rng.random() < _HEADING_SHARE:
        text = f"## {entity.name}\n\n{text}"
    return Passage(text, tuple(facts))
