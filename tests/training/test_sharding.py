from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.sharded import CASES, MOVED, STEPS, STOP, as_one, as_two, train
from workbench.training.sharding import clip, gathered, is_sharded, own_part
from workbench.training.world import ALONE

EXACT = [name for name, case in CASES.items() if case.dtype == "float32"]


def close(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Losses, gradient norms and the last weights."""
    assert found["losses"] == pytest.approx(expected["losses"], rel=0, abs=1e-5)
    assert found["norms"] == pytest.approx(expected["norms"], rel=1e-4)
    assert found["weights"].keys() == expected["weights"].keys()
    for name, weight in expected["weights"].items():
        assert found["weights"][name] == pytest.approx(weight, rel=0, abs=1e-5), name


@pytest.mark.parametrize("name", EXACT)
def test_two_processes_learn_what_one_does(name: str, tmp_path: Path) -> None:
    found, _ = as_two()
    expected = as_one(name, tmp_path)
    assert len(expected["losses"]) == STEPS
    assert expected["losses"][-1] < expected["losses"][0] - 0.05
    close(found[name], expected)


def test_half_precision_loses_about_the_same(tmp_path: Path) -> None:
    found, _ = as_two()
    expected = as_one("bfloat16", tmp_path)
    assert found["bfloat16"]["losses"] == pytest.approx(expected["losses"], rel=2e-2)
    assert found["bfloat16"]["losses"] != pytest.approx(found["adamw"]["losses"], abs=1e-7)


@pytest.mark.parametrize("name", MOVED)
def test_a_state_of_two_processes_is_gone_on_from_by_one(name: str, tmp_path: Path) -> None:
    found, folder = as_two()
    expected = as_one(name, tmp_path)
    assert found[f"{name}, stopped"]["losses"] == pytest.approx(expected["losses"][:STOP], abs=1e-5)
    rest = train(name, ALONE, folder / f"{name} of two")
    close(rest, {**expected, **{key: expected[key][STOP:] for key in ("losses", "norms")}})


def test_a_process_that_was_not_asked_says_why_it_stopped() -> None:
    found, _ = as_two()
    assert f"stopped at step {STOP} of {STEPS}: a test" in found["adamw, stopped"]["why"]
    assert not found["adamw"]["why"]


@pytest.mark.parametrize("name", MOVED)
def test_a_state_of_one_process_is_gone_on_from_by_two(name: str, tmp_path: Path) -> None:
    found, _ = as_two()
    expected = as_one(name, tmp_path)
    rest = {**expected, **{key: expected[key][STOP:] for key in ("losses", "norms")}}
    close(found[f"{name}, from one"], rest)


@pytest.mark.parametrize("name", ["adamw", "muon", "adapters"])
def test_the_folders_that_two_processes_write_are_those_of_one(name: str, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    _, folder = as_two()
    as_one(name, tmp_path)
    expected, found = tmp_path / f"{name} written by 1", folder / f"{name} written by 2"
    files = sorted(path.relative_to(expected) for path in expected.rglob("*"))
    assert sorted(path.relative_to(found) for path in found.rglob("*")) == files
    assert any("adapter" in path.parts for path in files) == (name == "adapters")
    for path in (path for path in files if path.suffix == ".safetensors"):
        whole, other = load_file(expected / path), load_file(found / path)
        assert other.keys() == whole.keys()
        for key, weight in whole.items():
            torch.testing.assert_close(other[key], weight, rtol=0, atol=1e-5)


def test_each_process_holds_its_part_of_every_layer() -> None:
    parts = as_two()[0]["parts"]
    first, second = parts["shares"]
    assert first + second == parts["whole"]
    assert first == pytest.approx(second, rel=0.05)
    assert parts["kinds"] == ["FSDPLearner", "FSDPLlamaDecoderLayer", "FSDPLlamaDecoderLayer"]


def test_one_tensor_at_a_time_is_put_together() -> None:
    first, second, most, tensors = as_two()[0]["most at once"]
    assert (first, second) == (tensors, 0)
    assert most == 1


def test_whole_tensors_pass_through() -> None:
    tensor = torch.arange(6.0).view(3, 2)
    assert not is_sharded(tensor)
    assert gathered({"a": tensor}, main=True)["a"] is not None
    assert gathered({"a": tensor}, main=False) == {}
    assert own_part(tensor, torch.zeros(3, 2)) is tensor
    assert own_part(tensor, None) is tensor


def test_gradients_are_clipped_to_the_limit() -> None:
    weight = torch.nn.Parameter(torch.zeros(2))
    weight.grad = torch.tensor([3.0, 4.0])
    assert clip([weight], 1.0) == pytest.approx(5.0)
    assert weight.grad.norm().item() == pytest.approx(1.0, rel=1e-4)
