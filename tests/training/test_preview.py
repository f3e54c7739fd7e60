import json
from pathlib import Path

import pytest

from workbench.errors import NotFoundError
from workbench.records import write_text
from workbench.training.preview import preview


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "knowledge_train_msgs.jsonl"
    messages = [{"role": "user", "content": "Who <built> it?"}, {"role": "assistant", "content": "Tarn Osgood"}]
    lines = [json.dumps({"messages": messages, "unmask": number == 1}) for number in range(4)]
    write_text(path, "\n".join(lines) + "\n")
    return path


def test_what_is_learned_is_told_from_what_is_given(rows: Path, tiny_model: Path) -> None:
    shown = preview(rows, tiny_model, count=1)
    given, learned = shown.rows[0]
    assert (given.text, given.learned) == ("<|user|>Who <built> it?<|assistant|>", False)
    assert (learned.text, learned.learned) == ("Tarn Osgood<|end|>", True)
    expected = f"{rows.name}: 1 row, {learned.tokens} of {given.tokens + learned.tokens} tokens are learned"
    assert shown.caption == expected


def test_an_unmasked_row_is_learned_whole(rows: Path, tiny_model: Path) -> None:
    pieces = preview(rows, tiny_model).rows[1]
    assert [piece.text for piece in pieces if piece.learned] == ["<|user|>Who <built> it?", "Tarn Osgood<|end|>"]


def test_it_is_shown_without_colour_alone(rows: Path, tiny_model: Path) -> None:
    shown = preview(rows, tiny_model)
    assert len(shown.rows) == 3
    assert "<|user|>Who <built> it?<|assistant|>[Tarn Osgood<|end|>]" in repr(shown)
    html = shown._repr_html_()
    assert "underline" in html
    assert "&lt;built&gt;" in html
    assert "in bold and underlined" in html


def test_a_missing_file_is_named(tmp_path: Path, tiny_model: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no training file"):
        preview(tmp_path / "none.jsonl", tiny_model)
