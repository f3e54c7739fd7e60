from pathlib import Path

import pytest

from tests.alignment.conftest import MakeData
from workbench.alignment.options import AlignmentOptions
from workbench.alignment.plan import make_file_plan, make_plan
from workbench.errors import NotFoundError, OptionsError, RecordError

OPTIONS = AlignmentOptions(phase_1_epochs=3, phase_2_epochs=2, phase_2_effective_batch_size=8, max_length=100, seed=5)


def test_two_phases_with_their_files_and_figures(make_data: MakeData) -> None:
    data = make_data()
    first, second = make_plan(OPTIONS, data.folder).phases
    assert (first.number, first.epochs, first.batch_size, first.learning_rate) == (1, 3, 32, 0.003)
    assert (second.number, second.epochs, second.batch_size, second.learning_rate) == (2, 2, 8, 0.002)
    assert (first.file.name, second.file.name) == ("knowledge_train_msgs.jsonl", "skills_train_msgs.jsonl")


def test_what_a_phase_is_told(make_data: MakeData, tmp_path: Path) -> None:
    phase = make_plan(OPTIONS, make_data().folder).phases[1]
    spec = phase.spec(tmp_path / "base", tmp_path / "artifacts", OPTIONS)
    assert (spec.base, spec.folder) == (tmp_path / "base", tmp_path / "artifacts" / "phase_2")
    assert (spec.epochs, spec.batch_size, spec.learning_rate, spec.files) == (2, 8, 0.002, (phase.file,))


def test_files_make_one_phase(tmp_path: Path) -> None:
    files = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for file in files:
        file.write_text("{}\n")
    plan = make_file_plan(OPTIONS, files)
    (phase,) = plan.phases
    assert (phase.number, phase.files, phase.epochs, phase.learning_rate) == (1, files, 3, 0.003)
    assert "a.jsonl and b.jsonl" in str(plan)
    with pytest.raises(NotFoundError, match=r"no training file .*none\.jsonl"):
        make_file_plan(OPTIONS, (*files, tmp_path / "none.jsonl"))
    with pytest.raises(RecordError, match="it is a folder"):
        make_file_plan(OPTIONS, (*files, tmp_path))


@pytest.mark.parametrize(
    ("options", "knowledge", "left", "reason"),
    [
        ({"phase_1_epochs": 0}, 5, [2], "Phase 1 is left out: it has no epochs."),
        ({"phase_2_epochs": 0}, 5, [1], "Phase 2 is left out: it has no epochs."),
        ({}, 0, [2], "Phase 1 is left out: knowledge_train_msgs.jsonl holds no rows."),
    ],
)
def test_a_phase_with_nothing_to_do_is_left_out_and_said(
    options: dict[str, int], knowledge: int, left: list[int], reason: str, make_data: MakeData
) -> None:
    plan = make_plan(OPTIONS.model_copy(update=options), make_data(knowledge).folder)
    assert [phase.number for phase in plan.phases] == left
    assert plan.left_out == (reason,)
    assert reason in str(plan)
    assert reason in plan._repr_html_()


def test_nothing_to_train_at_all_is_refused(make_data: MakeData) -> None:
    with pytest.raises(OptionsError, match=r"nothing to train: .*no rows.*no epochs"):
        make_plan(AlignmentOptions(phase_2_epochs=0), make_data(knowledge=0).folder)


def test_a_missing_file_is_told(make_data: MakeData) -> None:
    data = make_data()
    (data.folder / "skills_train_msgs.jsonl").unlink()
    with pytest.raises(NotFoundError, match=r"skills_train_msgs\.jsonl"):
        make_plan(OPTIONS, data.folder)


def test_it_is_shown_as_a_table(make_data: MakeData) -> None:
    plan = make_plan(OPTIONS, make_data().folder)
    lines = str(plan).splitlines()
    assert lines[0].split() == ["phase", "learns", "epochs", "rows", "a", "step", "peak", "rate", "optimizer"]
    assert lines[1].split()[:3] == ["1", "knowledge", "3"]
    assert all(line.find("muon") == lines[0].find("optimizer") for line in lines[1:])
    assert plan._repr_html_().count("<tr>") == 3
