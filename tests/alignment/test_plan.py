from pathlib import Path
from typing import Any

import pytest

from tests.alignment.conftest import MakeData
from workbench.alignment.options import AlignmentOptions
from workbench.alignment.plan import Plan, Rule, data_sources, file_sources, make_plan, with_rules
from workbench.errors import NotFoundError, OptionsError, RecordError
from workbench.runs import Run

OPTIONS = AlignmentOptions(phase_1_epochs=3, phase_2_epochs=2, phase_2_effective_batch_size=8, max_length=100, seed=5)


def plan_for(data: Run, base: Path, **changes: Any) -> Plan:
    return make_plan(OPTIONS.model_copy(update=changes), data_sources(data.folder), base)


def test_two_phases_with_their_files_and_figures(make_data: MakeData, tiny_model: Path) -> None:
    first, second = plan_for(make_data(), tiny_model).phases
    assert (first.number, first.epochs, first.batch_size, first.learning_rate) == (1, 3, 32, 0.003)
    assert (second.number, second.epochs, second.batch_size, second.learning_rate) == (2, 2, 8, 0.002)
    assert (first.file.name, second.file.name) == ("knowledge_train_msgs.jsonl", "skills_train_msgs.jsonl")


def test_what_a_phase_is_told(make_data: MakeData, tiny_model: Path, tmp_path: Path) -> None:
    phase = plan_for(make_data(), tiny_model).phases[1]
    spec = phase.spec(tmp_path / "base", tmp_path / "artifacts", OPTIONS)
    assert (spec.base, spec.folder) == (tmp_path / "base", tmp_path / "artifacts" / "phase_2")
    assert (spec.epochs, spec.batch_size, spec.learning_rate, spec.files) == (2, 8, 0.002, (phase.file,))


def test_files_make_one_phase(tiny_model: Path, tmp_path: Path) -> None:
    files = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for file in files:
        file.write_text("{}\n")
    plan = make_plan(OPTIONS, file_sources(files), tiny_model)
    (phase,) = plan.phases
    assert (phase.number, phase.files, phase.epochs, phase.learning_rate) == (1, files, 3, 0.003)
    assert "a.jsonl and b.jsonl" in str(plan)
    with pytest.raises(NotFoundError, match=r"no training file .*none\.jsonl"):
        make_plan(OPTIONS, file_sources((*files, tmp_path / "none.jsonl")), tiny_model)
    with pytest.raises(RecordError, match="it is a folder"):
        make_plan(OPTIONS, file_sources((*files, tmp_path)), tiny_model)


@pytest.mark.parametrize(
    ("options", "knowledge", "left", "reason"),
    [
        ({"phase_1_epochs": 0}, 5, [2], "Phase 1 is left out: it has no epochs."),
        ({"phase_2_epochs": 0}, 5, [1], "Phase 2 is left out: it has no epochs."),
        ({"strategy": "lab-skills-only"}, 5, [2], "Phase 1 is left out: the strategy is lab-skills-only."),
        ({}, 0, [2], "Phase 1 is left out: knowledge_train_msgs.jsonl holds no rows."),
    ],
)
def test_a_phase_with_nothing_to_do_is_left_out_and_said(
    options: dict[str, Any], knowledge: int, left: list[int], reason: str, make_data: MakeData, tiny_model: Path
) -> None:
    plan = plan_for(make_data(knowledge), tiny_model, **options)
    assert [phase.number for phase in plan.phases] == left
    assert plan.left_out == (reason,)
    assert reason in str(plan)
    assert reason in plan._repr_html_()
    with pytest.raises(OptionsError, match="left out"):
        plan.phase(3 - left[0])


def test_nothing_to_train_at_all_is_refused(make_data: MakeData, tiny_model: Path) -> None:
    with pytest.raises(OptionsError, match=r"nothing to train: .*no rows.*no epochs"):
        plan_for(make_data(knowledge=0), tiny_model, phase_2_epochs=0)


def test_a_missing_file_is_told_unless_nobody_needs_it(make_data: MakeData, tiny_model: Path) -> None:
    data = make_data()
    (data.folder / "skills_train_msgs.jsonl").unlink()
    with pytest.raises(NotFoundError, match=r"skills_train_msgs\.jsonl"):
        plan_for(data, tiny_model)
    assert len(plan_for(data, tiny_model, phase_2_epochs=0).phases) == 1


def test_figures_that_nobody_gave_are_those_of_the_base_s_size(
    make_data: MakeData, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, open_ones = make_data(knowledge=1000, skills=4000), AlignmentOptions(phase_2_epochs=2)
    monkeypatch.setattr("workbench.alignment.figures.count_weights", lambda folder: 7_000_000_000)
    plan = make_plan(open_ones, data_sources(data.folder), tiny_model)
    first, second = plan.phases
    assert (first.epochs, first.learning_rate, first.batch_size, first.optimizer) == (7, 2e-5, 100, "adamw")
    assert (second.epochs, second.learning_rate, second.batch_size) == (2, 6e-6, 400)
    assert plan.remarks == (
        "Figures that were not given suit the base: the base has 7.0 billion weights: figures of InstructLab's "
        "lab-multiphase.",
        "Phase 1 takes 100 rows a step, not 128, so that an epoch has 10 steps.",
        "Phase 2 takes 400 rows a step, not 3,840, so that an epoch has 10 steps.",
    )


def test_given_figures_need_no_reason(make_data: MakeData, tiny_model: Path) -> None:
    named = {f"phase_{number}_{name}": 1 for number in (1, 2) for name in ("epochs", "effective_batch_size")}
    rates = {f"phase_{number}_learning_rate": 0.1 for number in (1, 2)}
    data = make_data()
    assert plan_for(data, tiny_model, **named, **rates, optimizer="adamw").remarks == ()
    assert plan_for(data, tiny_model, **named, optimizer="adamw").remarks


def test_it_is_shown_as_a_table_with_what_chooses(make_data: MakeData, tiny_model: Path) -> None:
    plan = with_rules(plan_for(make_data(), tiny_model), [Rule("mmlu_branch", "it has 40 questions"), Rule()])
    lines = str(plan).splitlines()
    heads = "phase learns from rows epochs rows a step peak rate optimizer checkpoint by"
    assert " ".join(lines[0].split()) == heads
    assert lines[1].split() == [
        *("1", "knowledge", "knowledge_train_msgs.jsonl", "12", "3", "32", "0.003", "muon", "mmlu_branch")
    ]
    assert all(line.find("muon") == lines[0].find("optimizer") for line in lines[1:3])
    assert lines[-1] == "Phase 1: a checkpoint by mmlu_branch, because it has 40 questions."
    assert plan._repr_html_().count("<tr>") == 3
