import json
from pathlib import Path

import pytest

from tests.training.families import INSTRUCTED
from workbench.errors import NotFoundError, TrainingDataError
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
    assert [(piece.text, piece.learned, piece.added) for piece in shown.rows[0]] == [
        ("<|user|>", False, True),
        ("Who <built> it?", False, False),
        ("<|assistant|>", False, True),
        ("Tarn Osgood", True, False),
        ("<|end|>", True, True),
    ]
    tokens = [piece.tokens for piece in shown.rows[0]]
    assert shown.caption == f"{rows.name}: 1 row, {sum(tokens[3:])} of {sum(tokens)} tokens are learned"


def test_an_unmasked_row_is_learned_but_for_the_roles(rows: Path, tiny_model: Path) -> None:
    pieces = preview(rows, tiny_model).rows[1]
    assert [piece.text for piece in pieces if piece.learned] == ["Who <built> it?", "Tarn Osgood", "<|end|>"]


def test_it_is_shown_without_colour_alone(rows: Path, tiny_model: Path) -> None:
    shown = preview(rows, tiny_model)
    assert len(shown.rows) == 3
    assert "«<|user|>»Who <built> it?«<|assistant|>»[Tarn Osgood«<|end|>»]" in repr(shown)
    assert str(shown) == repr(shown)
    html = shown._repr_html_()
    assert "underline" in html
    assert "&lt;built&gt;" in html
    assert "in bold and underlined" in html
    assert '<span style="font-style:italic;opacity:0.7">&lt;|user|&gt;</span>' in html


def test_blanks_at_a_border_stay_with_tokenizers_that_drop_the_first(tmp_path: Path, rows: Path) -> None:
    INSTRUCTED.tokenizer().save_pretrained(tmp_path / "model")
    text = "".join(piece.text for piece in preview(rows, tmp_path / "model", 1).rows[0])
    assert text == "<s>[INST] Who <built> it?[/INST] Tarn Osgood</s>"


def test_long_rows_lose_their_middle_when_they_are_shown(tmp_path: Path, tiny_model: Path) -> None:
    path = tmp_path / "notes.txt"
    write_text(path, "begin " + "lighthouse " * 2000 + "finish")
    shown = preview(path, tiny_model)
    (piece,) = shown.rows[0]
    assert (len(piece.text), piece.learned, piece.added) == (22_012 + len("<|end|>"), True, False)
    assert "begin" in str(shown)
    assert "finish" in str(shown)
    assert len(str(shown)) < 4000


def test_a_row_without_words_and_one_that_is_broken(tmp_path: Path, tiny_model: Path) -> None:
    path = tmp_path / "train.jsonl"
    write_text(path, '{"messages": []}\n')
    assert preview(path, tiny_model).rows == ((),)
    write_text(path, '{"messages": []}\n{"id": 1}\n')
    with pytest.raises(TrainingDataError, match=r"train\.jsonl:2: there are no `messages`"):
        preview(path, tiny_model)


def test_a_missing_file_is_named(tmp_path: Path, tiny_model: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no training file"):
        preview(tmp_path / "none.jsonl", tiny_model)
