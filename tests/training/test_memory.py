from pathlib import Path
from typing import Any

import pytest

from workbench.device import Device
from workbench.training import memory
from workbench.training.form import Form
from workbench.training.memory import Load, Memory, Room, least_at_once, memory_of, room_of, settle, size_of
from workbench.training.options import TrainingOptions

CPU = Device("cpu", "float32", 1, "")
GPU = Device("cuda", "bfloat16", 1, "")
MB = 1 << 20
FORM = Form(
    parameters=10 * MB,
    saved_size=4,
    weights=40 * MB,
    layers=4,
    width=256,
    vocabulary=1024,
    learned=10 * MB,
    learned_size=4,
    matrices=8 * MB,
    group=2 * MB,
    matrix=MB // 2,
    largest=MB,
    head=MB,
    each_pass=0,
    each_token=100_000,
    each_token_again=20_000,
)
LOAD = Load(longest=300, batch=10_000)


@pytest.fixture(autouse=True)
def form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "form_of", lambda *arguments: FORM)


def options(**values: Any) -> TrainingOptions:
    return TrainingOptions.parse({"optimizer": "adamw", "micro_batch_tokens": 1000, "device": "cpu", **values})


def needed(load: Load = LOAD, device: Device = CPU, **values: Any) -> Memory:
    return memory_of(Path("base"), options(**values), load, device)


def test_adamw_takes_sixteen_bytes_a_number() -> None:
    found = needed()
    assert found.weights + found.gradients + found.optimizer == 16 * FORM.learned


def test_an_optimizer_s_states_are_counted() -> None:
    assert needed(optimizer="muon").optimizer == (2 * FORM.learned - FORM.matrices) * 4
    assert needed(optimizer="adamw_8bit").optimizer == pytest.approx(2.03 * FORM.learned, rel=0.01)
    assert needed(optimizer="muon").step > needed().step == 0


def test_activations_follow_tokens_and_whether_they_are_kept() -> None:
    kept = needed().activations
    assert kept > 1000 * FORM.each_token, "more is made on the way than is kept"
    assert needed(micro_batch_tokens=2000).activations == pytest.approx(2 * kept)
    assert needed(activation_checkpointing="on").activations == pytest.approx(kept / 5)
    assert needed(Load(longest=5000, batch=9000)).activations == pytest.approx(5 * kept), "a row is never cut"
    assert needed(Load(longest=10, batch=400)).activations == pytest.approx(0.4 * kept), "there are no more"


def test_the_peak_is_where_most_is_alive_at_once() -> None:
    several, alone = needed(), needed(Load(longest=300, batch=900), micro_batch_tokens=900)
    assert several.several
    assert not alone.several
    states = several.weights + several.optimizer + several.libraries
    assert several.total == states + several.gradients + several.activations + several.logits
    assert alone.total == states + max(alone.gradients, alone.activations + alone.logits)


def test_an_optimizer_s_step_comes_on_top_where_memory_is_not_reused() -> None:
    values: dict[str, Any] = {"optimizer": "muon", "micro_batch_tokens": 16, "load": Load(16, 16)}
    muon, reused = needed(**values), needed(**values, device=GPU)
    passing = max(muon.gradients, muon.activations + muon.logits)
    assert muon.total == muon.weights + muon.optimizer + passing + muon.step + muon.libraries
    states = reused.weights + reused.optimizer + reused.gradients
    assert reused.total == states + reused.step + reused.libraries


def test_processes_share_what_is_sharded() -> None:
    alone, shared = needed(), needed(processes=2)
    assert shared.optimizer == alone.optimizer // 2
    assert shared.gradients == alone.gradients // 2
    assert alone.weights // 2 < shared.weights < alone.weights
    assert shared.activations == alone.activations


def settled(room: int, monkeypatch: pytest.MonkeyPatch, device: Device = CPU, **values: Any) -> TrainingOptions:
    monkeypatch.setattr(memory, "choose_device", lambda kind: device)
    monkeypatch.setattr(memory, "room_of", lambda device: Room(round(room / 0.9) + 1, "there"))
    return settle(Path("base"), options(**{"micro_batch_tokens": 0, **values}), LOAD)


def test_as_many_tokens_at_once_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settled(1 << 40, monkeypatch).micro_batch_tokens == 4096
    assert settled(needed(micro_batch_tokens=1024).total, monkeypatch).micro_batch_tokens == 1024
    least = settled(needed(micro_batch_tokens=512).total, monkeypatch)
    assert (least.micro_batch_tokens, least.activation_checkpointing) == (512, "off")


def test_activations_are_computed_again_before_it_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    room = needed(micro_batch_tokens=512).total - 1
    chosen = settled(room, monkeypatch)
    assert chosen.activation_checkpointing == "on"
    assert chosen.micro_batch_tokens > 512
    assert settled(room, monkeypatch, activation_checkpointing="off").activation_checkpointing == "off"
    hopeless = settled(1, monkeypatch)
    assert (hopeless.micro_batch_tokens, hopeless.activation_checkpointing) == (512, "on")


def test_what_was_given_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = settled(1, monkeypatch, micro_batch_tokens=777, activation_checkpointing="off", precision="float32")
    assert (chosen.micro_batch_tokens, chosen.activation_checkpointing) == (777, "off")
    assert chosen.precision == "float32"


def test_a_gpu_holds_weights_in_bfloat16_only_where_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settled(1 << 40, monkeypatch, GPU).precision == "bfloat16"
    assert settled(1, monkeypatch, GPU).precision == "bfloat16_weights"
    assert settled(1, monkeypatch, GPU, lora_rank=4).precision == "bfloat16"
    assert settled(1, monkeypatch, GPU, precision="bfloat16").precision == "bfloat16"


def test_the_least_at_once_holds_the_longest_row() -> None:
    assert least_at_once(LOAD, CPU) == 512
    assert least_at_once(Load(longest=3000, batch=9000), CPU) == 3000


@pytest.mark.parametrize(
    ("names", "stat"),
    [
        (("memory.max", "memory.current"), "inactive_file 1000\n"),
        (("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"), "total_inactive_file 1000\n"),
    ],
)
def test_a_container_s_limit_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str], stat: str
) -> None:
    limit, used = (tmp_path / name for name in names)
    limit.parent.mkdir(exist_ok=True)
    limit.write_text("500000\n")
    used.write_text("200000\n")
    (limit.parent / "memory.stat").write_text(stat)
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
    assert room_of(CPU) == Room(301_000, "left of the container's limit")
    limit.write_text("max\n")
    assert room_of(CPU).source == "available on this machine"


def test_not_all_that_is_free_is_planned_with() -> None:
    assert Room(1000, "").usable == 900


def test_sizes_in_words() -> None:
    assert (size_of(812 * MB), size_of(1229 * MB)) == ("812 MB", "1.2 GB")
