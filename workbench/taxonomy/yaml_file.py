"""A YAML file with the place of each of its values, read without ever raising: what is wrong with it are findings."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from workbench.taxonomy.findings import Finding

# What a file may hold at most, so that the checks, some of which take time by the square of it, end within a second.
# A qna.yaml of the advised 2,300 words has about 20 KiB and 150 values.
MAX_BYTES = 2**17
MAX_DEPTH = 64
MAX_VALUES = 5_000
MAX_DIGITS = 1000
# With aliases written out, the text of all values together may be this many times as long as the file may be.
_REPEATED = 4
# What SafeConstructor raises for values such as `!!int many` or `!!bool perhaps`, besides its own errors.
_BAD_VALUES = (yaml.YAMLError, ValueError, KeyError, IndexError, AttributeError, TypeError, OverflowError)
_QUICK: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBERS = {f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp")}
_FOREIGN = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}

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
    _known: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = field(default_factory=dict, compare=False, repr=False)

    def position(self, keys: Keys, *, key: str = "") -> tuple[int, int]:
        """Line and column, from 1, of the value that the keys lead to, or of the last one on the way that is there.

        With `key`, of that key itself in the mapping which the keys lead to.
        """
        node = self.node
        for step in keys:
            following = self._child(node, step)
            if following is None:
                break
            node = following
        pair = self._pairs(node).get(key) if key and isinstance(node, yaml.MappingNode) else None
        marked = pair[0] if pair else node
        return (marked.start_mark.line + 1, marked.start_mark.column + 1) if marked else (1, 1)

    def finding(self, keys: Keys, code: str, message: str, *, hint: str = "", key: str = "") -> Finding:
        """An error at a value; callers change the severity with dataclasses.replace."""
        line, column = self.position(keys, key=key)
        return Finding(self.shown, line, column, yaml_path(keys), code, "error", message, hint)

    def _child(self, node: yaml.Node | None, step: str | int) -> yaml.Node | None:
        if isinstance(node, yaml.MappingNode):
            pair = self._pairs(node).get(str(step))
            return pair[1] if pair else None
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found: yaml.Node = node.value[step]
            return found
        return None

    def _pairs(self, node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """By key; the last of repeated keys is the one that counts."""
        if id(node) not in self._known:
            scalars = ((key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode))
            self._known[id(node)] = {key.value: (key, value) for key, value in scalars}
        return self._known[id(node)]


def yaml_path(keys: Keys) -> str:
    """`.seed_examples[0].question`; `.` is the whole file."""
    parts = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return "".join(parts) or "."


def open_yaml(path: Path, shown: str) -> YamlFile:
    """`shown` is how findings call the file."""
    data = read_bytes(path, shown)
    return data if isinstance(data, YamlFile) else decode_yaml(data, shown)


def read_bytes(path: Path, shown: str) -> bytes | YamlFile:
    """The file's bytes, or what stands for it with the finding that says why there are none.

    Whatever lies there, it is opened without waiting for it and never read beyond what a file may hold.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return _refused(shown, "unreadable", "it is not a file", "put a text file in its place")
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return _refused(shown, "unreadable", f"the file cannot be read: {reason}", "look at its rights and links")
    if len(data) > MAX_BYTES:
        return _refused(shown, "too-large", f"the file is over {MAX_BYTES >> 10} KiB", "split it into several leaves")
    return data


def decode_yaml(data: bytes, shown: str) -> YamlFile:
    """What `open_yaml` does behind reading the bytes."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        found = _FOREIGN.get(data[:2])
        message = f"not UTF-8 but {found}" if found else "not UTF-8"
        finding = Finding(shown, line, column, "", "encoding", "error", message, "save the file as UTF-8")
        return YamlFile(shown, findings=(finding,))
    return parse_yaml(text.replace("\r\n", "\n").replace("\r", "\n"), shown)


def parse_yaml(text: str, shown: str) -> YamlFile:
    """What `open_yaml` does behind decoding; `text` has plain line breaks."""
    try:
        node = _compose(text)
        if node is None:
            return YamlFile(shown, text)
        contents = SafeConstructor().construct_document(node)
    except _TooMuch as error:
        return _refused(shown, error.code, str(error), "a qna.yaml is short and flat; look for a missing line break")
    except _BAD_VALUES as error:
        return YamlFile(shown, text, findings=(_syntax_finding(shown, text, error),))
    return YamlFile(shown, text, node, contents)


class _TooMuch(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _ExactLoader(yaml.SafeLoader):
    """PyYAML's own loader, which counts how deep it goes."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        if self._depth > MAX_DEPTH:
            raise _too_deep()
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _compose(text: str) -> yaml.Node | None:
    """libyaml is quick; where it refuses, PyYAML's own parser has the last word, as it has upstream."""
    try:
        plain = _count(text)
        composed: yaml.Node | None = yaml.compose(text, Loader=_QUICK)
    except yaml.YAMLError:
        plain, composed = False, _ExactLoader(text).get_single_node()
    if composed and not plain:
        _measure(composed, {})
    return composed


def _count(text: str) -> bool:
    """Whether the file is no more than it looks: without aliases and endless numbers.

    libyaml composes by recursion in C, which would end the process, and builds before anybody can count.
    """
    depth = values = 0
    plain = True
    for event in yaml.parse(text, Loader=_QUICK):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            plain = False
        elif isinstance(event, yaml.ScalarEvent) and len(event.value) > MAX_DIGITS:
            # libyaml writes no style for a plain text, which may be a number.
            plain = plain and not event.tag and bool(event.style)
        values += isinstance(event, yaml.NodeEvent)
        if depth > MAX_DEPTH:
            raise _too_deep()
        if values > MAX_VALUES:
            raise _too_many()
    return plain


@dataclass
class _Size:
    """Of a value with its aliases written out; no values yet while it is being measured."""

    values: int = 0
    letters: int = 0
    depth: int = 1


def _measure(node: yaml.Node, sizes: dict[int, _Size]) -> _Size:
    """A few aliases can stand for more than fits into memory, and a loop of them has no end."""
    size = sizes.get(id(node))
    if size is None:
        size = sizes[id(node)] = _Size()
        parts = [_measure(child, sizes) for child in _children(node)]
        size.letters = sum(part.letters for part in parts) + (len(node.value) if not parts else 0)
        size.depth = 1 + max((part.depth for part in parts), default=0)
        size.values = 1 + sum(part.values for part in parts)
    elif not size.values:
        raise _TooMuch("alias-loop", "an alias stands inside the value that it repeats")
    if size.values > MAX_VALUES:
        raise _too_many()
    if size.letters > _REPEATED * MAX_BYTES:
        raise _TooMuch("too-large", f"the values stand for more than {_REPEATED * MAX_BYTES >> 10} KiB of text")
    if size.depth > MAX_DEPTH + 1:
        raise _too_deep()
    if node.tag in _NUMBERS and len(node.value) > MAX_DIGITS:
        raise _TooMuch("too-large", f"a number has more than {MAX_DIGITS} digits")
    return size


def _too_deep() -> _TooMuch:
    return _TooMuch("too-deep", f"values are nested more than {MAX_DEPTH} levels deep")


def _too_many() -> _TooMuch:
    return _TooMuch("too-large", f"the file stands for more than {MAX_VALUES} values")


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _syntax_finding(shown: str, text: str, error: Exception) -> Finding:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).split("\n")[0] or type(error).__name__
    hint = "quote texts that hold ': ', '#' or start with a sign; indent with blanks, never with tabs"
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        hint = "delete the character; is it a text file?"
    return Finding(shown, line, column, "", "yaml-syntax", "error", f"not YAML: {problem}", hint)


def _refused(shown: str, code: str, message: str, hint: str) -> YamlFile:
    return YamlFile(shown, findings=(Finding(shown, 1, 1, "", code, "error", message, hint),))
