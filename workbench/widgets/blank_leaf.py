"""What an empty form holds: as many seed examples and pairs as the format asks for, with nothing in them."""

from typing import Any

from workbench.taxonomy.qna import Kind
from workbench.taxonomy.schemas import newest_version

SEEDS, PAIRS = 5, 3


def blank_contents(kind: Kind) -> dict[str, Any]:
    """In the order in which the keys are written."""
    head = {"version": newest_version(), "created_by": ""}
    seeds = [blank_seed(kind) for _ in range(SEEDS)]
    if kind == "skill":
        return head | {"task_description": "", "seed_examples": seeds}
    document = {"repo": ".", "commit": "HEAD", "patterns": ["*.md"]}
    return head | {"domain": "", "document_outline": "", "seed_examples": seeds, "document": document}


def blank_seed(kind: Kind) -> dict[str, Any]:
    if kind == "skill":
        return blank_pair()
    return {"context": "", "questions_and_answers": [blank_pair() for _ in range(PAIRS)]}


def blank_pair() -> dict[str, Any]:
    return {"question": "", "answer": ""}
