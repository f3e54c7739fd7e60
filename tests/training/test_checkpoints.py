import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from tests.training.conftest import MakeModel
from workbench.errors import StorageError, TrainingError
from workbench.training.checkpoints import Progress, check_state, load_state, room_to_save, save_state
from workbench.training.encoding import Sample
from workbench.training.learner import Learner
from workbench.training.optimizers import make_optimizers
from workbench.training.packing import collate

PROGRESS = Progress(step=3, tokens=50, targets=20, seconds=1.5, belongs="this very training")


def step(learner: Learner, optimizers: list[torch.optim.Optimizer], samples: list[Sample]) -> None:
    learner(collate(samples[:4])).backward()
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()


def optimizers_of(learner: Learner, kind: str) -> list[torch.optim.Optimizer]:
    return make_optimizers(learner, kind, 0.01, 0.1)


@pytest.mark.parametrize(("kind", "tied"), [("adamw", True), ("muon", True), ("muon", False)])
def test_weights_optimizers_and_progress_come_back_to_the_bit(
    kind: str, tied: bool, make_model: MakeModel, samples: list[Sample], tmp_path: Path
) -> None:
    learner = Learner(make_model(tie_word_embeddings=tied))
    optimizers = optimizers_of(learner, kind)
    step(learner, optimizers, samples)
    save_state(tmp_path / "deep" / "state.safetensors", learner, optimizers, PROGRESS)
    other = Learner(make_model(seed=2, tie_word_embeddings=tied))
    others = optimizers_of(other, kind)
    assert load_state(tmp_path / "deep" / "state.safetensors", other, others) == PROGRESS
    for one, two in ((learner, optimizers), (other, others)):
        step(one, two, samples)
    assert all(torch.equal(a, b) for a, b in zip(learner.parameters(), other.parameters(), strict=True))
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["state.safetensors"]


def test_a_tied_head_is_stored_once(make_model: MakeModel, tmp_path: Path) -> None:
    from safetensors import safe_open

    model = make_model()
    save_state(tmp_path / "state", model, [], Progress())
    with safe_open(tmp_path / "state", framework="pt") as file:
        assert "model.lm_head.weight" not in file.keys()  # noqa: SIM118 - not a mapping
    other = make_model(seed=2)
    load_state(tmp_path / "state", other, [])
    assert torch.equal(other.lm_head.weight, model.model.embed_tokens.weight)


def test_what_is_frozen_is_not_stored(make_model: MakeModel, tmp_path: Path) -> None:
    from safetensors import safe_open

    model = make_model()
    for name, weight in model.named_parameters():
        weight.requires_grad = "norm" in name
    save_state(tmp_path / "state", model, [], PROGRESS)
    with safe_open(tmp_path / "state", framework="pt") as file:
        assert all("norm" in name for name in file.keys())  # noqa: SIM118 - not a mapping
    assert load_state(tmp_path / "state", model, []) == PROGRESS


def test_a_state_is_replaced_whole(make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state"
    save_state(path, make_model(), [], PROGRESS)
    before = path.read_bytes()

    def killed(tensors: object, target: Path, metadata: object) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr("safetensors.torch.save_file", killed)
    with pytest.raises(StorageError, match="no space left") as caught:
        save_state(path, make_model(seed=2), [], Progress())
    assert "start it again" in caught.value.hint
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@contextmanager
def small_files() -> Iterator[None]:
    """No file of this process may grow beyond 64 KiB, which meets safetensors' own writing too.

    Only within a test: behind it pytest writes, and that may be into a long file.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_and_nothing_half_stays(make_model: MakeModel, tmp_path: Path) -> None:
    full = pytest.raises(StorageError, match=r"no room left to write .*state: File too large")
    with full, small_files():
        save_state(tmp_path / "state", make_model(), [], PROGRESS)
    assert list(tmp_path.iterdir()) == []


def test_an_error_that_is_not_about_room_stays_itself(tmp_path: Path) -> None:
    from safetensors import SafetensorError

    with pytest.raises(SafetensorError), room_to_save(tmp_path):
        raise SafetensorError("metadata is wrong")
    with pytest.raises(StorageError, match=os.strerror(errno.EDQUOT)), room_to_save(tmp_path):
        raise SafetensorError(f"I/O error: some words (os error {errno.EDQUOT})")


@pytest.mark.parametrize("change", [{"hidden_size": 16}, {"num_hidden_layers": 1}, {"tie_word_embeddings": False}])
def test_a_state_of_another_model_is_refused(change: dict[str, object], make_model: MakeModel, tmp_path: Path) -> None:
    save_state(tmp_path / "state", make_model(**change), [], PROGRESS)
    model = make_model()
    before = [weight.clone() for weight in model.parameters()]
    with pytest.raises(TrainingError, match="not a checkpoint of this model") as caught:
        load_state(tmp_path / "state", model, [])
    assert "delete it" in caught.value.hint
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_a_state_of_another_training_is_refused(make_model: MakeModel, tmp_path: Path) -> None:
    check_state(tmp_path / "state", "anything: it is not there")
    save_state(tmp_path / "state", make_model(), [], PROGRESS)
    check_state(tmp_path / "state", "this very training")
    with pytest.raises(TrainingError, match="another base, of other data or of other options") as caught:
        check_state(tmp_path / "state", "that training")
    assert "delete it to start over" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"no checkpoint at all, but more than eight bytes"])
def test_a_broken_file_is_told(content: bytes, make_model: MakeModel, tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(content)
    with pytest.raises(TrainingError, match="state: not a checkpoint"):
        load_state(tmp_path / "state", make_model(), [])
    with pytest.raises(TrainingError, match="state: not a checkpoint"):
        check_state(tmp_path / "state", "")


def test_a_flipped_bit_is_found(make_model: MakeModel, tmp_path: Path) -> None:
    save_state(tmp_path / "state", make_model(), [], PROGRESS)
    content = bytearray((tmp_path / "state").read_bytes())
    content[-5] ^= 1
    (tmp_path / "state").write_bytes(content)
    model = make_model(seed=2)
    before = [weight.clone() for weight in model.parameters()]
    with pytest.raises(TrainingError, match="not those that were written"):
        load_state(tmp_path / "state", model, [])
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_a_foreign_safetensors_file_is_told(make_model: MakeModel, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(2)}, tmp_path / "state")
    with pytest.raises(TrainingError, match="state: not a checkpoint"):
        load_state(tmp_path / "state", make_model(), [])


def test_an_optimizer_s_counts_and_shared_tables_come_back_as_they_were(tmp_path: Path) -> None:
    """As bitsandbytes keeps them: a count that is no tensor, one table under every weight."""
    model = torch.nn.Linear(2, 2, dtype=torch.bfloat16)

    def made(count: int) -> torch.optim.Optimizer:
        table, optimizer = torch.arange(4.0), torch.optim.SGD(model.parameters(), lr=0.1)
        for weight in model.parameters():
            optimizer.state[weight] = {"step": count, "table": table}
        return optimizer

    save_state(tmp_path / "state", model, [made(1001)], Progress(step=3))
    again = made(0)
    assert load_state(tmp_path / "state", model, [again]).step == 3
    for weight in model.parameters():
        assert again.state[weight]["step"] == 1001
        assert isinstance(again.state[weight]["step"], int)
        assert again.state[weight]["table"].tolist() == [0.0, 1.0, 2.0, 3.0]
