import json
from pathlib import Path

import pytest

from tests.alignment.conftest import MakeData
from workbench.alignment.options import AlignmentOptions
from workbench.alignment.setting import Setting
from workbench.errors import EvaluationError, ModelError, NotFoundError, OptionsError
from workbench.records import digest_folder
from workbench.workspace import Workspace


def test_the_inputs_are_what_is_read(
    workspace: Workspace, options: AlignmentOptions, make_data: MakeData, tiny_model: Path
) -> None:
    data = make_data()
    found = Setting(options, workspace).inputs()
    assert set(found) == {"phase_1", "phase_2", "base_model"}
    assert found["base_model"] == digest_folder(tiny_model)
    with (data.folder / "skills_train_msgs.jsonl").open("a") as file:
        file.write(json.dumps({"messages": []}) + "\n")
    assert Setting(options, workspace).inputs()["phase_2"] != found["phase_2"]
    without = options.model_copy(update={"phase_1_epochs": 0})
    assert set(Setting(without, workspace).inputs()) == {"phase_2", "base_model"}


def test_what_chooses_is_among_the_inputs(workspace: Workspace, options: AlignmentOptions, make_data: MakeData) -> None:
    make_data(choices=30)
    chosen = Setting(options, workspace).inputs()
    assert set(chosen) == {"phase_1", "phase_2", "base_model", "questions/mmlu_branch", "asking"}
    asked_otherwise = options.model_copy(update={"choices_form": "letters"})
    assert Setting(asked_otherwise, workspace).inputs()["asking"] != chosen["asking"]
    evaluated = options.model_copy(update={"evaluate": True, "benchmarks": ["mmlu"], "judge_model": "nobody"})
    assert Setting(evaluated, workspace).inputs() == chosen
    by_last = options.model_copy(update={"choose_by": "last"})
    assert set(Setting(by_last, workspace).inputs()) == {"phase_1", "phase_2", "base_model"}


def test_a_judge_that_rates_the_choice_is_an_input(
    workspace: Workspace, options: AlignmentOptions, make_data: MakeData
) -> None:
    make_data()
    found = Setting(options.model_copy(update={"choose_by": "mt_bench"}), workspace).inputs()
    assert {"judge", "judge_prompt", "questions/mt_bench"} < set(found)


def test_whoever_is_asked_is_known_beforehand(
    workspace: Workspace, options: AlignmentOptions, make_data: MakeData
) -> None:
    make_data(choices=30, heldout=5)
    assert Setting(options, workspace).asked == ["mmlu_branch"]
    evaluated = options.model_copy(update={"evaluate": True})
    assert Setting(evaluated, workspace).asked == ["mmlu_branch", "mmlu", "heldout", "rows", "mt_bench"]


@pytest.mark.parametrize(
    ("wishes", "error", "told"),
    [
        ({"judge_model": "nobody"}, ModelError, "there is no model 'nobody'"),
        ({"benchmarks": ["proof"]}, EvaluationError, "there are no questions: proof"),
        ({"mmlu_data": "nowhere"}, Exception, "nowhere"),
    ],
)
def test_what_the_evaluation_will_miss_is_told(
    wishes: dict[str, object],
    error: type[Exception],
    told: str,
    workspace: Workspace,
    options: AlignmentOptions,
    make_data: MakeData,
) -> None:
    make_data()
    setting = Setting(options.model_copy(update={"evaluate": True, **wishes}), workspace)
    with pytest.raises(error, match=told):
        _ = setting.asked


def test_files_of_one_s_own_come_without_questions_of_a_data_run(
    workspace: Workspace, options: AlignmentOptions, tmp_path: Path
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"messages": []}\n')
    setting = Setting(options.model_copy(update={"training_file": [str(file)], "evaluate": True}), workspace)
    assert [phase.rule.by for phase in setting.plan.phases] == ["last"]
    assert setting.asked == ["mmlu", "mt_bench"]
    assert setting.data_record() == {"files": [str(file)]}


def test_data_that_is_not_done_is_refused(workspace: Workspace, options: AlignmentOptions, make_data: MakeData) -> None:
    with pytest.raises(NotFoundError, match="no synthetic data called demo"):
        _ = Setting(options, workspace).plan
    make_data(done=False)
    with pytest.raises(NotFoundError, match="no result yet"):
        _ = Setting(options, workspace).plan


def test_a_pair_that_cannot_work_is_refused_before_the_run(
    workspace: Workspace, options: AlignmentOptions, make_data: MakeData
) -> None:
    make_data(model="seedling-teacher-Q4_K_M")
    assert len(Setting(options, workspace).plan.phases) == 2, "nothing is known of this student"
    assert len(Setting(options.model_copy(update={"base_model": "seedling-base"}), workspace).plan.phases) == 2
    with pytest.raises(OptionsError, match="granite-7b-lab cannot learn") as caught:
        _ = Setting(options.model_copy(update={"base_model": "granite-7b-lab"}), workspace).plan
    assert "seedling-base" in caught.value.hint
