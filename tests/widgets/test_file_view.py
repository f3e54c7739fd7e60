from pathlib import Path

import pytest

from workbench.errors import NotFoundError
from workbench.widgets.file_view import FileView


def test_a_file_is_shown_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "qna.yaml"
    path.write_text("version: 3\nanswer: a <b>\n")
    assert repr(FileView(path)) == "qna.yaml\n\nversion: 3\nanswer: a <b>\n"
    shown = FileView(path, "leaf/qna.yaml")._repr_html_()
    assert "<b>leaf/qna.yaml</b>" in shown
    assert 'tabindex="0"' in shown
    assert "answer: a &lt;b&gt;\n</pre>" in shown


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file"):
        repr(FileView(tmp_path / "none"))
