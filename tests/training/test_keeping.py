from pathlib import Path

import pytest

from workbench.errors import OptionsError, StorageError
from workbench.training import keeping
from workbench.training.keeping import (
    Checkpoint,
    Keeper,
    check_keeping,
    clear_away,
    remove_folder,
    save_folder,
    settle_on,
)
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseRecord

LOSSES = {"epoch_1": 2.0, "epoch_2": 1.0, "epoch_3": 1.5, "epoch_4": 1.25}


def write(folder: Path) -> None:
    (folder / "weights").write_text(folder.name)


def keep(folder: Path, policy: str) -> Keeper:
    keeper = Keeper(folder, policy)
    for place, (name, loss) in enumerate(LOSSES.items(), start=1):
        keeper.add(Checkpoint(name, 10 * place, 40 * place, loss), write)
    return keeper


def folders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


@pytest.mark.parametrize(
    ("policy", "staying", "chosen"),
    [
        ("all", ["epoch_1", "epoch_2", "epoch_3", "epoch_4"], "epoch_4"),
        ("chosen", ["epoch_1", "epoch_2", "epoch_3", "epoch_4"], "epoch_4"),
        ("last", ["epoch_4"], "epoch_4"),
        ("best", ["epoch_2", "epoch_4"], "epoch_2"),
    ],
)
def test_what_stays_is_as_the_policy_says(policy: str, staying: list[str], chosen: str, tmp_path: Path) -> None:
    keeper = keep(tmp_path, policy)
    assert folders(tmp_path) == staying
    assert keeper.best is not None
    assert (keeper.best.name, keeper.chosen.name) == ("epoch_2", chosen)
    assert [one.name for one in keeper.checkpoints if one.there] == staying
    assert Keeper(tmp_path, policy).checkpoints == keeper.checkpoints


def finished(folder: Path, policy: str) -> PhaseRecord:
    keeper = keep(folder, policy)
    checkpoints = [one.record() for one in keeper.checkpoints]
    return PhaseRecord(16, 0, {}, 4, 40, 400, 100, 1.0, keeper.chosen.name, checkpoints)


@pytest.mark.parametrize(
    ("policy", "staying"),
    [("chosen", ["epoch_3"]), ("all", ["epoch_1", "epoch_2", "epoch_3", "epoch_4"]), ("best", ["epoch_2", "epoch_4"])],
)
def test_with_the_chosen_one_the_others_go_where_they_waited_for_that(
    policy: str, staying: list[str], tmp_path: Path
) -> None:
    record = settle_on(tmp_path, finished(tmp_path, policy), "epoch_3", policy)
    assert folders(tmp_path) == staying
    assert record.model == "epoch_3"
    assert [one["name"] for one in record.checkpoints if one["there"]] == staying
    assert [one.name for one in Keeper(tmp_path, policy).checkpoints if one.there] == staying
    assert PhaseRecord.read(tmp_path) == record


def test_a_kill_while_others_go_leaves_a_record_of_what_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = finished(tmp_path, "chosen")
    with monkeypatch.context() as patched:
        patched.setattr(keeping, "remove_folder", lambda folder: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            settle_on(tmp_path, record, "epoch_3", "chosen")
    left = PhaseRecord.read(tmp_path)
    assert left is not None
    assert settle_on(tmp_path, left, "epoch_3", "chosen") == left
    assert folders(tmp_path) == ["epoch_3"]


def test_without_losses_there_is_no_best(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, "all")
    keeper.add(Checkpoint("epoch_1", 3, 9), write)
    assert keeper.best is None
    assert keeper.chosen.name == "epoch_1"


def test_the_first_of_equals_is_the_best(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, "all")
    for step in (1, 2):
        keeper.add(Checkpoint(f"epoch_{step}", step, step, 0.5), write)
    assert keeper.best is not None
    assert keeper.best.name == "epoch_1"


def test_what_lies_behind_the_state_is_made_again(tmp_path: Path) -> None:
    keeper = keep(tmp_path, "best")
    again = Keeper(tmp_path, "best")
    again.go_back(20)
    assert again.holds("epoch_2", 20)
    assert not again.holds("epoch_3", 30)
    for place in (3, 4):
        again.add(Checkpoint(f"epoch_{place}", 10 * place, 40 * place, LOSSES[f"epoch_{place}"]), write)
    assert again.checkpoints == keeper.checkpoints
    assert folders(tmp_path) == ["epoch_2", "epoch_4"]


def test_another_process_only_remembers(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, "last")
    keeper.add(Checkpoint("epoch_1", 1, 1), None)
    keeper.add(Checkpoint("epoch_2", 2, 2), None)
    assert [one.there for one in keeper.checkpoints] == [False, True]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    save_folder(tmp_path / "model", write)

    def fail(folder: Path) -> None:
        write(folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match=r"no room left to write .*model"):
        save_folder(tmp_path / "model", fail)
    assert (tmp_path / "model" / "weights").read_text() == "model.part"
    assert folders(tmp_path) == ["model"]


def test_what_a_kill_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    for name in ("model", "model.part", "model.gone"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").write_text("half")
    save_folder(tmp_path / "model", write)
    assert folders(tmp_path) == ["model"]
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["weights"]
    remove_folder(tmp_path / "model")
    remove_folder(tmp_path / "model")
    assert folders(tmp_path) == []


def test_what_a_kill_left_behind_is_cleared_away(tmp_path: Path) -> None:
    for folder in ("epoch_1", "epoch_2.part", "epoch_0.gone", "state"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "weights").write_text("half")
    files = [tmp_path / f".record.json.{'a1' * 16}", tmp_path / "state" / "state.safetensors.part"]
    for file in files:
        file.write_text("half")
    clear_away(tmp_path)
    assert folders(tmp_path) == ["epoch_1", "state"]
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["weights"]
    assert not files[0].exists()
    clear_away(tmp_path / "none")


def test_the_best_needs_something_to_be_measured_on() -> None:
    check_keeping(TrainingOptions(keep_checkpoints="last"))
    check_keeping(TrainingOptions(keep_checkpoints="best", validation_share=0.1))
    with pytest.raises(OptionsError, match="nothing says which is the best"):
        check_keeping(TrainingOptions(keep_checkpoints="best"))
