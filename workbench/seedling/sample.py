"""The sample taxonomy, written from facts of its own name space, with the questions that prove what was learned.

Leaves, documents, the facts behind them and the proof's questions come from one seed, so a figure measured on the
sample can be checked against what the documents were written from.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.records import write_text
from workbench.seedling import names
from workbench.seedling.exercises import repair_question, reword_question
from workbench.seedling.forms import REPAIR_TASK, REWORD_TASK
from workbench.seedling.names import Space
from workbench.seedling.passages import paragraph
from workbench.seedling.tables import new_table, table_question
from workbench.seedling.world import Entity, Fact, Relation, new_entity, world

_SEED = "sample 1"
_AUTHOR = "instructlab-workbench"
_ENTITIES = 11
_SEEDS = 5
_PAIRS = 3
_CHOICES = 4


@dataclass(frozen=True)
class KnowledgeLeaf:
    """What one knowledge leaf is made of; `relations` are the same for all its entities."""

    path: str
    title: str
    family: str
    noun: str
    relations: tuple[str, ...]
    domain: str
    outline: str


KNOWLEDGE = (
    KnowledgeLeaf(
        "knowledge/engineering/lighthouses", "Lighthouses", "landmark", "lighthouse",
        ("built", "designer", "town", "height", "keeper"), "engineering",
        "Lighthouses of an invented coast: year, architect, town, height and keeper of each",
    ),
    KnowledgeLeaf(
        "knowledge/geography/islands", "Islands", "island", "island",
        ("discovered", "discoverer", "harbour", "people", "ore"), "geography",
        "Islands of an invented sea: discovery, discoverer, harbour, people and stone of each",
    ),
)  # fmt: skip


def leaf_facts(leaf: KnowledgeLeaf) -> list[list[Fact]]:
    """The facts of a leaf, a list for each entity; no value occurs twice in the leaf."""
    rng = random.Random(f"{_SEED}:{leaf.path}")
    family = world().families[leaf.family]
    relations = [relation for relation in family.relations if relation.key in leaf.relations]
    taken: set[str] = set()
    return [_entity_facts(rng, _fresh_entity(rng, leaf, taken), relations, taken) for _ in range(_ENTITIES)]


def _fresh_entity(rng: random.Random, leaf: KnowledgeLeaf, taken: set[str]) -> Entity:
    while True:
        entity = new_entity(rng, Space.SAMPLE, world().families[leaf.family], leaf.noun)
        if entity.name not in taken:
            taken.add(entity.name)
            return entity


def _entity_facts(rng: random.Random, entity: Entity, relations: Sequence[Relation], taken: set[str]) -> list[Fact]:
    facts = []
    for relation in relations:
        drawn = names.value(rng, Space.SAMPLE, relation.value)
        while drawn in taken:
            drawn = names.value(rng, Space.SAMPLE, relation.value)
        taken.add(drawn)
        facts.append(Fact(entity, relation, drawn))
    return facts


def sections(leaf: KnowledgeLeaf) -> list[tuple[str, list[Fact]]]:
    """The text under each entity's heading, and the facts it states."""
    rng = random.Random(f"{_SEED}:{leaf.path}:text")
    written = []
    for facts in leaf_facts(leaf):
        shuffled = rng.sample(facts, len(facts))
        written.append((f"## {facts[0].entity.name}\n\n{paragraph(rng, shuffled)}", facts))
    return written


def document(leaf: KnowledgeLeaf) -> str:
    """The leaf's Markdown document."""
    return f"# {leaf.title}\n\n" + "\n\n".join(text for text, _ in sections(leaf)) + "\n"


def proof_questions(leaf: KnowledgeLeaf) -> list[dict[str, object]]:
    """Two four-choice questions a fact, in the forms that nobody writes; distractors are the leaf's own values."""
    rng = random.Random(f"{_SEED}:{leaf.path}:proof")
    written = sections(leaf)
    rows: list[dict[str, object]] = []
    for text, facts in written:
        for fact in facts:
            alike = [f.value for _, others in written for f in others if f.relation == fact.relation and f != fact]
            for form in fact.relation.proof:
                choices = [fact.value, *rng.sample(alike, _CHOICES - 1)]
                rng.shuffle(choices)
                rows.append(
                    {
                        "id": f"{leaf.path.rsplit('/', 1)[1]}-{len(rows):03d}",
                        "leaf": leaf.path,
                        "question": fact.question(form),
                        "choices": choices,
                        "answer": choices.index(fact.value),
                        "context": text,
                        "fact": fact.key,
                    }
                )
    return rows


def knowledge_qna(leaf: KnowledgeLeaf) -> str:
    """The leaf's qna.yaml: contexts are sections of its own document."""
    rng = random.Random(f"{_SEED}:{leaf.path}:seeds")
    seeds = []
    for text, facts in sections(leaf)[:_SEEDS]:
        lines = [f"  - context: |\n{_indented(text, 6)}", "    questions_and_answers:"]
        for fact in rng.sample(facts, _PAIRS):
            question = fact.question(rng.choice(fact.relation.asked))
            lines += [f"      - question: {question}", f'        answer: "{fact.value}"']
        seeds.append("\n".join(lines))
    head = f"version: 3\ncreated_by: {_AUTHOR}\ndomain: {leaf.domain}\nseed_examples:\n"
    tail = f'\ndocument_outline: |\n  {leaf.outline}\ndocument:\n  repo: .\n  commit: HEAD\n  patterns:\n    - "*.md"\n'
    return head + "\n".join(seeds) + tail


def _indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line if line else "" for line in text.splitlines())


def freeform_qna(task: str, pairs: Sequence[tuple[str, str]]) -> str:
    """A freeform skill's qna.yaml."""
    seeds = [f'  - question: "{question}"\n    answer: "{answer}"' for question, answer in pairs]
    return _skill_head(task) + "\n".join(seeds) + "\n"


def grounded_qna(task: str) -> str:
    """A grounded skill's qna.yaml over tables."""
    rng = random.Random(f"{_SEED}:tables")
    seeds = []
    for _ in range(_SEEDS):
        table = new_table(rng, Space.SAMPLE)
        row, column = rng.choice(table.rows), rng.choice(table.head[1:])
        seeds.append(
            f"  - context: |\n{_indented(table.text, 6)}\n    question: {table_question(rng, row[0], column)}\n"
            f'    answer: "{table.cell(row[0], column)}"'
        )
    return _skill_head(task) + "\n".join(seeds) + "\n"


def _skill_head(task: str) -> str:
    return f"version: 3\ncreated_by: {_AUTHOR}\ntask_description: {task}\nseed_examples:\n"


def attribution(title: str) -> str:
    """The attribution.txt of a leaf of the sample."""
    return (
        f"Title of work: {title}\nLink to work: https://github.com/instructlab\nRevision: 1\n"
        "License of the work: Apache-2.0\nCreator names: the InstructLab workbench\n"
    )


def leaf_files() -> dict[str, str]:
    """Every file of the sample taxonomy by its path."""
    rng = random.Random(f"{_SEED}:skills")
    files = {}
    for leaf in KNOWLEDGE:
        files[f"{leaf.path}/qna.yaml"] = knowledge_qna(leaf)
        files[f"{leaf.path}/{leaf.path.rsplit('/', 1)[1]}.md"] = document(leaf)
        files[f"{leaf.path}/attribution.txt"] = attribution(leaf.title)
    for path, task, draw in (
        ("compositional_skills/writing/spelling", REPAIR_TASK, repair_question),
        ("compositional_skills/writing/rewording", REWORD_TASK, reword_question),
    ):
        pairs = [draw(rng, Space.SAMPLE) for _ in range(_SEEDS)]
        files[f"{path}/qna.yaml"] = freeform_qna(task, pairs)
        files[f"{path}/attribution.txt"] = attribution(task.removesuffix("."))
    path = "compositional_skills/extraction/registers"
    files[f"{path}/qna.yaml"] = grounded_qna("Look up a value in a table.")
    files[f"{path}/attribution.txt"] = attribution("Looking up a value in a table")
    return files


def write_sample(taxonomy: Path, assets: Path) -> list[Path]:
    """Write the sample taxonomy, `facts/` and `proof/`; returns the files."""
    contents = {taxonomy / name: text for name, text in leaf_files().items()}
    for leaf in KNOWLEDGE:
        name = leaf.path.replace("/", "_") + ".jsonl"
        rows: list[dict[str, object]] = [
            {"entity": fact.entity.name, "relation": fact.relation.key, "value": fact.value}
            for facts in leaf_facts(leaf)
            for fact in facts
        ]
        contents[assets / "facts" / name] = _jsonl(rows)
        contents[assets / "proof" / name] = _jsonl(proof_questions(leaf))
    for path, text in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    return list(contents)


def _jsonl(rows: Sequence[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
