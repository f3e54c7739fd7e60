from pathlib import Path
from typing import Any

import pytest

from tests.alignment.conftest import MakeData
from workbench.alignment.choice import Candidate, Choice, best_of, compared, find_rule, last_of, lowest_of
from workbench.alignment.options import AlignmentOptions
from workbench.alignment.plan import Rule
from workbench.alignment.setting import Setting
from workbench.errors import EvaluationError, ModelError, OptionsError, RecordError
from workbench.workspace import Workspace

RULE = Rule("heldout", "a test")


def values(right: str) -> dict[tuple[str, str], float]:
    """What each question counted, a digit each."""
    return {("leaf", str(place)): float(digit) for place, digit in enumerate(right)}


def chosen(**right: str) -> Choice:
    counted = {name: values(digits) for name, digits in right.items()}
    means = {name: sum(found.values()) / len(found) for name, found in counted.items()}
    scores = {name: {"score": mean, "interval": [0.0, 1.0]} for name, mean in means.items()}
    return best_of(RULE, counted, scores)


def test_an_earlier_one_that_is_better_by_chance_does_not_go_on() -> None:
    found = chosen(epoch_1="1" * 29 + "0", epoch_2="1" * 27 + "000")
    assert found.chosen == "epoch_2"
    assert found.because == "no earlier checkpoint answers better by more than noise"
    assert found.candidates[0] == Candidate("epoch_1", 29 / 30, (0.0, 1.0), 2, 0)


@pytest.mark.parametrize(("better", "goes_on"), [(4, "epoch_2"), (5, "epoch_1")])
def test_the_test_is_one_sided_at_five_percent(better: int, goes_on: str) -> None:
    """Of five fair coins all fall on one side in 3 of 100 cases, of four in 6."""
    assert chosen(epoch_1="1" * better, epoch_2="0" * better).chosen == goes_on


def test_many_candidates_must_be_better_by_more() -> None:
    assert chosen(a="11111", b="00000", last="00000").chosen == "last"
    assert chosen(a="111111", b="000000", last="000000").chosen == "a"


def test_the_best_of_those_that_are_surely_better_goes_on_and_the_earlier_of_equals() -> None:
    ten = "0" * 10
    assert chosen(a="1" * 8 + "00", b="1" * 10, c="1" * 10, last=ten).chosen == "b"


def test_what_both_answer_alike_proves_nothing() -> None:
    assert chosen(a="1" * 90 + "1111" + "0", last="1" * 90 + "0000" + "1").chosen == "last"


def test_ratings_are_compared_by_which_is_higher() -> None:
    assert compared(values("9755"), values("1956")) == (1, 2)
    one, other = values("99"), values("1")
    assert compared(one, other) == (1, 0)


def test_where_nothing_could_be_scored_the_last_goes_on() -> None:
    nothing: dict[str, Any] = {"score": None, "interval": None}
    found = best_of(RULE, {"epoch_1": {}, "epoch_2": {}}, {"epoch_1": nothing, "epoch_2": nothing})
    assert (found.chosen, found.candidates[0].score) == ("epoch_2", None)


def test_the_lowest_loss_and_the_earlier_of_equals() -> None:
    rule = Rule("validation_loss", "a test")
    found = lowest_of(rule, {"epoch_1": 2.0, "epoch_2": 1.0, "epoch_3": 1.0})
    assert (found.chosen, found.because) == ("epoch_2", "its loss of 1.000 is the lowest")
    assert [one.score for one in found.candidates] == [2.0, 1.0, 1.0]
    unmeasured = lowest_of(rule, {"epoch_1": None, "epoch_2": None})
    assert (unmeasured.chosen, unmeasured.by) == ("epoch_2", "last")


def test_a_choice_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert Choice.read(tmp_path) is None
    for choice in (chosen(a="10", last="01"), last_of(Rule(), ["epoch_1"])):
        choice.write(tmp_path)
        assert Choice.read(tmp_path) == choice
    (tmp_path / "choice.json").write_text("{}")
    with pytest.raises(RecordError, match=r"choice\.json") as caught:
        Choice.read(tmp_path)
    assert "chosen again" in caught.value.hint


def rules(workspace: Workspace, options: AlignmentOptions, **changes: Any) -> list[Rule]:
    return [phase.rule for phase in Setting(options.model_copy(update=changes), workspace).plan.phases]


@pytest.fixture
def open_options(options: AlignmentOptions) -> AlignmentOptions:
    return options.model_copy(update={"phase_2_epochs": 3})


def test_knowledge_is_chosen_by_its_questions_and_skills_by_held_out_answers(
    make_data: MakeData, workspace: Workspace, open_options: AlignmentOptions
) -> None:
    make_data(choices=30, heldout=40)
    assert rules(workspace, open_options) == [
        Rule("mmlu_branch", "its 30 questions are about what the phase teaches"),
        Rule("heldout", "its 40 questions are about what the phase teaches"),
    ]


def test_a_judge_of_its_own_chooses_skills(
    make_data: MakeData, workspace: Workspace, open_options: AlignmentOptions
) -> None:
    make_data(choices=30, heldout=40)
    _, second = rules(workspace, open_options, judge_endpoint_url="http://127.0.0.1:1/v1", judge_model="prometheus")
    assert second == Rule(
        "last",
        "mt_bench_branch has 0 questions, too few to tell checkpoints apart, and no rows are set aside for validation",
    )


def test_few_questions_choose_nothing(
    make_data: MakeData, workspace: Workspace, open_options: AlignmentOptions
) -> None:
    make_data(choices=29)
    first, second = rules(workspace, open_options)
    assert (first.by, second.by) == ("last", "last")
    assert first.reason.startswith("mmlu_branch has 29 questions, too few")
    assert [rule.by for rule in rules(workspace, open_options, validation_share=0.1)] == ["validation_loss"] * 2


def test_one_epoch_leaves_no_choice(make_data: MakeData, workspace: Workspace, options: AlignmentOptions) -> None:
    make_data(heldout=40)
    assert rules(workspace, options, choose_by="heldout")[1] == Rule(
        "last", "there is one epoch, and so one checkpoint"
    )


@pytest.mark.parametrize(
    ("keep", "by"),
    [("last", ["last", "last"]), ("best", ["validation_loss"] * 2), ("chosen", ["mmlu_branch", "heldout"])],
)
def test_what_is_kept_is_what_can_be_chosen(
    keep: str, by: list[str], make_data: MakeData, workspace: Workspace, open_options: AlignmentOptions
) -> None:
    make_data(choices=30, heldout=30)
    assert [rule.by for rule in rules(workspace, open_options, keep_checkpoints=keep, validation_share=0.1)] == by


@pytest.mark.parametrize(
    ("wishes", "error", "told", "hint"),
    [
        ({"choose_by": "validation_loss"}, OptionsError, "no loss is measured", "validation_share 0.05"),
        ({"choose_by": "heldout", "keep_checkpoints": "last"}, OptionsError, "no others are kept", "chosen"),
        ({"choose_by": "mmlu_branch"}, EvaluationError, "there are no questions: mmlu_branch", "leave it out"),
        ({"choose_by": "mt_bench", "judge_model": "nobody"}, ModelError, "there is no model 'nobody'", "give"),
    ],
)
def test_what_cannot_choose_is_told_before_anything_is_trained(
    wishes: dict[str, Any],
    error: type[Exception],
    told: str,
    hint: str,
    make_data: MakeData,
    workspace: Workspace,
    open_options: AlignmentOptions,
) -> None:
    make_data()
    with pytest.raises(error, match=told) as caught:
        rules(workspace, open_options, **wishes)
    assert hint in caught.value.hint  # type: ignore[attr-defined]


def test_find_rule_needs_no_judge_where_none_chooses(
    make_data: MakeData, workspace: Workspace, open_options: AlignmentOptions
) -> None:
    make_data(choices=30)
    setting = Setting(open_options.model_copy(update={"judge_model": "nobody"}), workspace)
    assert find_rule(setting.options, setting.plan.phases[0], setting.exam).by == "mmlu_branch"
