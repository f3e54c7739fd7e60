from pathlib import Path

import pytest

from workbench.errors import NotFoundError
from workbench.evaluation import banks
from workbench.evaluation.banks import Bank, read_bank
from workbench.evaluation.questions import Question


def question(leaf: str, number: int = 1) -> Question:
    return Question(str(number), leaf, "Which?", "a", ("a", "b"), 0)


BANK = Bank(
    "mmlu",
    "MMLU",
    [question("mmlu_anatomy"), question("mmlu_law"), question("mmlu_anatomy", 2)],
    {"mmlu_anatomy": [question("mmlu_anatomy", 9)], "mmlu_law": [question("mmlu_law", 9)]},
)


def test_all_subjects_are_taken_unless_some_are_named() -> None:
    assert BANK.pick([]) == BANK
    some = BANK.pick(["anatomy", "mmlu_anatomy"])
    assert [each.key for each in some.questions] == [("mmlu_anatomy", "1"), ("mmlu_anatomy", "2")]
    assert some.examples.keys() == {"mmlu_anatomy"}


def test_an_unknown_subject_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="no subject anatmy") as raised:
        BANK.pick(["law", "anatmy"])
    assert raised.value.hint == "did you mean anatomy?"
    with pytest.raises(NotFoundError) as raised:
        BANK.pick(["xyz"])
    assert raised.value.hint == "there are anatomy, law"


def test_without_data_the_own_questions_are_asked() -> None:
    bank = read_bank("", Path)
    assert (bank.set, bank.title, bank.examples) == ("own", "Workbench's own general questions", {})
    assert len(bank.questions) == 280
    assert {each.leaf for each in bank.pick(["by_heart", "general_reading"]).questions} == {
        "general_by_heart",
        "general_reading",
    }


def test_the_hub_s_folder_is_read_as_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "law_test.csv").write_text("Who?,a,b,c,d,B\n")
    monkeypatch.setattr(banks, "mmlu_folder", lambda: tmp_path)
    for bank in (read_bank("hub", Path), read_bank("here", lambda name: tmp_path)):
        assert (bank.set, bank.title) == ("mmlu", "MMLU")
        assert [each.key for each in bank.questions] == [("mmlu_law", "test-0")]
