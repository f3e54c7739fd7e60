from pathlib import Path

import pytest

from tests.generation.answering import FakeEngine
from workbench.assets import assets_folder
from workbench.records import read_jsonl
from workbench.seedling import card as card_module
from workbench.seedling.card import PASSAGES, SEEDS, card, weigh, worst
from workbench.seedling.recipe import RECIPE

NAMES = ("true_of_kept", "true_of_made", "accepts_true", "rejects_false", "rejects_swapped")


def figures(share: float) -> dict[str, float]:
    return dict.fromkeys(NAMES, share)


def test_the_worst_of_the_seeds_is_shown() -> None:
    rows = [figures(0.9) | {"true_of_kept": 0.81}, figures(0.95), figures(0.99)]
    assert worst(rows, "true_of_kept") == 0.81
    assert worst(rows, "accepts_true") == 0.9


def test_the_card_says_what_was_measured_beside_what_was_wanted() -> None:
    measured = {
        "teacher": [figures(0.912), figures(0.987)],
        "random": [figures(0.034)],
        "marks": {"answer": 0.934, "judge": 0.711},
        "base_closed": 0.271,
        "base_reading": 0.883,
        "made": {"parameters": 3.8, "minutes": 61.4, "processor": "test processor"},
    }
    text = card(measured, RECIPE)
    assert "| 91.2 % | 80 % |" in text
    assert "| 3.4 % | under 30 % |" in text
    assert "| 27.1 % | at most 35 % |" in text
    assert "| 88.3 % | 75 % |" in text
    assert "| judge | 71.1 % |" in text
    assert f"{RECIPE.steps:,} steps" in text
    assert "3.8 million parameters" in text
    assert f"{PASSAGES} passages" in text
    assert "{" not in text


def test_the_models_are_weighed_with_their_controls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []

    def open_engine(model: str, **given: object) -> FakeEngine:
        opened.append(model)
        return FakeEngine(lambda request, rng: "nothing")

    def write(source: Path, out: Path, kind: str) -> Path:
        assert source.exists()
        out.write_text(kind)
        return out

    monkeypatch.setattr(card_module, "open_engine", open_engine)
    monkeypatch.setattr(card_module, "export_gguf", write)
    monkeypatch.setattr(card_module, "quantize", write)
    monkeypatch.setattr(card_module, "PASSAGES", 3)
    models = assets_folder() / "models"
    proof = assets_folder() / "proof"
    found = weigh(models, proof, RECIPE)
    assert [row["seed"] for row in found["teacher"]] == list(SEEDS)
    assert len(found["random"]) == 1
    names = [Path(model).name for model in opened]
    assert sorted(names) == ["random-Q4_K_M.gguf", *["seedling-base"] * 2, *["seedling-teacher-Q4_K_M.gguf"] * 2]
    # An engine that finds every choice equally likely takes the first.
    rows = [row for path in sorted(proof.glob("*.jsonl")) for row in read_jsonl(path)]
    assert found["base_closed"] == pytest.approx(sum(row["answer"] == 0 for row in rows) / len(rows), abs=1e-4)
