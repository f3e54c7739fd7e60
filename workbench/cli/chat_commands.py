"""What begins with a slash in a chat: the session, the passage, who answers and how."""

from collections.abc import Callable
from dataclasses import replace

import click

from workbench.cli.chat_talk import Talk
from workbench.engines.options import ChatOptions
from workbench.errors import NotFoundError, UsageError
from workbench.taxonomy.passages import Passage, document_passages, seed_passages
from workbench.taxonomy.tree import read_taxonomy

Command = Callable[[Talk, str], str]
_OFF = "off"


def obey(talk: Talk, line: str) -> bool:
    """Does what a line with a slash says, and tells on standard error; False where that ends the chat. UsageError for a
    command that there is not, and for a value that it cannot take."""
    name, _, value = line.partition(" ")
    if name == "/quit":
        return False
    if name not in COMMANDS:
        raise UsageError(f"there is no command {name}", hint="/help lists them")
    click.echo(COMMANDS[name][0](talk, value.strip()), err=True)
    return True


def _help(talk: Talk, value: str) -> str:
    shown = [(f"{name} {takes}".strip(), about) for name, (_, takes, about) in COMMANDS.items()]
    width = max(len(name) for name, _ in shown)
    return "\n".join(f"{name:<{width}}  {about}" for name, about in [*shown, ("/quit", "end the chat")])


def _new(talk: Talk, value: str) -> str:
    if value and value in talk.kept.names():
        raise UsageError(f"there is a session {value} already", hint=f"/load {value} goes on with it")
    talk.begin(value)
    return "A new session."


def _save(talk: Talk, value: str) -> str:
    name = talk.save(value or talk.session or "chat")
    return f"Saved as {name}: {talk.kept.path(name).with_suffix('.md')}"


def _load(talk: Talk, value: str) -> str:
    if value not in talk.kept.names():
        raise NotFoundError(f"there is no session {value}".rstrip(), hint=f"there are: {_listed(talk.kept.names())}")
    talk.begin(value)
    return f"{value} has {len(talk.turns)} turns so far."


def _context(talk: Talk, value: str) -> str:
    taxonomy = read_taxonomy(talk.chat.workspace.taxonomy)
    if not value:
        shown = f"In front of each message: {talk.context}" if talk.context else "No passage is in front of messages."
        return f"{shown}\nLeaves: {_listed([leaf.path for leaf in taxonomy])}"
    if value == _OFF:
        talk.context = ""
        return "The passage is gone."
    path, _, wanted = value.partition(" ")
    leaf = taxonomy.leaf(path)
    found = [*seed_passages(leaf), *document_passages(leaf, talk.chat.workspace.cache)]
    passage = _chosen(found, wanted.strip())
    if not passage:
        names = "\n".join(f"{number}. {one.name}" for number, one in enumerate(found, start=1))
        return f"{names}\n/context {path} NUMBER puts one in front." if found else f"{path} has no passages."
    talk.context = passage.text
    return f"In front of each message: {passage.text}"


def _chosen(found: list[Passage], wanted: str) -> Passage | None:
    if not wanted:
        return None
    if wanted.isdecimal() and 1 <= int(wanted) <= len(found):
        return found[int(wanted) - 1]
    raise UsageError(f"there is no passage {wanted}", hint=f"take a number from 1 to {len(found)}")


def _model(talk: Talk, value: str) -> str:
    if value:
        talk.choose(value)
    told = [f"{name}{'' if name in talk.names else ' (silent)'}: {model}" for name, model in talk.chat.models.items()]
    return "\n".join(told)


def _temperature(talk: Talk, value: str) -> str:
    if value:
        wanted = ChatOptions.parse({"temperature": _number(value, float)}).temperature
        talk.sampling = replace(talk.sampling, temperature=wanted)
    return f"The temperature is {talk.sampling.temperature:g}."


def _seed(talk: Talk, value: str) -> str:
    if value:
        talk.seed = ChatOptions.parse({"seed": _number(value, int)}).seed
    return f"The seed is {talk.seed}."


def _number(text: str, kind: type[int] | type[float]) -> int | float:
    try:
        return kind(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no number") from error


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none yet"


COMMANDS: dict[str, tuple[Command, str, str]] = {
    "/help": (_help, "", "show these commands"),
    "/new": (_new, "[NAME]", "begin a new session"),
    "/save": (_save, "[NAME]", "keep a copy of the session, never in place of another"),
    "/load": (_load, "NAME", "go on with a session that was kept"),
    "/context": (_context, "[LEAF [NUMBER]]|off", "put a passage of the taxonomy in front of messages, or show them"),
    "/model": (_model, "[NAME|all]", "let one model answer, or all; another model is opened by its name or file"),
    "/temperature": (_temperature, "[NUMBER]", "how freely words are drawn, 0 takes the likeliest"),
    "/seed": (_seed, "[NUMBER]", "seed of every draw"),
}
