import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import Checkpointed
from workbench.runs import Stop
from workbench.seedling import grow as grow_module
from workbench.seedling.curriculum import Stage
from workbench.seedling.grow import BASE, TEACHER, TEACHER_FILE, grow, recipe_texts
from workbench.seedling.recipe import Recipe, Schooling, Shape
from workbench.seedling.tokenizer import LAST_WRITTEN

RECIPE = Recipe(
    threads=1,
    tokenizer_exercises=4,
    shape=Shape(vocabulary=400, layers=1, width=32, inner=32, heads=2, context=1024),
    warmup=2,
    base=Schooling("trunk", 6e-3, (Stage("a", 2, 300, {"echo": 1.0}), Stage("b", 1, 300, {"reading": 1.0}))),
    teacher=(Schooling("teaching", 5e-3, (Stage("c", 2, 300, {"school": 0.5, "table": 0.5}),)),),
)
Events = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def _exported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the place of the export, which has its own tests."""

    def write(source: Path, out: Path, kind: str) -> Path:
        assert source.exists()
        out.write_text(kind)
        return out

    monkeypatch.setattr(grow_module, "export_gguf", write)
    monkeypatch.setattr(grow_module, "quantize", write)


def weights(folder: Path) -> tuple[bytes, bytes]:
    base, teacher = ((folder / name / "model.safetensors").read_bytes() for name in (BASE, TEACHER))
    return base, teacher


def test_both_models_are_made_and_can_be_loaded(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    events: Events = []
    progress = grow(tmp_path, RECIPE, events.append, Stop())
    assert {name: one.step for name, one in progress.items()} == {"trunk": 3, "teaching": 2}
    assert [(event["stage"], event["step"]) for event in events] == [
        ("trunk", 1), ("trunk", 2), ("trunk", 3), ("teaching", 1), ("teaching", 2)
    ]  # fmt: skip
    assert (tmp_path / TEACHER_FILE).read_text() == "Q4_K_M"
    for name in (BASE, TEACHER):
        model, tokenizer = (kind.from_pretrained(tmp_path / name) for kind in (AutoModelForCausalLM, AutoTokenizer))
        assert str(model.dtype) == "torch.float16"
        assert len(tokenizer) == model.config.vocab_size == 400
        assert model.config.eos_token_id == tokenizer.eos_token_id
    assert len(set(weights(tmp_path))) == 2


@pytest.mark.parametrize("stop_at", [("trunk", 2), ("trunk", 3), ("teaching", 1)])
def test_a_stop_changes_no_bit(stop_at: tuple[str, int], tmp_path: Path) -> None:
    grow(tmp_path / "whole", RECIPE, lambda event: None, Stop())
    stop, events = Stop(), Events()

    def report(event: dict[str, Any]) -> None:
        events.append(event)
        if (event["stage"], event["step"]) == stop_at:
            stop.request("a test")

    with pytest.raises(Checkpointed):
        grow(tmp_path / "parts", RECIPE, report, stop)
    grow(tmp_path / "parts", RECIPE, events.append, Stop())
    assert weights(tmp_path / "parts") == weights(tmp_path / "whole")
    assert len(events) == 5


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    grow(tmp_path, RECIPE, lambda event: None, Stop())
    before = weights(tmp_path)
    events: Events = []
    assert grow(tmp_path, RECIPE, events.append, Stop()) == {}
    assert events == []
    assert weights(tmp_path) == before


def test_a_teacher_can_be_made_anew_from_the_base(tmp_path: Path) -> None:
    grow(tmp_path / "both", RECIPE, lambda event: None, Stop())
    shutil.copytree(tmp_path / "both" / BASE, tmp_path / "again" / BASE)
    progress = grow(tmp_path / "again", RECIPE, lambda event: None, Stop())
    assert list(progress) == ["teaching"]
    assert weights(tmp_path / "again") == weights(tmp_path / "both")


def test_the_teacher_lies_between_its_last_two_schoolings(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    last = Schooling("asking", 5e-3, (Stage("d", 2, 300, {"table": 1.0}),))
    grow(tmp_path, replace(RECIPE, teacher=(*RECIPE.teacher, last), last_share=0.25), lambda event: None, Stop())
    before, behind = (load_file(tmp_path / f"{name}.safetensors") for name in ("teaching", "asking"))
    made = load_file(tmp_path / TEACHER / "model.safetensors")
    assert not before["model.model.model.norm.weight"].equal(behind["model.model.model.norm.weight"])
    for name, weight in made.items():
        between = 0.75 * before[f"model.model.{name}"] + 0.25 * behind[f"model.model.{name}"]
        assert weight.equal(between.half()), name


def test_a_base_that_was_half_saved_is_saved_again(tmp_path: Path) -> None:
    grow(tmp_path, RECIPE, lambda event: None, Stop())
    before = weights(tmp_path)
    (tmp_path / BASE / LAST_WRITTEN).unlink()
    (tmp_path / BASE / "model.safetensors").write_bytes(b"")
    (tmp_path / TEACHER_FILE).unlink()
    events: Events = []
    grow(tmp_path, RECIPE, events.append, Stop())
    assert events == [], "both were trained"
    assert weights(tmp_path) == before


def test_the_tokenizer_sees_every_kind_of_exercise() -> None:
    texts = list(recipe_texts(RECIPE))
    assert texts == list(recipe_texts(RECIPE))
    for ending in ("Write a question.", "true to the text?", "stand alone?", "from 1 to 3.", "from 1 to 10.", "|==="):
        assert any(text.endswith(ending) for text in texts), ending
    assert len(list(recipe_texts(replace(RECIPE, tokenizer_exercises=1)))) < len(texts)
