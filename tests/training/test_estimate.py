from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import OptionsError, StorageError, TrainingError
from workbench.training import estimate as module
from workbench.training import memory
from workbench.training.encoding import Sample
from workbench.training.estimate import Estimate, estimate, load_of, span_of
from workbench.training.memory import Load, Room
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseSpec

OPTIONS = TrainingOptions(device="cpu", threads=1, max_length=64)
SAMPLES = [Sample(tuple(range(1, 11)), (1.0,) * 10) for _ in range(20)]


@pytest.fixture
def spec(tiny_model: Path, tmp_path: Path) -> PhaseSpec:
    return PhaseSpec(tiny_model, tmp_path / "rows.jsonl", tmp_path / "new" / "phase", 3, 8, 0.01, OPTIONS)


def changed(spec: PhaseSpec, **values: Any) -> PhaseSpec:
    return replace(spec, options=spec.options.model_copy(update=values))


def with_room(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    for place in (module, memory):
        monkeypatch.setattr(place, "room_of", lambda device: Room(free, "available on this machine"))


@pytest.fixture
def found(spec: PhaseSpec) -> Estimate:
    return estimate(spec, SAMPLES)


def test_figures_of_a_phase_before_it_starts(found: Estimate, spec: PhaseSpec) -> None:
    assert (found.steps, found.tokens) == (9, 600)
    assert found.fits
    found.check()
    assert found.trial is not None
    assert found.seconds == found.trial.first + 600 / found.trial.tokens_per_second
    assert found.options.micro_batch_tokens == 4096
    assert found.options.activation_checkpointing == "off"
    assert not spec.folder.parent.exists()


def test_it_is_shown_in_words_and_as_a_table(found: Estimate) -> None:
    text, html = str(found), found._repr_html_()
    for shown in (text, html):
        assert "9 steps over 600 tokens" in shown
        assert "weights" in shown
        assert "3 model folders" in shown
        assert "float32" in shown
        assert "It fits." in shown
    assert html.count("<tr>") == 4


def test_without_a_trial_no_time_is_told(spec: PhaseSpec) -> None:
    found = estimate(spec, SAMPLES, tried=False)
    assert found.seconds is None
    assert "it is not tried out" in found.time_sentence


def test_what_does_not_fit_is_refused_with_what_would(spec: PhaseSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    generous = estimate(changed(spec, lora_rank=16), SAMPLES, tried=False)
    with_room(monkeypatch, int(generous.memory.total / 0.9) + 1000)
    found = estimate(spec, SAMPLES)
    assert not found.fits
    assert found.trial is None
    assert "because it does not fit" in found.time_sentence
    assert "It does not fit: memory." in str(found)
    with pytest.raises(TrainingError, match="available on this machine") as caught:
        found.check()
    assert "lora_rank 16" in caught.value.hint
    assert not spec.folder.parent.exists()


def test_a_full_disk_is_seen_before(spec: PhaseSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    full = estimate(spec, SAMPLES, ("F16",), tried=False)
    short = replace(full, disk=replace(full.disk, free=full.disk.total - 1))
    assert not short.fits
    assert short.fits_memory
    with pytest.raises(StorageError, match="does not fit on the disk") as caught:
        short.check()
    assert "keep_checkpoints last" in caught.value.hint
    assert "It does not fit: disk." in str(short)


def test_model_folders_are_counted_by_what_stays(spec: PhaseSpec) -> None:
    every = changed(spec, save_every_samples=5, keep_checkpoints="all")
    others = [changed(spec, keep_checkpoints=policy) for policy in ("last", "chosen")]
    counts = [estimate(one, SAMPLES, tried=False).disk for one in (spec, every, *others)]
    assert [disk.folders for disk in counts] == [3, 15, 1, 3]
    model = counts[0].checkpoints // 3
    assert [disk.checkpoints for disk in counts] == [3 * model, 15 * model, 2 * model, 3 * model]


def test_the_model_and_its_ggufs_are_counted_where_they_follow(spec: PhaseSpec) -> None:
    alone, whole = (estimate(spec, SAMPLES, kinds, tried=False).disk for kinds in ((), ("F16", "Q4_K_M")))
    assert (alone.model, alone.gguf) == (0, 0)
    numbers = whole.model // 4
    assert whole.gguf == pytest.approx(numbers * (2 + 4.89 / 8), rel=0.001)
    assert whole.total == alone.total + whole.model + whole.gguf


def test_what_cannot_be_trained_raises_at_once(spec: PhaseSpec) -> None:
    with pytest.raises(OptionsError, match="lora_targets and lora_rank 0"):
        estimate(changed(spec, lora_targets=["q_proj"]), SAMPLES)


def test_a_load_is_the_longest_and_the_largest_batch() -> None:
    samples = [Sample((1,) * n, (1.0,) * n) for n in (5, 9, 2, 7)]
    assert load_of(samples, 2) == Load(longest=9, batch=16)
    assert load_of(samples, 3, processes=2) == Load(longest=9, batch=11)


@pytest.mark.parametrize(
    ("seconds", "text"), [(40.4, "40 s"), (119, "119 s"), (720, "12 min"), (12600, "3.5 h"), (345600, "4 days")]
)
def test_spans_in_words(seconds: float, text: str) -> None:
    assert span_of(seconds) == text
