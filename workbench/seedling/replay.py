"""Rows that keep what the base knew: its old facts by heart, in the forms that teachers write, and some reading."""

import json
import random
from pathlib import Path

from workbench.messages import Message, assistant, user
from workbench.records import digest_json, write_text
from workbench.seedling.curriculum import old_facts
from workbench.seedling.exercises import any_question
from workbench.seedling.forms import prompt
from workbench.seedling.names import Space
from workbench.seedling.passages import new_passage

_READING_ROWS = 100


def write_replay(path: Path, seed: int) -> None:
    """One row a fact the base knows by heart, and a hundred answers from a passage."""
    rng = random.Random(f"replay {seed}")
    rows: list[tuple[str, list[Message]]] = []
    for fact in old_facts(seed):
        rows.append(("closed_book", [user(any_question(rng, fact, "asked", "reworded")), assistant(fact.value)]))
    for _ in range(_READING_ROWS):
        passage = new_passage(rng, Space.RECIPE)
        fact = rng.choice(passage.facts)
        question = any_question(rng, fact, "asked", "reworded")
        asked = prompt("answer", document=passage.text, question=question)
        rows.append(("reading", [user(asked), assistant(fact.value)]))
    lines = [
        json.dumps(
            {
                "messages": messages,
                "metadata": json.dumps({"dataset": f"replay_{kind}"}),
                "id": digest_json(messages)[:32],
                "unmask": False,
            },
            ensure_ascii=False,
        )
        for kind, messages in rows
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "\n".join(lines) + "\n")
