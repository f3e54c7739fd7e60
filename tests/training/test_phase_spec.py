import json
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.errors import OptionsError
from workbench.training.options import TrainingOptions
from workbench.training.phase_spec import PhaseRecord, PhaseSpec


@pytest.fixture
def spec(tmp_path: Path) -> PhaseSpec:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text("{}")
    for name in ("one.jsonl", "two.jsonl"):
        (tmp_path / name).write_text(name)
    options = TrainingOptions(seed=3, lora_targets=["q_proj"])
    file, more = tmp_path / "one.jsonl", (tmp_path / "two.jsonl",)
    return PhaseSpec(tmp_path / "base", file, tmp_path / "phase", 2, 8, 1e-3, options, more)


def test_it_can_be_told_to_another_process(spec: PhaseSpec, tmp_path: Path) -> None:
    spec.write(tmp_path / "spec.json")
    assert PhaseSpec.read(tmp_path / "spec.json") == spec
    assert PhaseSpec.from_record(json.loads(json.dumps(spec.record()))) == spec
    assert [path.name for path in spec.files] == ["one.jsonl", "two.jsonl"]


def test_a_wrong_option_is_refused(spec: PhaseSpec) -> None:
    record = spec.record()
    record["options"]["seed"] = -1
    with pytest.raises(OptionsError, match="seed"):
        PhaseSpec.from_record(record)


def test_its_digest_covers_what_decides_the_weights_and_nothing_else(spec: PhaseSpec) -> None:
    digest = spec.digest()
    same = (
        replace(spec, folder=Path("elsewhere")),
        replace(spec, options=spec.options.model_copy(update={"threads": 7, "micro_batch_tokens": 512})),
    )
    other = (
        replace(spec, epochs=3),
        replace(spec, learning_rate=2e-3),
        replace(spec, more_files=()),
        replace(spec, options=spec.options.model_copy(update={"seed": 4})),
    )
    assert {one.digest() for one in same} == {digest}
    assert digest not in {one.digest() for one in other}
    (spec.base / "config.json").write_text("{ }")
    assert spec.digest() != digest


def test_a_record_is_read_back(tmp_path: Path) -> None:
    assert PhaseRecord.read(tmp_path) is None
    record = PhaseRecord(9, 1, {"empty": 2}, 2, 6, 100, 40, 1.5, "epoch_2", [{"name": "epoch_2"}], belongs="x")
    record.write(tmp_path)
    assert PhaseRecord.read(tmp_path) == record
