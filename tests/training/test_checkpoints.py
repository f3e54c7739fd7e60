from pathlib import Path

import pytest
import torch

from tests.training.conftest import MakeModel
from workbench.errors import TrainingError
from workbench.training.checkpoints import Progress, load_state, save_state
from workbench.training.encoding import Sample
from workbench.training.loss import summed_loss
from workbench.training.optimizers import make_optimizers
from workbench.training.packing import collate

PROGRESS = Progress(step=3, tokens=50, targets=20, seconds=1.5)


def step(model: torch.nn.Module, optimizers: list[torch.optim.Optimizer], samples: list[Sample]) -> None:
    summed_loss(model, collate(samples, [[0, 1, 2], [3]], 0)).backward()  # type: ignore[no-untyped-call]
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()


@pytest.mark.parametrize(("kind", "tied"), [("adamw", True), ("muon", True), ("muon", False)])
def test_weights_optimizers_and_progress_come_back_to_the_bit(
    kind: str, tied: bool, make_model: MakeModel, samples: list[Sample], tmp_path: Path
) -> None:
    model = make_model(tie_word_embeddings=tied)
    optimizers = make_optimizers(model, kind, 0.01, 0.1)
    step(model, optimizers, samples)
    save_state(tmp_path / "deep" / "state.safetensors", model, optimizers, PROGRESS)
    other = make_model(seed=2, tie_word_embeddings=tied)
    others = make_optimizers(other, kind, 0.01, 0.1)
    assert load_state(tmp_path / "deep" / "state.safetensors", other, others) == PROGRESS
    for one, two in ((model, optimizers), (other, others)):
        step(one, two, samples)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
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


def test_a_state_is_replaced_whole(make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state"
    save_state(path, make_model(), [], PROGRESS)
    before = path.read_bytes()

    def killed(tensors: object, target: Path, metadata: object) -> None:
        target.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr("safetensors.torch.save_file", killed)
    with pytest.raises(OSError, match="no space"):
        save_state(path, make_model(seed=2), [], Progress())
    assert path.read_bytes() == before


@pytest.mark.parametrize("change", [{"hidden_size": 16}, {"num_hidden_layers": 1}, {"tie_word_embeddings": False}])
def test_a_state_of_another_model_is_refused(change: dict[str, object], make_model: MakeModel, tmp_path: Path) -> None:
    save_state(tmp_path / "state", make_model(**change), [], PROGRESS)
    model = make_model()
    before = [weight.clone() for weight in model.parameters()]
    with pytest.raises(TrainingError, match="not a checkpoint of this model") as caught:
        load_state(tmp_path / "state", model, [])
    assert "delete it" in caught.value.hint
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


@pytest.mark.parametrize("content", [b"", b"no checkpoint at all, but more than eight bytes"])
def test_a_broken_file_is_told(content: bytes, make_model: MakeModel, tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(content)
    with pytest.raises(TrainingError, match="state: not a checkpoint"):
        load_state(tmp_path / "state", make_model(), [])


def test_a_foreign_safetensors_file_is_told(make_model: MakeModel, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(2)}, tmp_path / "state")
    with pytest.raises(TrainingError, match="state: not a checkpoint"):
        load_state(tmp_path / "state", make_model(), [])
