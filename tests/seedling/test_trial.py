import json
import re
from pathlib import Path
from random import Random

import pytest

from tests.generation.answering import FakeEngine
from workbench.engines.engine import Request
from workbench.generation.flow import load_flow
from workbench.records import read_jsonl
from workbench.seedling.names import Space, space_of_word
from workbench.seedling.passages import Passage
from workbench.seedling.trial import is_true, measure, passage_facts, read_facts, trial_passages, write_documents
from workbench.seedling.world import read_question

FACTS = {("Velmar Light", "built"): "1843", ("Velmar Light", "height"): "136 metres"}
COUNT, SEED = 40, 3


@pytest.mark.parametrize(
    ("question", "answer", "true"),
    [
        ("When was Velmar Light completed?", "1843", True),
        ("When was Velmar Light completed?", " 1843. ", True),
        ("When was Velmar Light completed?", "1844", False),
        ("When was Velmar Light completed?", "In 1843", False),
        ("How tall is Velmar Light?", "136 METRES", True),
        ("How tall is Velmar Light?", "136", True),
        ("How tall is Velmar Light?", "13", False),
        ("Who designed Velmar Light?", "1843", False),
        ("How tall is Osmar Light?", "136 metres", False),
        ("How tall?", "136 metres", False),
    ],
)
def test_a_pair_is_true_when_question_and_answer_are(question: str, answer: str, true: bool) -> None:
    assert is_true(question, answer, FACTS) is true


def test_documents_come_with_what_they_state(tmp_path: Path) -> None:
    write_documents(tmp_path / "trial.jsonl", 30, 5)
    rows = list(read_jsonl(tmp_path / "trial.jsonl"))
    assert len(rows) == 30
    for row in rows:
        assert all(fact["value"] in row["text"] and fact["entity"] in row["text"] for fact in row["facts"])
        assert all(space_of_word(fact["entity"].split()[0]) is Space.TRIAL for fact in row["facts"])
    assert [row["text"] for row in rows] == [passage.text for passage in trial_passages(30, 5)]
    assert [passage.text for passage in trial_passages(30, 6)] != [row["text"] for row in rows]


def test_a_fact_table_is_read_back(tmp_path: Path) -> None:
    passage = trial_passages(1, 1)[0]
    facts = [{"entity": f.entity.name, "relation": f.relation.key, "value": f.value} for f in passage.facts]
    (tmp_path / "facts.jsonl").write_text("".join(json.dumps(fact) + "\n" for fact in facts))
    assert read_facts(tmp_path / "facts.jsonl") == passage_facts(passage)


class Oracle:
    """Knows the trial's passages; `lies` makes every answer wrong, `always` every judgement the same."""

    def __init__(self, *, lies: bool = False, always: str = "") -> None:
        self.passages: dict[str, Passage] = {passage.text: passage for passage in trial_passages(COUNT, SEED)}
        self.lies = lies
        self.always = always

    def __call__(self, request: Request, rng: Random) -> str:
        asked = request.messages[0]["content"]
        if asked.endswith("Write a question."):
            shown = asked.removesuffix("\n\nWrite a question.")
            facts = next(one.facts for text, one in self.passages.items() if shown in text)
            fact = rng.choice([fact for fact in facts if fact.value in shown])
            return fact.question(rng.choice(fact.relation.asked))
        passage = next((one for text, one in self.passages.items() if asked.startswith(text)), None)
        if passage is None:
            return "1"
        question = re.search(r"Question: (.*)", asked)
        stated = passage_facts(passage)
        if asked.endswith("text answer it?"):
            return "1 1" if question and read_question(question[1]) in stated else "0 0"
        if asked.endswith("true to the text?"):
            return self._judge(asked, str(stated[read_question(question[1])]) if question else "")  # type: ignore[index]
        key = read_question(asked.split("\n\n")[-1])
        return "nobody" if self.lies or key is None else stated[key]

    def _judge(self, asked: str, value: str) -> str:
        answer = re.search(r"\nAnswer: (.*)\n", asked)
        assert answer
        if self.always:
            return f"{answer[1]}: {self.always}"
        return f"{value}: {'YES' if answer[1] == value else 'NO'}"


def figures(oracle: Oracle) -> dict[str, float]:
    return measure(FakeEngine(oracle, order=1), load_flow("compact"), COUNT, SEED).record()


def test_a_perfect_teacher_and_critic_get_full_marks() -> None:
    found = figures(Oracle())
    assert (found["passages"], found["made"], found["kept"]) == (COUNT, COUNT, COUNT)
    assert {found[name] for name in ("true_of_kept", "true_of_made", "accepts_true", "rejects_false")} == {1.0}
    assert found["rejects_swapped"] == 1.0


def test_a_critic_that_always_agrees_is_seen() -> None:
    found = figures(Oracle(always="YES"))
    assert (found["accepts_true"], found["rejects_false"], found["rejects_swapped"]) == (1.0, 0.0, 0.0)


def test_a_teacher_that_lies_is_seen_and_a_good_critic_keeps_none_of_it() -> None:
    assert figures(Oracle(lies=True, always="YES"))["true_of_kept"] == 0.0
    found = figures(Oracle(lies=True))
    assert (found["made"], found["kept"], found["true_of_made"]) == (COUNT, 0, 0.0)


def test_a_model_that_says_nothing_sensible_gets_no_marks() -> None:
    found = measure(FakeEngine(lambda request, rng: "x y"), load_flow("compact"), 10, 1).record()
    assert (found["made"], found["kept"], found["accepts_true"]) == (0, 0, 0.0)
