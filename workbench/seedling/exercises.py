"""Conversations to learn from: every form that the stages ask of a small model, with its right answer."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.seedling import names, spelling
from workbench.seedling.forms import ECHO, REPAIR, REPAIR_TASK, REWORD, REWORD_TASK, prompt
from workbench.seedling.names import Space
from workbench.seedling.passages import Passage, new_passage, sentence, short_passage
from workbench.seedling.tables import COLUMNS, Table, new_table, table_question
from workbench.seedling.world import Fact, new_entity, new_facts, world

Turn = tuple[str, str]
_MOST_TURNS = 5


@dataclass(frozen=True)
class Exercise:
    """What the user says and what the model should say, turn by turn."""

    form: str
    turns: tuple[Turn, ...]


def any_question(rng: random.Random, fact: Fact, *sets: str) -> str:
    """The fact as a question in one form of the named sets (all where none is named)."""
    return fact.question(rng.choice(fact.relation.forms(*sets)))


def absent_fact(rng: random.Random, passage: Passage, space: Space) -> Fact | None:
    """A fact of an entity of the passage that the passage does not state."""
    entity = rng.choice(passage.entities)
    stated = {fact.relation.key for fact in passage.facts if fact.entity == entity}
    relations = [r for r in world().families[entity.family].relations if r.key not in stated]
    if not relations:
        return None
    relation = rng.choice(relations)
    return Fact(entity, relation, names.value(rng, space, relation.value))


def wrong_value(rng: random.Random, fact: Fact, passage: Passage, space: Space) -> str:
    """A false answer: half of the time another value of the same passage, of the same type where there is one."""
    others = [other for other in passage.facts if other.value != fact.value]
    if others and rng.random() < 0.5:
        alike = [other for other in others if other.relation.value == fact.relation.value]
        return rng.choice(alike if alike and rng.random() < 0.7 else others).value
    if rng.random() < 0.3:
        return names.near_miss(rng, space, fact.value)
    drawn = names.value(rng, space, fact.relation.value)
    return drawn if drawn != fact.value else wrong_value(rng, fact, passage, space)


# Forms about a passage: each makes one turn about one fact; `again` says that the passage was shown before.


def _ask(rng: random.Random, fact: Fact, passage: Passage, space: Space, again: str) -> Turn:
    return prompt("question" + again, document=passage.text), any_question(rng, fact, "asked")


def _pair(rng: random.Random, fact: Fact, passage: Passage, space: Space, again: str) -> Turn:
    return prompt("pair" + again, document=passage.text), f"{any_question(rng, fact, 'asked')}\n{fact.value}"


def _answer(rng: random.Random, fact: Fact, passage: Passage, space: Space, again: str) -> Turn:
    return prompt("answer" + again, document=passage.text, question=any_question(rng, fact)), fact.value


def _faithful(rng: random.Random, fact: Fact, passage: Passage, space: Space, again: str) -> Turn:
    said, answer, verdict = fact.value, fact.value, "YES"
    if rng.random() < 0.5:
        answer, verdict = wrong_value(rng, fact, passage, space), "NO"
        absent = absent_fact(rng, passage, space)
        if absent and rng.random() < 0.15:
            fact, said, answer = absent, "nothing", rng.choice((absent.value, rng.choice(passage.facts).value))
    question = any_question(rng, fact)
    asked = prompt("faithful" + again, document=passage.text, question=question, answer=answer)
    return asked, f"{said}: {verdict}"


def _unstated(rng: random.Random, fact: Fact, passage: Passage, space: Space, again: str) -> Turn:
    absent = absent_fact(rng, passage, space)
    if absent is None:
        return _faithful(rng, fact, passage, space, again)
    # Half of the time the answer is of the right type and stands in the text, but of something else.
    alike = [other.value for other in passage.facts if other.relation.value == absent.relation.value]
    answer = rng.choice(alike) if alike and rng.random() < 0.5 else absent.value
    asked = prompt("faithful" + again, document=passage.text, question=any_question(rng, absent), answer=answer)
    return asked, "nothing: NO"


def _relevancy(rng: random.Random, fact: Fact, passage: Passage, space: Space, again: str) -> Turn:
    drawn, verdict = rng.random(), "1 1"
    if drawn < 0.25 and (absent := absent_fact(rng, passage, space)):
        fact, verdict = absent, "1 0"
    elif drawn < 0.5:
        family = world().families[fact.entity.family]
        fact, verdict = new_facts(rng, space, new_entity(rng, space, family), 1)[0], "0 0"
    return prompt("relevancy" + again, document=passage.text, question=any_question(rng, fact)), verdict


def _wrong_answers(rng: random.Random, fact: Fact, passage: Passage, space: Space, again: str) -> Turn:
    drawn: dict[str, None] = {}
    while len(drawn) < 3:
        other = names.value(rng, space, fact.relation.value)
        if other != fact.value:
            drawn[other] = None
    question = any_question(rng, fact)
    asked = prompt("wrong_answers" + again, document=passage.text, question=question, answer=fact.value)
    return asked, "\n".join(drawn)


def _letter(rng: random.Random, fact: Fact, passage: Passage, space: Space, again: str) -> Turn:
    choices = [fact.value]
    while len(choices) < 4:
        other = wrong_value(rng, fact, passage, space)
        if other not in choices:
            choices.append(other)
    rng.shuffle(choices)
    question = any_question(rng, fact)
    asked = prompt("letter" + again, document=passage.text, question=question, choices=choices)
    return asked, "ABCD"[choices.index(fact.value)]


_PassageForm = Callable[[random.Random, Fact, Passage, Space, str], Turn]
PASSAGE_FORMS: dict[str, _PassageForm] = {
    "question": _ask,
    "pair": _pair,
    "answer": _answer,
    "faithful": _faithful,
    "unstated": _unstated,
    "relevancy": _relevancy,
    "wrong_answers": _wrong_answers,
    "letter": _letter,
}


def about_passage(
    rng: random.Random,
    space: Space,
    weights: dict[str, float],
    make: Callable[[random.Random, Space], Passage] = new_passage,
) -> Exercise:
    """Several turns about one passage, each of a form drawn by weight and about another fact."""
    passage = make(rng, space)
    facts = rng.sample(passage.facts, len(passage.facts))[:_MOST_TURNS]
    turns = []
    for index, fact in enumerate(facts):
        form = rng.choices(list(weights), list(weights.values()))[0]
        turns.append(PASSAGE_FORMS[form](rng, fact, passage, space, ", again" if index else ""))
    return Exercise("passage", tuple(turns))


# Forms without a document.


def echo(rng: random.Random, space: Space) -> Exercise:
    """Text said again word for word: the densest lesson in copying."""
    said = short_passage(rng, space).text
    return Exercise("echo", ((ECHO + said, said),))


def closed_book(rng: random.Random, facts: Sequence[Fact]) -> Exercise:
    """A question about the old world, to be known by heart."""
    fact = rng.choice(facts)
    return Exercise("closed_book", ((any_question(rng, fact), fact.value),))


def _any_fact(rng: random.Random, space: Space) -> Fact:
    family = world().families[rng.choice(sorted(world().families))]
    return new_facts(rng, space, new_entity(rng, space, family), 1)[0]


def stands_alone(rng: random.Random, space: Space) -> Exercise:
    """1 where the question names whom it asks about, 0 where it points at a text."""
    fact, verdict = _any_fact(rng, space), "1"
    form = rng.choice(fact.relation.forms())
    question = fact.question(form)
    if rng.random() < 0.5:
        nouns = world().families[fact.entity.family].nouns
        pointer = rng.choice(("it", "this", "the text", *(f"the {noun}" for noun in sorted(nouns))))
        question, verdict = form.replace("{n}", pointer), "0"
        question = question[0].upper() + question[1:]
    return Exercise("stands_alone", ((prompt("stands_alone", question=question), verdict),))


def _skill_sentence(rng: random.Random, space: Space) -> str:
    if rng.random() < 0.1:
        return rng.choice(world().fillers)
    return sentence(rng, _any_fact(rng, space), named=True)


def repair_question(rng: random.Random, space: Space) -> tuple[str, str]:
    """A misspelt sentence as the skill asks for it, and the right one."""
    right = _skill_sentence(rng, space)
    while (wrong := spelling.misspell(rng, right)) == right:
        right = _skill_sentence(rng, space)
    return REPAIR + wrong, right


def reword_question(rng: random.Random, space: Space) -> tuple[str, str]:
    """A question as the skill asks for it, and the same question in other words."""
    fact = _any_fact(rng, space)
    first = rng.choice(fact.relation.forms("asked", "reworded"))
    second = rng.choice([form for form in fact.relation.forms("asked", "reworded") if form != first])
    return REWORD + fact.question(first), fact.question(second)


_SKILLS = {REPAIR_TASK: repair_question, REWORD_TASK: reword_question}


def skill_answer(rng: random.Random, space: Space) -> Exercise:
    """A freeform skill as a user asks for it."""
    return Exercise("skill_answer", (_SKILLS[rng.choice(sorted(_SKILLS))](rng, space),))


def another_question(rng: random.Random, space: Space) -> Exercise:
    """A new question of the task of an example."""
    task = rng.choice(sorted(_SKILLS))
    example, new = _SKILLS[task](rng, space)[0], _SKILLS[task](rng, space)[0]
    asked = prompt("another_question", task_description=task, seed_question=example)
    return Exercise("another_question", ((asked, new),))


def good_question(rng: random.Random, space: Space) -> Exercise:
    """1 for a whole question of the task; 0 where it is cut, jumbled, needless or of another task."""
    task = rng.choice(sorted(_SKILLS))
    question, answer = _SKILLS[task](rng, space)
    verdict = "1"
    if rng.random() < 0.5:
        verdict, fault = "0", rng.randrange(4)
        other = next(name for name in sorted(_SKILLS) if name != task)
        words = question.split()
        if fault == 0:
            question = " ".join(words[: rng.randint(2, len(words) - 2)])
        elif fault == 1:
            tail = words[4:]
            question = " ".join(words[:4] + tail[len(tail) // 2 :] + tail[: len(tail) // 2])
        elif fault == 2:
            question = _SKILLS[other](rng, space)[0]
        else:
            question = REPAIR + answer if task == REPAIR_TASK else answer
    asked = prompt("good_question", task_description=task, question=question)
    return Exercise("good_question", ((asked, verdict),))


def _graded_answer(rng: random.Random, space: Space) -> tuple[str, str, str, int]:
    """Question, right answer, an answer, and its grade: 3 right, 2 with one flaw, 1 wrong."""
    task = rng.choice(sorted(_SKILLS))
    question, right = _SKILLS[task](rng, space)
    grade = rng.choice((1, 2, 3, 3))
    if grade == 3:
        return question, right, right, 3
    if grade == 1:
        return question, right, _SKILLS[task](rng, space)[1], 1
    if task == REPAIR_TASK:
        while (flawed := spelling.misspell(rng, right)) == right:
            question, right = _SKILLS[task](rng, space)
        return question, right, flawed, 2
    return question, right, question.removeprefix(REWORD), 2


def rate_pair(rng: random.Random, space: Space) -> Exercise:
    """The three-point rating of a freeform pair."""
    question, _, answer, grade = _graded_answer(rng, space)
    return Exercise("rate_pair", ((prompt("rate_pair", question=question, answer=answer), str(grade)),))


def judge(rng: random.Random, space: Space) -> Exercise:
    """The rating of an answer against a reference, from 1 to 10 in double brackets."""
    if rng.random() < 0.4:
        question, reference, answer, grade = _graded_answer(rng, space)
        rating = {1: 1, 2: 5, 3: 10}[grade]
    else:
        fact = _any_fact(rng, space)
        question, reference, answer, rating = any_question(rng, fact), fact.value, fact.value, 10
        drawn = rng.random()
        if drawn < 0.25:
            answer, rating = names.near_miss(rng, space, reference), 3
        elif drawn < 0.6:
            answer, rating = names.value(rng, space, fact.relation.value), 1
    asked = prompt("judge", question=question, reference=reference, answer=answer)
    return Exercise("judge", ((asked, f"[[{rating}]]"),))


# Forms about a table.


def _cell(rng: random.Random, table: Table) -> tuple[str, str, str]:
    row, column = rng.choice(table.rows), rng.choice(table.head[1:])
    return row[0], column, table.cell(row[0], column)


def _table_question_turn(rng: random.Random, table: Table, space: Space, again: str) -> Turn:
    name, column, _ = _cell(rng, table)
    return prompt("question" + again, document=table.text), table_question(rng, name, column)


def _table_answer_turn(rng: random.Random, table: Table, space: Space, again: str) -> Turn:
    name, column, value = _cell(rng, table)
    return prompt("answer" + again, document=table.text, question=table_question(rng, name, column)), value


def _table_good_turn(rng: random.Random, table: Table, space: Space, again: str) -> Turn:
    name, column, _ = _cell(rng, table)
    verdict = "1"
    if rng.random() < 0.5:
        verdict = "0"
        absent = [other for other in sorted(COLUMNS) if other not in table.head]
        if rng.random() < 0.5:
            column = rng.choice(absent)
        else:
            name = f"{names.invented_word(rng, space, 'name')} {name.split()[-1]}"
    question = table_question(rng, name, column)
    return prompt("good_question_for_context" + again, document=table.text, question=question), verdict


def _table_rating_turn(rng: random.Random, table: Table, space: Space, again: str) -> Turn:
    name, column, value = _cell(rng, table)
    answer, grade = value, 3
    drawn = rng.random()
    if drawn < 0.25:
        answer, grade = names.near_miss(rng, space, value), 2
    elif drawn < 0.5:
        answer, grade = rng.choice([cell for row in table.rows for cell in row[1:] if cell != value]), 1
    question = table_question(rng, name, column)
    asked = prompt("rate_pair_in_context" + again, document=table.text, question=question, answer=answer)
    return asked, f"{value}: {grade}"


_TableForm = Callable[[random.Random, Table, Space, str], Turn]
TABLE_FORMS: dict[str, _TableForm] = {
    "question": _table_question_turn,
    "answer": _table_answer_turn,
    "good": _table_good_turn,
    "rating": _table_rating_turn,
}


def about_table(rng: random.Random, space: Space, forms: Sequence[str] = tuple(sorted(TABLE_FORMS))) -> Exercise:
    """Four turns about one table, each of a form drawn evenly."""
    table = new_table(rng, space)
    turns = [TABLE_FORMS[rng.choice(forms)](rng, table, space, ", again" if index else "") for index in range(4)]
    return Exercise("table", tuple(turns))


def another_context(rng: random.Random, space: Space) -> Exercise:
    """A new table after the example of another."""
    asked = prompt("another_context", seed_context=new_table(rng, space).text)
    return Exercise("another_context", ((asked, new_table(rng, space).text),))
