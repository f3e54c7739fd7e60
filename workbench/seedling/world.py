"""Entities, relations and facts of the invented world, and the question forms that lead back to them."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from workbench.seedling import names
from workbench.seedling.names import Space

FORM_SETS = ("asked", "reworded", "proof")


@dataclass(frozen=True)
class Relation:
    """What can be said of an entity; `statements` and the question forms hold `{n}` and `{v}`."""

    key: str
    value: str
    statements: tuple[str, ...]
    asked: tuple[str, ...]
    reworded: tuple[str, ...]
    proof: tuple[str, ...]

    def forms(self, *sets: str) -> tuple[str, ...]:
        """Question forms of the named sets, in order; of all sets where none is named."""
        return tuple(form for name in sets or FORM_SETS for form in getattr(self, name))


@dataclass(frozen=True)
class Family:
    """A kind of entity: its nouns (common noun to name part) and relations."""

    key: str
    nouns: dict[str, str]
    relations: tuple[Relation, ...]


@dataclass(frozen=True)
class Entity:
    """Something with a name, such as `Velmar Light`."""

    name: str
    family: str


@dataclass(frozen=True)
class Fact:
    """One relation of one entity."""

    entity: Entity
    relation: Relation
    value: str

    @property
    def key(self) -> str:
        """`<entity>|<relation>`, as records name a fact."""
        return f"{self.entity.name}|{self.relation.key}"

    def question(self, form: str) -> str:
        """The question that a form makes of this fact."""
        return form.replace("{n}", self.entity.name)

    def statement(self, form: str) -> str:
        """The sentence that a form makes of this fact."""
        return form.replace("{n}", self.entity.name).replace("{v}", self.value)


@dataclass(frozen=True)
class World:
    """The families by name, and sentences that say nothing."""

    families: dict[str, Family]
    fillers: tuple[str, ...]


@cache
def world() -> World:
    """The world of `world.yaml`."""
    data = yaml.safe_load(resources.files("workbench.seedling").joinpath("world.yaml").read_text("utf-8"))
    families = {key: _family(key, entry) for key, entry in data["families"].items()}
    return World(families, tuple(data["fillers"]))


def _family(key: str, entry: dict[str, Any]) -> Family:
    relations = tuple(
        Relation(name, fields["value"], *(tuple(fields[part]) for part in ("statements", *FORM_SETS)))
        for name, fields in entry["relations"].items()
    )
    return Family(key, dict(entry["nouns"]), relations)


def new_entity(rng: random.Random, space: Space, family: Family, noun: str = "") -> Entity:
    """An entity with an invented name; its noun is drawn unless given."""
    part = family.nouns[noun or rng.choice(sorted(family.nouns))]
    return Entity(f"{names.invented_word(rng, space, 'name')} {part}", family.key)


def new_facts(rng: random.Random, space: Space, entity: Entity, count: int) -> list[Fact]:
    """`count` facts of different relations of the entity, no value twice."""
    relations = rng.sample(world().families[entity.family].relations, count)
    facts: list[Fact] = []
    for relation in relations:
        drawn = names.value(rng, space, relation.value)
        while any(drawn == fact.value for fact in facts):
            drawn = names.value(rng, space, relation.value)
        facts.append(Fact(entity, relation, drawn))
    return facts


def _patterns() -> Iterator[tuple[re.Pattern[str], str]]:
    for family in world().families.values():
        nouns = "|".join(sorted(family.nouns.values()))
        for relation in family.relations:
            for form in relation.forms():
                pattern = re.escape(form).replace(re.escape("{n}"), rf"(?P<n>\w+ (?:{nouns}))")
                yield re.compile(pattern), relation.key


@cache
def _all_patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(_patterns())


def read_question(question: str) -> tuple[str, str] | None:
    """Entity name and relation key that a question asks for, or None where it is in no known form."""
    for pattern, relation in _all_patterns():
        if found := pattern.fullmatch(question.strip()):
            return found["n"], relation
    return None
