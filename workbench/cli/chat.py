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

    assert isinstance(chat, Chat)
    conversations = {name: chat.conversation(name) for name in chat.names}
    if sys.stdin.isatty():
        click.echo("An empty line or Ctrl-D ends the chat.", err=True)
    while line := _line():
        for name, conversation in conversations.items():
            if not remember:
                conversation.forget()
            click.echo(f"{name}: {conversation.say(line)}")


def _line() -> str:
    """What the person says next; empty at the end."""
    if sys.stdin.isatty():
        click.echo("you: ", nl=False, err=True)
    return sys.stdin.readline().strip()
