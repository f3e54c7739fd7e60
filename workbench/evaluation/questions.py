"""Questions to put to a model: read from proof files, a data run and the seeds of a taxonomy."""

import string
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workbench.errors import EvaluationError, RecordError
from workbench.evaluation.names import comparable
from workbench.records import digest_json, read_jsonl
from workbench.taxonomy.tree import Leaf

Key = tuple[str, str]
LETTERS = string.ascii_uppercase


@dataclass(frozen=True, slots=True)
class Question:
    """`asked` is what the user says first, `later` what they say in the turns after the model's answers. Either
    `choices` of which `answer` is the index, or an `expected` text, one for each later turn in `later_expected`.
    """

    id: str
    leaf: str
    asked: str
    expected: str = ""
    choices: tuple[str, ...] = ()
    answer: int = -1
    reworded: bool = False
    category: str = ""
    later: tuple[str, ...] = ()
    later_expected: tuple[str, ...] = ()

    @property
    def turns(self) -> tuple[str, ...]:
        return self.asked, *self.later

    @property
    def references(self) -> tuple[str, ...]:
        """What is expected in each turn; empty where nothing is."""
        return self.expected, *self.later_expected, *[""] * (len(self.later) - len(self.later_expected))

    def parts(self) -> "tuple[Question, ...]":
        """Each turn as a question of its own: the first is `<id>/1`."""
        texts = zip(self.turns, self.references, strict=True)
        return tuple(
            replace(self, id=f"{self.id}/{number}", asked=asked, expected=expected, later=(), later_expected=())
            for number, (asked, expected) in enumerate(texts, start=1)
        )

    @property
    def key(self) -> Key:
        return self.leaf, self.id

    @property
    def tag(self) -> str:
        return f"{self.leaf}/{self.id}"


def read_choices(paths: Iterable[Path], *, with_passage: bool = False) -> list[Question]:
    """Four-choice questions; `with_passage` puts the passage in front and leaves out questions that have none.

    RecordError names file and row where there are fewer than two choices, equal ones, or an answer that is none.
    """
    found = [_choice(row, place, with_passage) for path in paths for row, place in _rows(path)]
    return _distinct([question for question in found if question])


def read_heldout(path: Path) -> list[Question]:
    """Questions with one expected answer each, as a data run holds them back; none where there is no such file."""
    rows = _rows(path) if path.is_file() else iter(())
    return _distinct([_heldout(row, place) for row, place in rows])


def read_seeds(leaves: Iterable[Leaf]) -> list[Question]:
    """Seed examples of skills with the seed answer as what is expected; their ids depend on leaf, context and text."""
    return _distinct([question for leaf in leaves if leaf.kind == "skill" for question in _seeds(leaf)])


def read_seed_answers(leaves: Iterable[Leaf]) -> list[Question]:
    """Seed questions of all leaves whose answers can be told right or wrong without a judge: of skills with their
    context, of knowledge by heart."""
    found = [question for leaf in leaves for question in _seeds(leaf, by_heart=leaf.kind == "knowledge")]
    asked = Counter((question.leaf, question.asked) for question in found)
    # What is asked about several contexts does not stand alone.
    alone = (question for question in found if asked[question.leaf, question.asked] == 1)
    return [question for question in alone if comparable(question.asked, question.expected)]


def digest_questions(questions: Sequence[Question]) -> str:
    return digest_json([asdict(question) for question in questions])


def check_leaves(questions: Sequence[Question], known: Sequence[str], source: str) -> None:
    """EvaluationError where a question belongs to a leaf that the data run does not have."""
    strange = sorted({question.leaf for question in questions} - set(known))
    if strange:
        raise EvaluationError(
            f"{source}: the data run has no leaf {', '.join(strange)}",
            hint=f"it has {', '.join(known) or 'none'}; correct the leaf of the questions, or name another data run",
        )


def _choice(row: Mapping[str, Any], place: str, with_passage: bool) -> Question | None:
    text, passage = _text(row, "question", place), str(row.get("context") or "").strip()
    choices, answer = row.get("choices"), row.get("answer")
    if not isinstance(choices, list) or not all(isinstance(choice, str) and choice.strip() for choice in choices):
        raise RecordError(f"{place}: choices is no list of texts")
    if not 2 <= len(choices) <= len(LETTERS) or len(set(choices)) < len(choices):
        raise RecordError(f"{place}: choices must be 2 to {len(LETTERS)} different texts")
    if not isinstance(answer, int) or isinstance(answer, bool) or not 0 <= answer < len(choices):
        raise RecordError(f"{place}: answer is {answer!r}, not a number from 0 to {len(choices) - 1}")
    if with_passage and not passage:
        return None
    asked = f"{passage}\n\n{text}" if with_passage else text
    return Question(_text(row, "id", place), _text(row, "leaf", place), asked, choices[answer], tuple(choices), answer)


def _heldout(row: Mapping[str, Any], place: str) -> Question:
    named = {name: _text(row, name, place) for name in ("id", "leaf", "question", "answer")}
    return Question(
        named["id"], named["leaf"], named["question"], named["answer"], reworded=row.get("reworded") is True
    )


def _seeds(leaf: Leaf, *, by_heart: bool = False) -> Iterator[Question]:
    for seed in leaf.qna().seed_examples:
        for pair in seed.pairs:
            context = "" if by_heart else seed.context.strip()
            asked = f"{context}\n\n{pair.question.strip()}" if context else pair.question.strip()
            identity = digest_json([leaf.path, context, pair.question])[:16]
            yield Question(identity, leaf.path, asked, pair.answer.strip())


def _rows(path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    for number, row in enumerate(read_jsonl(path), start=1):
        yield row, f"{path}: row {number}"


def _text(row: Mapping[str, Any], name: str, place: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise RecordError(f"{place}: {name} is missing or no text")
    return value


def _distinct(questions: list[Question]) -> list[Question]:
    seen: set[Key] = set()
    for question in questions:
        if question.key in seen:
            raise RecordError(f"two questions of {question.leaf} have the id {question.id}", hint="give each its own")
        seen.add(question.key)
    return questions
