"""Where the values of a YAML text stand, to the letter, with the hyphens, colons and aliases that nodes leave out.

PyYAML's own loader is used: its marks count letters of the text as it is, whatever the line ends and with a byte order
mark, which libyaml's do not.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from workbench.errors import TaxonomyError
from workbench.taxonomy.yaml_file import parse_yaml
from workbench.taxonomy.yaml_writing import Habits

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_MERGE = "tag:yaml.org,2002:merge"
_VALUE = "tag:yaml.org,2002:value"
_BLOCK_HEADER = re.compile(r"(?:[&!]\S*\s+)*([|>][-+0-9]*)")
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, eq=False)
class Part:
    """A value in the text; `end` is behind its last letter, before blanks, comments and line breaks that follow.

    `alias` is the name where it only repeats another value; `node` is then that value's.
    """

    node: yaml.Node
    start: int
    end: int
    column: int
    alias: str = ""
    anchor: str = ""
    entries: tuple["Entry", ...] = ()

    @property
    def flow(self) -> bool:
        return bool(getattr(self.node, "flow_style", False))

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_sequence(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def style(self) -> str | None:
        """As PyYAML calls it: a quote, `|` or `>`, None for plain."""
        return self.node.style if isinstance(self.node, yaml.ScalarNode) else None


@dataclass(frozen=True, eq=False)
class Entry:
    """A key with its value, or an item: `start` is where key or hyphen begins, `opening` is behind colon or hyphen.

    `opening` is -1 where there is neither, as between brackets; `explicit` is a key behind a question mark.
    """

    value: Part
    start: int
    column: int
    opening: int = -1
    key: yaml.Node | None = None
    name: Any = None
    explicit: bool = False

    @property
    def merges(self) -> bool:
        return self.key is not None and self.key.tag == _MERGE


@dataclass(frozen=True)
class Source:
    """A text with its values; `aliased` says whether any of them stands in several places."""

    text: str
    root: Part
    contents: Any
    aliased: bool
    habits: Habits
    newline: str
    _starts: list[int] = field(repr=False)

    def line_start(self, index: int) -> int:
        return self._starts[max(bisect_right(self._starts, index) - 1, 0)]

    def line_end(self, index: int) -> int:
        """Before the line break, or at the text's end."""
        found = _BREAK.search(self.text, index)
        return found.start() if found else len(self.text)

    def next_line(self, index: int) -> int:
        """Behind the line break, or at the text's end."""
        found = _BREAK.search(self.text, index)
        return found.end() if found else len(self.text)

    def begins_line(self, index: int) -> bool:
        return not self.text[self.line_start(index) : index].strip(" ")

    def rest_of_line(self, index: int) -> str:
        return self.text[index : self.line_end(index)]


def read_source(text: str) -> Source:
    """TaxonomyError where the text is no group of keys, or what no check would read."""
    file = parse_yaml(_BREAK.sub(_plain_break, text), "the text")
    if file.findings:
        found = file.findings[0]
        raise TaxonomyError(f"the text is not YAML: {found.message}", hint=found.hint)
    composer = _Composer(text)
    try:
        node = composer.get_single_node()
        root = _Parts(text, composer).part(node, None, None) if isinstance(node, yaml.MappingNode) else None
        contents = composer.construct_document(node) if root else None
    except yaml.YAMLError as error:
        raise TaxonomyError(f"the text is not YAML: {error}", hint="workbench taxonomy diff shows where") from error
    if root is None:
        raise TaxonomyError("the text holds no keys", hint="workbench taxonomy new writes a starting file")
    found_break = re.search("\r\n|\n|\r", text)
    starts = [int(text.startswith(BYTE_ORDER_MARK)), *(match.end() for match in _BREAK.finditer(text))]
    newline = found_break[0] if found_break else "\n"
    return Source(text, root, contents, bool(composer.alias_events), _habits(root), newline, starts)


def header(source: Source, part: Part) -> tuple[int, int]:
    """Where the indicators of a block text, such as `|-`, begin and end."""
    match = _BLOCK_HEADER.match(source.text, part.start)
    return match.span(1) if match else (part.start, part.start)


def _plain_break(match: re.Match[str]) -> str:
    return "\n" if match[0] in ("\r\n", "\r") else match[0]


class _Composer(yaml.SafeLoader):
    """Notes on its way what nodes leave out."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.alias_events: dict[tuple[int, int | None], Any] = {}
        self.anchor_names: dict[int, str] = {}
        self.hyphens: list[int] = []
        self.columns: dict[int, int] = {}
        self.colons: list[int] = []
        self.questions: list[int] = []

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        node: yaml.Node | None = super().compose_node(parent, index)
        if isinstance(event, yaml.AliasEvent):
            place = index if isinstance(index, int) or index is None else id(index)
            self.alias_events[id(parent), place] = event
        elif event.anchor:
            self.anchor_names[id(node)] = event.anchor
        return node

    def fetch_block_entry(self) -> None:
        self.hyphens.append(self.index)
        self.columns[self.index] = self.column
        super().fetch_block_entry()

    def fetch_value(self) -> None:
        self.colons.append(self.index)
        super().fetch_value()

    def fetch_key(self) -> None:
        self.questions.append(self.index)
        super().fetch_key()


class _Parts:
    """Makes parts of nodes before they are constructed, which changes nodes that merge others."""

    def __init__(self, text: str, composer: _Composer) -> None:
        self._text = text
        self._composer = composer

    def part(self, node: yaml.Node, parent: yaml.Node | None, place: int | None) -> Part:
        alias = self._composer.alias_events.get((id(parent), place)) if parent else None
        if alias:
            begin, end = alias.start_mark, alias.end_mark
            return Part(node, begin.index, end.index, begin.column, alias=alias.anchor)
        start = node.start_mark
        anchor = self._composer.anchor_names.get(id(node), "")
        entries = self._entries(node)
        return Part(node, start.index, self._end(node, entries), start.column, "", anchor, entries)

    def _entries(self, node: yaml.Node) -> tuple[Entry, ...]:
        if isinstance(node, yaml.MappingNode):
            return tuple(self._pair(node, key, value) for key, value in node.value)
        if isinstance(node, yaml.SequenceNode):
            return tuple(self._item(node, place, item) for place, item in enumerate(node.value))
        return ()

    def _pair(self, node: yaml.MappingNode, key: yaml.Node, value: yaml.Node) -> Entry:
        part = self.part(value, node, id(key))
        if (id(node), None) in self._composer.alias_events:
            # A key that is an alias: where it stands is not known, so that the group is only ever replaced as a whole.
            return Entry(part, -1, part.column, -1, key, _name(key), explicit=True)
        start, end = key.start_mark, key.end_mark.index
        colon = _first_from(self._composer.colons, end)
        opening = colon + 1 if end <= colon <= part.start else -1
        question = _last_before(self._composer.questions, start.index)
        explicit = question >= 0 and not self._text[question + 1 : start.index].strip()
        return Entry(part, start.index, start.column, opening, key, _name(key), explicit)

    def _item(self, node: yaml.SequenceNode, place: int, item: yaml.Node) -> Entry:
        part = self.part(item, node, place)
        if node.flow_style:
            return Entry(part, part.start, part.column)
        hyphen = _last_before(self._composer.hyphens, part.start)
        return Entry(part, hyphen, self._composer.columns[hyphen], hyphen + 1)

    def _end(self, node: yaml.Node, entries: tuple[Entry, ...]) -> int:
        end: int = node.end_mark.index
        if isinstance(node, yaml.ScalarNode):
            return self._block_end(node, end) if node.style in ("|", ">") else end
        return entries[-1].value.end if entries and not getattr(node, "flow_style", False) else end

    def _block_end(self, node: yaml.ScalarNode, end: int) -> int:
        """Empty lines at the end of a block count where its indicator keeps them."""
        match = _BLOCK_HEADER.match(self._text, node.start_mark.index)
        top = _BREAK.search(self._text, match.end(), end) if match else None
        if not match or not top:
            return match.end() if match else end
        body = self._text[top.start() : end]
        breaks = [found.start() for found in _BREAK.finditer(body)]
        if not body[breaks[-1] :].strip("\r\n\x85\u2028\u2029 "):
            body = body[: breaks.pop()]
        while "+" not in match[1] and breaks and not body[breaks[-1] :].strip("\r\n\x85\u2028\u2029 "):
            body = body[: breaks.pop()]
        return top.start() + len(body) if body else match.end()


def _name(key: yaml.Node) -> Any:
    if isinstance(key, yaml.ScalarNode) and key.tag not in (_MERGE, _VALUE):
        return SafeConstructor().construct_object(key, deep=True)
    return key.value if isinstance(key, yaml.ScalarNode) else repr(key.value)


def _first_from(places: list[int], index: int) -> int:
    found = bisect_left(places, index)
    return places[found] if found < len(places) else -1


def _last_before(places: list[int], index: int) -> int:
    found = bisect_left(places, index)
    return places[found - 1] if found else -1


def _habits(root: Part) -> Habits:
    """Of the first group of keys and the first list that are indented; those of the house where there are none."""
    steps: list[int] = []
    lists: list[int] = []
    waiting = [root]
    while waiting:
        part = waiting.pop(0)
        for entry in part.entries if not part.flow else ():
            inner = entry.value
            if inner.entries and not inner.flow and not inner.alias:
                waiting.append(inner)
                if part.is_mapping:
                    indent = inner.entries[0].column - entry.column
                    (lists if inner.is_sequence else steps).append(indent)
    step = next((indent for indent in [*steps, *lists] if indent > 0), 2)
    return Habits(step, next((indent > 0 for indent in lists), True))
