"""What a person says next: edited on a terminal, with a history and messages of many lines; elsewhere one a line."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

_HELP = "Enter sends, Alt+Enter begins a new line, Ctrl-C stops an answer, Ctrl-D ends the chat; /help lists commands."


def messages(history: Path, commands: Sequence[str]) -> Iterator[str]:
    """Until the input ends; empty ones are left out."""
    lines = _edited(history, commands) if sys.stdin.isatty() else iter(sys.stdin.readline, "")
    return (line.strip() for line in lines if line.strip())


def _edited(history: Path, commands: Sequence[str]) -> Iterator[str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory

    history.parent.mkdir(parents=True, exist_ok=True)
    session: PromptSession[str] = PromptSession(
        "you: ",
        history=FileHistory(str(history)),
        completer=WordCompleter(list(commands), sentence=True),
        complete_while_typing=False,
        multiline=True,
        prompt_continuation="     ",
        key_bindings=_keys(),
    )
    click.echo(_HELP, err=True)
    while True:
        try:
            yield session.prompt()
        except KeyboardInterrupt:
            click.echo("Ctrl-D or /quit ends the chat.", err=True)
        except EOFError:
            return


def _keys() -> "KeyBindings":
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("enter")
    def send(event: "KeyPressEvent") -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def begin_line(event: "KeyPressEvent") -> None:
        event.current_buffer.insert_text("\n")

    return keys
