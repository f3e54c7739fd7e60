"""`workbench model chat`: questions on the command line, or a conversation message by message."""

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.flags import options_command, output_flag, workspace_flag
from workbench.engines.options import ChatOptions
from workbench.engines.transcript import Transcript, Turn
from workbench.errors import UsageError, WorkbenchError, explain
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.engines.chat import Chat

_HISTORY = ".history"


@click.option("--question", "asked", multiple=True, help="A question to answer; several are answered one by one.")
@click.option("--session", default="", metavar="NAME", help="Go on with the session of that name, or begin it.")
@click.option("--list-sessions", is_flag=True, help="Show the sessions that were kept, and end.")
@click.option("--remember/--no-remember", default=True, show_default=True, help="Keep earlier messages in view.")
@workspace_flag
@output_flag
def talk(options: ChatOptions, asked: tuple[str, ...], session: str, list_sessions: bool, **shown: object) -> int:
    """Talk to a model, and to its base beside it.

    Without --question it reads messages: from a terminal with a history and /help for commands, and keeps them as a
    session; from anything else one a line, until that ends, and keeps them if --session names one.
    """
    from workbench.engines.chat import Chat

    where, as_json, remember = shown["workspace"], shown["output"] == "json", bool(shown["remember"])
    workspace = Workspace.find(where if isinstance(where, Path) else None)
    if list_sessions:
        _show_sessions(workspace, as_json=as_json)
        return 0
    if as_json and not asked and sys.stdin.isatty():
        raise UsageError("JSON comes at the end of what is said", hint="give --question, or messages from a pipe")
    with closing(Chat(options, workspace)) as chat:
        if not asked or session:
            return _converse(chat, session, asked, remember=remember, as_json=as_json)
        transcript = chat.ask(asked)
    click.echo(_json(transcript) if as_json else str(transcript))
    return 0


chat = options_command(ChatOptions, name="chat", leave_out=("questions",))(talk)


def _show_sessions(workspace: Workspace, *, as_json: bool) -> None:
    from workbench.engines.transcripts import Transcripts

    found = [kept.to_record() for kept in Transcripts(workspace).overview()]
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for one in found:
        begins = str(one["begins"]).partition("\n")[0]
        click.echo(f"{one['name']}  {str(one['changed'])[:16].replace('T', ' ')}  {one['turns']} turns  {begins[:60]}")
    if not found:
        click.echo("No session was kept yet.", err=True)


def _json(transcript: Transcript, **more: str) -> str:
    answers = {name: list(said) for name, said in transcript.answers.items()}
    record = more | {"questions": list(transcript.questions), "answers": answers}
    return json.dumps(record, indent=2, ensure_ascii=False)


def _converse(chat: "Chat", session: str, asked: tuple[str, ...], *, remember: bool, as_json: bool) -> int:
    """1 where something failed and nobody sat there to see it."""
    from workbench.cli.chat_commands import COMMANDS, obey
    from workbench.cli.chat_lines import messages
    from workbench.cli.chat_talk import Talk

    seen = sys.stdin.isatty() and not asked
    said: list[Turn] = []
    with Talk(chat, remember=remember, keeping=seen, shown=not as_json) as talk:
        if session:
            talk.begin(session)
            click.echo(f"{session}: {len(talk.turns)} turns so far.", err=True)
        for message in asked or messages(chat.workspace.chats / _HISTORY, [*COMMANDS, "/quit"]):
            try:
                if not message.startswith("/"):
                    said.append(talk.say(message))
                elif not obey(talk, message):
                    break
            except WorkbenchError as error:
                talk.failed = True
                click.echo(f"error: {explain(error)}", err=True)
        if talk.session and seen:
            click.echo(f"Kept: workbench model chat --session {talk.session} goes on with it.", err=True)
        if as_json:
            click.echo(_json(Transcript(tuple(said)), **({"session": talk.session} if talk.session else {})))
        return int(talk.failed and not seen)
