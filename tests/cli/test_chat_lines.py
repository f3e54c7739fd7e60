import io
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from workbench.cli.chat_lines import messages

ENTER, ALT_ENTER, CTRL_C, CTRL_D, UP = "\r", "\x1b\r", "\x03", "\x04", "\x1b[A"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def typed(keys: str, history: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr("sys.stdin", Terminal())
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text(keys)
        return list(messages(history, ["/help"]))


def test_a_message_may_have_several_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = f"one{ALT_ENTER}two{ENTER}{ENTER}three{ENTER}{CTRL_D}"
    assert typed(keys, tmp_path / "chats" / ".history", monkeypatch) == ["one\ntwo", "three"]


def test_earlier_messages_come_back_also_in_the_next_chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert typed(f"hello{ENTER}{CTRL_D}", tmp_path / "history", monkeypatch) == ["hello"]
    assert typed(f"{UP}!{ENTER}{CTRL_D}", tmp_path / "history", monkeypatch) == ["hello!"]


def test_ctrl_c_drops_the_line_and_not_the_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(f"never{CTRL_C}sent{ENTER}{CTRL_D}", tmp_path / "history", monkeypatch) == ["sent"]
    assert "Ctrl-D or /quit ends the chat." in capsys.readouterr().err


def test_elsewhere_every_line_is_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a\n\n  b  \nc"))
    assert list(messages(tmp_path / "history", [])) == ["a", "b", "c"]
    assert not (tmp_path / "history").exists()
