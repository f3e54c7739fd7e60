from pathlib import Path

import pytest
import torch

from workbench import device
from workbench.device import Device, Peak, choose_device, peak_of, usable_threads
from workbench.errors import OptionsError


def test_the_cpu_is_taken_in_float32() -> None:
    chosen = choose_device("cpu")
    assert (chosen.kind, chosen.dtype) == ("cpu", "float32")
    assert chosen.threads >= 1
    assert "asked for" in chosen.reason


def test_the_reason_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert "neither a CUDA device nor Apple's Metal" in choose_device().reason


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(OptionsError, match="torch cannot use cuda"):
        choose_device("cuda")


@pytest.mark.parametrize(("native", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_cuda_computes_in_what_it_has(monkeypatch: pytest.MonkeyPatch, native: bool, dtype: str) -> None:
    class Properties:
        name = "Card"
        total_memory = 8 * 2**30

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: Properties())
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)
    chosen = choose_device()
    assert (chosen.kind, chosen.dtype) == ("cuda", dtype)
    assert "Card, 8 GiB" in chosen.reason
    assert "not tested" in chosen.reason


def test_metal_is_taken_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device().kind == "mps"
    assert "not tested" in choose_device().reason


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(OptionsError, match="no device 'tpu'"):
        choose_device("tpu")


@pytest.mark.parametrize(("text", "limit"), [("100000 100000", 1), ("max 100000", 0), ("nonsense", 0)])
def test_a_container_s_quota_limits_the_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, limit: int
) -> None:
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(device, "_QUOTA", quota)
    free = usable_threads()
    quota.write_text(text)
    assert usable_threads() == (min(limit, free) if limit else free)


class Card:
    def __init__(self, name: str) -> None:
        self.name = name


@pytest.mark.parametrize(
    ("name", "teraflops"),
    [
        ("NVIDIA H200", 989.4),
        ("NVIDIA H100 PCIe", 756.5),
        ("NVIDIA A100-SXM4-80GB", 312.0),
        ("NVIDIA L40S", 362.0),
        ("NVIDIA L4", 121.0),
        ("NVIDIA GeForce RTX 4090", 165.2),
    ],
)
def test_a_known_card_has_its_data_sheet_s_peak(monkeypatch: pytest.MonkeyPatch, name: str, teraflops: float) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: Card(name))
    peak = peak_of(Device("cuda", "bfloat16", 1, ""))
    assert peak.flops == teraflops * 1e12
    assert name.removeprefix("NVIDIA ") in peak.source
    assert "dense bfloat16" in peak.source


@pytest.mark.parametrize(
    "name", ["NVIDIA A10G", "NVIDIA H100 80GB HBM3 MIG 1g.10gb", "NVIDIA GeForce RTX 4090 Laptop GPU", "Card"]
)
def test_a_slice_or_a_relative_of_a_card_is_measured(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: Card(name))
    monkeypatch.setattr(device, "_measured_peak", lambda kind, dtype: Peak(1.0, f"measured {kind} {dtype}"))
    assert peak_of(Device("cuda", "bfloat16", 1, "")) == Peak(1.0, "measured cuda bfloat16")
    assert peak_of(Device("cuda", "float32", 1, "")).source == "measured cuda float32"


def test_the_peak_of_a_processor_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(device._SIDE, "cpu", 64)
    device._measured_peak.cache_clear()
    try:
        peak = peak_of(choose_device("cpu"))
        assert peak.flops > 1e6
        assert "measured, 64-wide float32 matrices" in peak.source
        assert peak_of(choose_device("cpu")) is peak
    finally:
        device._measured_peak.cache_clear()
