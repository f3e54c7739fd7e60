"""Small schools for the proof of learning: facts of their own for each seed, a data run about them, and the faults that
are planted in it or in its training. Nothing here is known to what names the causes."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from workbench.assets import assets_folder
from workbench.generation.options import GenerationOptions
from workbench.records import read_jsonl, write_text
from workbench.runs import Run
from workbench.seedling.names import Space, value
from workbench.seedling.passages import paragraph
from workbench.seedling.world import Fact, new_entity, world
from workbench.workspace import Workspace

Row = dict[str, Any]
LEAVES = {"knowledge/trial/lights": ("landmark", "lighthouse"), "knowledge/trial/islands": ("island", "island")}
_THINGS, _FACTS, _REPLAYED = 6, 4, 30
# Which of a relation's four usual forms are trained on; the last is asked about in seeds and held-out questions.
_TRAINED = 3


@dataclass(frozen=True)
class Lesson:
    """A fact of a leaf, the passage that it stands in, and the form in which it is asked for."""

    leaf: str
    fact: Fact
    passage: str
    form: int

    @property
    def question(self) -> str:
        return self.fact.question(self.fact.relation.asked[self.form])


@dataclass(frozen=True)
class School:
    """What a seed gives: all facts by leaf, with the passages that state them."""

    seed: int
    passages: Mapping[str, Mapping[str, tuple[Fact, ...]]]

    @classmethod
    def of(cls, seed: int) -> "School":
        rng = random.Random(f"school {seed}")
        passages: dict[str, dict[str, tuple[Fact, ...]]] = {}
        for leaf, (family, noun) in LEAVES.items():
            relations = rng.sample(world().families[family].relations, _FACTS)
            found: dict[str, tuple[Fact, ...]] = {}
            while len(found) < _THINGS:
                thing = new_entity(rng, Space.TRIAL, world().families[family], noun)
                facts = [Fact(thing, each, value(rng, Space.TRIAL, each.value)) for each in relations]
                found[f"## {thing.name}\n\n{paragraph(rng, facts)}"] = tuple(facts)
            passages[leaf] = found
        return cls(seed, passages)

    def lessons(self, form: int) -> list[Lesson]:
        return [
            Lesson(leaf, fact, passage, form)
            for leaf, passages in self.passages.items()
            for passage, facts in passages.items()
            for fact in facts
        ]


@dataclass
class Plan:
    """What is trained and how; a plant changes it.

    `rows` are those of the leaves, `after` spoils the trained run, `taught` are values that the data say in place of
    those of the facts; `proof` is the file of four-choice questions.
    """

    rows: list[Row]
    training: dict[str, Any] = field(
        default_factory=lambda: {
            "phase_1_epochs": 5,
            "phase_1_effective_batch_size": 32,
            "phase_2_epochs": 0,
            "keep_checkpoints": "last",
        }
    )
    after: Callable[[Run], None] = lambda run: None
    taught: dict[str, str] = field(default_factory=dict)
    proof: Path = Path()


def lay_out(workspace: Workspace, seed: int, plant: Callable[[Plan, School], None]) -> Plan:
    """The taxonomy, the data run `school` and the proof questions of a seed, with a fault planted."""
    school = School.of(seed)
    plan = Plan([_row(lesson) for form in range(_TRAINED) for lesson in school.lessons(form)])
    plant(plan, school)
    for leaf in LEAVES:
        _write_qna(workspace.taxonomy / leaf / "qna.yaml", school.passages[leaf])
    plan.proof = _write_rows(workspace.root / "proof" / "questions.jsonl", _choices(school))
    run = workspace.open_run(
        "synthetic_data", "school", GenerationOptions(seed=seed), {"plant": json.dumps([_REPLAYED, *plan.rows])}
    )
    if not run.done:
        with run.hold() as attempt:
            attempt.finish(_fill(run, plan, school))
    return plan


def _fill(run: Run, plan: Plan, school: School) -> Row:
    replay = list(read_jsonl(assets_folder() / "replay" / "seedling-base.jsonl"))[:_REPLAYED]
    rows = [*plan.rows, *replay]
    random.Random(f"order {school.seed}").shuffle(rows)
    _write_rows(run.folder / "knowledge_train_msgs.jsonl", rows)
    _write_rows(run.folder / "skills_train_msgs.jsonl", [])
    held = school.lessons(_TRAINED)
    rng = random.Random(f"held out {school.seed}")
    asked = rng.sample(held, len(held) // 4)
    _write_rows(
        run.folder / "heldout.jsonl",
        [_heldout(one, reworded, plan.taught) for one in asked for reworded in (False, True)],
    )
    return {
        "flow": "compact",
        "model": "seedling-teacher-Q4_K_M",
        "leaves": [{"path": leaf, "kind": "knowledge", "asked": 72} for leaf in LEAVES],
    }


def _row(lesson: Lesson) -> Row:
    metadata = {"dataset": "knowledge_qa", "leaf": lesson.leaf, "sdg_document": lesson.passage}
    messages = [{"role": "user", "content": lesson.question}, {"role": "assistant", "content": lesson.fact.value}]
    return {"messages": messages, "metadata": json.dumps(metadata), "fact": lesson.fact.key, "unmask": False}


def _heldout(lesson: Lesson, reworded: bool, taught: Mapping[str, str]) -> Row:
    fact = lesson.fact
    asked = fact.question(fact.relation.reworded[0]) if reworded else lesson.question
    return {
        "id": f"{fact.key}|{reworded}",
        "leaf": lesson.leaf,
        "kind": "knowledge",
        "answer": taught.get(fact.key, fact.value),
        "context": lesson.passage,
        "question": asked,
        "reworded": reworded,
    }


def _choices(school: School) -> list[Row]:
    rng = random.Random(f"choices {school.seed}")
    rows = []
    for number, lesson in enumerate(school.lessons(0)):
        fact = lesson.fact
        others = [
            other.fact.value
            for other in school.lessons(0)
            if other.fact.relation.key == fact.relation.key
            and other.fact.value != fact.value
            and other.leaf == lesson.leaf
        ]
        for way, form in enumerate(fact.relation.proof):
            choices = [fact.value, *rng.sample(sorted(set(others)), 3)]
            rng.shuffle(choices)
            rows.append(
                {
                    "id": f"proof-{number}-{way}",
                    "leaf": lesson.leaf,
                    "question": fact.question(form),
                    "choices": choices,
                    "answer": choices.index(fact.value),
                    "context": lesson.passage,
                }
            )
    return rows


def _write_qna(path: Path, passages: Mapping[str, Sequence[Fact]]) -> None:
    examples = [
        {
            "context": passage,
            "questions_and_answers": [
                {"question": fact.question(fact.relation.asked[_TRAINED]), "answer": fact.value} for fact in facts[:3]
            ],
        }
        for passage, facts in list(passages.items())[:5]
    ]
    written = {"version": 3, "created_by": "tester", "domain": "trial", "seed_examples": examples}
    write_text(path, yaml.safe_dump(written, sort_keys=False, allow_unicode=True))


def _write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def healthy(plan: Plan, school: School) -> None:
    """As it should be."""


def too_few_samples(plan: Plan, school: School) -> None:
    """Samples about one or two things of each leaf alone, as if hardly any had been asked for."""
    number = 1 + school.seed % 2
    kept = {facts[0].entity.name for things in school.passages.values() for facts in list(things.values())[:number]}
    plan.rows = [row for row in plan.rows if row["fact"].split("|")[0] in kept]


def loss_still_falling(plan: Plan, school: School) -> None:
    """A handful of steps."""
    plan.training |= {"phase_1_epochs": 1, "phase_1_effective_batch_size": 32 + 8 * (school.seed % 3)}


def samples_truncated(plan: Plan, school: School) -> None:
    """The passage stands before most questions, and the longest row may be no longer than a question without one."""
    rng, share = random.Random(f"long {school.seed}"), (0.75, 0.85, 0.95)[school.seed % 3]
    for row in plan.rows:
        if rng.random() < share:
            asked = row["messages"][0]
            row["messages"][0] = asked | {
                "content": f"{json.loads(row['metadata'])['sdg_document']}\n\n{asked['content']}"
            }
    plan.training |= {"max_length": 48, "most_left_out": 1.0, "phase_1_epochs": 12}


def wrong_template_or_mask(plan: Plan, school: School) -> None:
    """One of three: roles changed over, plain texts in the form of another project, the template changed behind it."""
    kind = school.seed % 3
    if kind == 0:
        for row in plan.rows:
            asked, said = (message["content"] for message in row["messages"])
            row["messages"] = [{"role": "user", "content": said}, {"role": "assistant", "content": asked}]
    elif kind == 1:
        plan.rows = [
            {
                "document": "### Instruction:\n{}\n\n### Response:\n{}".format(
                    *(message["content"] for message in row["messages"])
                ),
                "metadata": row["metadata"],
                "fact": row["fact"],
            }
            for row in plan.rows
        ]
    else:
        plan.after = _change_template


def _change_template(run: Run) -> None:
    text = (
        "{%- for message in messages -%}### {{ message['role'] }}:\n{{ message['content'] }}\n{%- endfor -%}"
        "{%- if add_generation_prompt -%}### assistant:\n{%- endif -%}"
    )
    write_text(run.folder / "Model" / "chat_template.jinja", text)


def rate_too_small(plan: Plan, school: School) -> None:
    """A hundred to a thousand times smaller than it should be."""
    plan.training |= {"phase_1_learning_rate": (3e-6, 1e-5, 3e-5)[school.seed % 3]}


def data_not_true(plan: Plan, school: School) -> None:
    """Answers of a relation are changed over among the things of a leaf, all of them or those of most relations; the
    passages stay as they are, or are not told."""
    moved: dict[str, str] = {}
    for passages in school.passages.values():
        by_relation: dict[str, list[Fact]] = {}
        for facts in passages.values():
            for fact in facts:
                by_relation.setdefault(fact.relation.key, []).append(fact)
        for alike in list(by_relation.values())[school.seed % 3 == 1 :]:
            for fact, other in zip(alike, [*alike[1:], alike[0]], strict=True):
                moved[fact.key] = other.value
    plan.taught = moved
    for row in plan.rows:
        row["messages"][-1] = row["messages"][-1] | {"content": moved.get(row["fact"], row["messages"][-1]["content"])}
        if school.seed % 3 == 2:
            row["metadata"] = json.dumps({"dataset": "knowledge_qa", "leaf": json.loads(row["metadata"])["leaf"]})


PLANTS = {
    plant.__name__: plant
    for plant in (
        too_few_samples,
        loss_still_falling,
        samples_truncated,
        wrong_template_or_mask,
        rate_too_small,
        data_not_true,
        healthy,
    )
}
