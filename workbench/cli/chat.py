"""`workbench model chat`: questions on the command line, or a conversation line by line."""

import json
import sys
from contextlib import closing
from pathlib import Path

import click

from workbench.cli.flags import options_command, output_flag, workspace_flag
from workbench.engines.options import ChatOptions
from workbench.workspace import Workspace


@click.option("--question", "asked", multiple=True, help="A question to answer; several are answered one by one.")
@click.option("--remember/--no-remember", default=False, show_default=True, help="Keep earlier messages in view.")
@workspace_flag
@output_flag
def talk(options: ChatOptions, asked: tuple[str, ...], remember: bool, workspace: Path | None, output: str) -> None:
    """Talk to a model, and to its base beside it.

    Without --question it reads messages from standard input, one a line, until that ends.
    """
    from workbench.engines.chat import Chat

    with closing(Chat(options, Workspace.find(workspace))) as chat:
        if not asked:
            _converse(chat, remember=remember)
            return
        transcript = chat.ask(asked)
    if output == "json":
        answers = {name: list(said) for name, said in transcript.answers.items()}
        click.echo(json.dumps({"questions": list(asked), "answers": answers}, indent=2, ensure_ascii=False))
    else:
        click.echo(str(transcript))


chat = options_command(ChatOptions, name="chat", leave_out=("questions",))(talk)


def _converse(chat: object, *, remember: bool) -> None:
    from workbench.engines.chat import Chat
    from workbench.engines.replies import Asked
    from workbench.engines.transcript import Transcript, Turn

    assert isinstance(chat, Chat)
    said = Transcript()
    if sys.stdin.isatty():
        click.echo("An empty line or Ctrl-D ends the chat.", err=True)
    while line := _line():
        answers = {}
        for name in chat.names:
            before = said.turns if remember else ()
            answers[name] = chat.start(Asked(name, line, chat.sampling, chat.seed, before=before)).wait()
            click.echo(f"{name}: {answers[name]}")
        said = said.with_turn(Turn(line, answers))


def _line() -> str:
    """What the person says next; empty at the end."""
    if sys.stdin.isatty():
        click.echo("you: ", nl=False, err=True)
    return sys.stdin.readline().strip()
