import random

from workbench.seedling.names import Space
from workbench.seedling.world import FORM_SETS, Fact, new_entity, new_facts, read_question, world

RELATIONS = [(family, relation) for family in world().families.values() for relation in family.relations]
FACTS = [
    Fact(new_entity(random.Random(f"{number}"), Space.RECIPE, family), relation, "x")
    for number, (family, relation) in enumerate(RELATIONS)
]


def test_every_question_leads_back_to_its_fact() -> None:
    for fact in FACTS:
        for form in fact.relation.forms():
            assert read_question(fact.question(form)) == (fact.entity.name, fact.relation.key), form


def test_no_form_belongs_to_two_relations() -> None:
    forms = [(form, relation.key) for _, relation in RELATIONS for form in relation.forms()]
    owners: dict[str, set[str]] = {}
    for form, key in forms:
        owners.setdefault(form.casefold(), set()).add(key)
    assert not {form: keys for form, keys in owners.items() if len(keys) > 1}
    keys = [relation.key for _, relation in RELATIONS]
    assert len(keys) == len(set(keys)), "a relation's key would not say which one it is"


def test_the_forms_of_the_proof_are_written_by_nobody() -> None:
    written = {form.casefold() for _, relation in RELATIONS for form in relation.forms("asked", "reworded")}
    proof = {form.casefold() for _, relation in RELATIONS for form in relation.forms("proof")}
    assert len(proof) == 2 * len(RELATIONS)
    assert not written & proof


def test_every_relation_has_several_phrasings() -> None:
    for _, relation in RELATIONS:
        assert len(relation.statements) == 4
        assert [len(relation.forms(name)) for name in FORM_SETS] == [4, 2, 2]
        assert len(set(relation.forms())) == 8
        assert all(form.count("{n}") == 1 and form.count("{v}") == 1 for form in relation.statements)
        assert all(form.count("{n}") == 1 and "{v}" not in form for form in relation.forms())
    assert len(RELATIONS) >= 18


def test_what_is_no_question_of_this_world_leads_nowhere() -> None:
    for text in ("", "Who are you?", "Who designed it?", "Who designed Velmar?", "Who designed Velmar Light? Tell me."):
        assert read_question(text) is None
    assert read_question("  Who designed Velmar Light?\n") == ("Velmar Light", "designer")


def test_an_entity_is_called_after_its_noun() -> None:
    family = world().families["landmark"]
    assert new_entity(random.Random(1), Space.RECIPE, family, "lighthouse").name.endswith(" Light")
    drawn = {new_entity(random.Random(n), Space.RECIPE, family).name.split()[1] for n in range(200)}
    assert drawn == set(family.nouns.values())


def test_facts_of_an_entity_differ_in_relation_and_value() -> None:
    rng = random.Random(3)
    for family in world().families.values():
        for _ in range(50):
            facts = new_facts(rng, Space.RECIPE, new_entity(rng, Space.RECIPE, family), 5)
            assert len({fact.relation.key for fact in facts}) == len({fact.value for fact in facts}) == 5
            assert all(fact.key == f"{fact.entity.name}|{fact.relation.key}" for fact in facts)


def test_a_fact_is_stated_with_name_and_value() -> None:
    rng = random.Random(3)
    family = world().families["island"]
    (fact,) = new_facts(rng, Space.RECIPE, new_entity(rng, Space.RECIPE, family), 1)
    for form in fact.relation.statements:
        assert fact.entity.name in fact.statement(form)
        assert fact.value in fact.statement(form)
