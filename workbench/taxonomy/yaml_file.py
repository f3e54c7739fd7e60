"""A YAML file with the place of each of its values, read without ever raising: what is wrong with it are findings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from workbench.taxonomy.findings import Finding

MAX_BYTES = 2**20
MAX_DEPTH = 64
MAX_VALUES = 100_000
# What SafeConstructor raises for values such as `!!int many` or `!!bool perhaps`, besides its own errors.
_BAD_VALUES = (yaml.YAMLError, ValueError, KeyError, IndexError, AttributeError, TypeError, OverflowError)
_LOADERS: tuple[Any, ...] = (getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader)

Keys = Sequence[str | int]


@dataclass(frozen=True)
class YamlFile:
    """`node` is None and `findings` says why where there is nothing to go on with; `contents` is as safe_load gives it.

    `text` has plain line breaks, so that line numbers are the same for files of any system.
    """

    shown: str
    text: str = ""
    node: yaml.Node | None = None
    contents: Any = None
    findings: tuple[Finding, ...] = ()

    def position(self, keys: Keys, *, key: str = "") -> tuple[int, int]:
        """Line and column, from 1, of the value that the keys lead to, or of the last one on the way that is there.

        With `key`, of that key itself in the mapping which the keys lead to.
        """
        node = self.node
        for step in keys:
            following = _child(node, step)
            if following is None:
                break
            node = following
        mark = _key_mark(node, key) or (node.start_mark if node else None)
        return (mark.line + 1, mark.column + 1) if mark else (1, 1)

    def finding(self, keys: Keys, code: str, message: str, *, hint: str = "", key: str = "") -> Finding:
        """An error at a value; callers change the severity with dataclasses.replace."""
        line, column = self.position(keys, key=key)
        return Finding(self.shown, line, column, yaml_path(keys), code, "error", message, hint)


def yaml_path(keys: Keys) -> str:
    """`.seed_examples[0].question`; `.` is the whole file."""
    parts = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return "".join(parts) or "."


def open_yaml(path: Path, shown: str) -> YamlFile:
    """`shown` is how findings call the file."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return _refused(
                shown, "too-large", f"the file is over {MAX_BYTES >> 10} KiB", "split it into several leaves"
            )
        data = path.read_bytes()
    except OSError as error:
        return _refused(
            shown, "unreadable", f"the file cannot be read: {error.strerror or error}", "look at its rights"
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        finding = Finding(shown, line, column, "", "encoding", "error", "not UTF-8", "save the file as UTF-8")
        return YamlFile(shown, findings=(finding,))
    return parse_yaml(text.replace("\r\n", "\n").replace("\r", "\n"), shown)


def parse_yaml(text: str, shown: str) -> YamlFile:
    """What `open_yaml` does behind reading the bytes."""
    try:
        node = _compose(text)
        if node is None:
            return YamlFile(shown, text)
        _measure(node, {})
        contents = SafeConstructor().construct_document(node)
    except _TooMuch as error:
        return _refused(shown, error.code, str(error), "a qna.yaml is short and flat; look for a missing line break")
    except _BAD_VALUES as error:
        return YamlFile(shown, text, findings=(_syntax_finding(shown, error),))
    return YamlFile(shown, text, node, contents)


class _TooMuch(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _compose(text: str) -> yaml.Node | None:
    """libyaml is quick; where it refuses, PyYAML's own parser has the last word, as it has upstream."""
    quick, exact = _LOADERS
    try:
        return _compose_with(text, quick)
    except yaml.YAMLError:
        return _compose_with(text, exact)


def _compose_with(text: str, loader: Any) -> yaml.Node | None:
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        # Composing goes down by recursion, which in C would end the process.
        if depth > MAX_DEPTH:
            raise _TooMuch("too-deep", f"values are nested more than {MAX_DEPTH} levels deep")
    composed: yaml.Node | None = yaml.compose(text, Loader=loader)
    return composed


def _measure(node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many values the node is with its aliases written out; a loop of aliases has no end."""
    if sizes.get(id(node)) == 0:
        raise _TooMuch("alias-loop", "an alias stands inside the value that it repeats")
    if id(node) not in sizes:
        sizes[id(node)] = 0
        sizes[id(node)] = 1 + sum(_measure(child, sizes) for child in _children(node))
    if sizes[id(node)] > MAX_VALUES:
        raise _TooMuch("too-large", f"the file stands for more than {MAX_VALUES} values")
    return sizes[id(node)]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _child(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        # The last of repeated keys is the one that counts.
        return next((value for key, value in reversed(node.value) if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found: yaml.Node = node.value[step]
        return found
    return None


def _key_mark(node: yaml.Node | None, name: str) -> Any:
    if not name or not isinstance(node, yaml.MappingNode):
        return None
    return next((key.start_mark for key, _ in reversed(node.value) if key.value == name), None)


def _syntax_finding(shown: str, error: Exception) -> Finding:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).split("\n")[0] or type(error).__name__
    hint = "quote texts that hold ': ', '#' or start with a sign; indent with blanks, never with tabs"
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Finding(shown, line, column, "", "yaml-syntax", "error", f"not YAML: {problem}", hint)


def _refused(shown: str, code: str, message: str, hint: str) -> YamlFile:
    return YamlFile(shown, findings=(Finding(shown, 1, 1, "", code, "error", message, hint),))
