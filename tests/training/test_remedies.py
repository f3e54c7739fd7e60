from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.test_memory import FORM, GPU
from workbench.device import Device
from workbench.training import memory, remedies
from workbench.training.memory import Load, memory_of
from workbench.training.options import TrainingOptions
from workbench.training.precision import Precision
from workbench.training.remedies import Remedies, find_remedies

BASE = Path("base")
LOAD = Load(longest=300, batch=100_000)
ORDER = ["micro_batch_tokens", "activation_checkpointing", "optimizer", "lora_rank", "quantize_base"]
OPTIONS = TrainingOptions(optimizer="adamw", micro_batch_tokens=8192, precision="bfloat16")


@pytest.fixture(autouse=True)
def form(monkeypatch: pytest.MonkeyPatch) -> None:
    """A form whose numbers are less under adapters, and less again in 4 bits."""

    def shape(base: Path, options: TrainingOptions, precision: Precision, device: str) -> Any:
        if not options.lora_rank:
            return FORM
        lora = replace(FORM, learned=FORM.learned // 100, matrices=0, head=0, weights=FORM.weights // 2)
        return replace(lora, weights=FORM.weights // 8) if options.quantize_base == "nf4" else lora

    monkeypatch.setattr(memory, "form_of", shape)
    monkeypatch.setattr(remedies, "find_spec", lambda name: object())


def total(**values: Any) -> int:
    return memory_of(BASE, OPTIONS.model_copy(update=values), LOAD, GPU).total


def found(room: int, options: TrainingOptions = OPTIONS, device: Device = GPU) -> Remedies:
    return find_remedies(BASE, options, LOAD, device, room)


def test_nothing_is_said_of_what_fits() -> None:
    assert found(total()) == Remedies()


def test_the_cheapest_is_tried_first_and_suffices() -> None:
    room = total(micro_batch_tokens=2048)
    told = found(room)
    assert [str(each) for each in told.enough] == ["micro_batch_tokens 2048"]
    assert told.enough[0].total == room
    assert "give micro_batch_tokens 2048, which takes" in str(told)


def test_they_are_tried_in_order_each_with_its_figure() -> None:
    everything = {"micro_batch_tokens": 2048, "activation_checkpointing": "on", "optimizer": "adamw_8bit"}
    room = total(**everything, lora_rank=16, quantize_base="nf4")
    told = found(room)
    assert [each.option for each in told.tried] == ORDER
    assert [each.total for each in told.tried] == sorted((each.total for each in told.tried), reverse=True)
    assert told.tried[-1].total == room
    assert len(told.lines()) == 6


def test_what_a_later_one_makes_needless_is_left_out() -> None:
    told = found(total(lora_rank=16, micro_batch_tokens=2048, activation_checkpointing="on"))
    names = [each.option for each in told.enough]
    assert "lora_rank" in names
    assert "optimizer" not in names
    assert total(**{each.option: each.value for each in told.enough}) <= told.enough[-1].total


def test_what_is_set_already_is_not_offered() -> None:
    told = found(1, OPTIONS.model_copy(update={"activation_checkpointing": "on", "lora_rank": 8}))
    assert [each.option for each in told.tried] == ["micro_batch_tokens", "optimizer", "quantize_base"]


def test_where_nothing_helps_that_is_said() -> None:
    assert not found(1).enough
    assert "take a smaller base" in str(found(1))


def test_what_one_gpu_cannot_do_with_others_is_not_offered() -> None:
    told = found(1, OPTIONS.model_copy(update={"processes": 2}))
    assert [each.option for each in told.tried] == ["micro_batch_tokens", "activation_checkpointing", "lora_rank"]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remedies, "find_spec", lambda name: None)
    told = found(total(micro_batch_tokens=2048, activation_checkpointing="on", optimizer="adamw_8bit"))
    assert "bitsandbytes, which is not installed" in str(told)
