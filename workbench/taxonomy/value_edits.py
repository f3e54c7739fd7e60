"""Which letters of a YAML text have to change for its values to become others."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.taxonomy.alignment import align, same
from workbench.taxonomy.block_edits import entry_lines, insertion, removals, unfinished
from workbench.taxonomy.scalar_edits import block_edits, inline_edit, plain_edit
from workbench.taxonomy.text_edits import CannotSpliceError, Edit, Path
from workbench.taxonomy.yaml_parts import Entry, Part, Source, header
from workbench.taxonomy.yaml_scalars import key_text
from workbench.taxonomy.yaml_writing import Habits, block_lines, flow_text, is_collection, written

_BRACKET = re.compile(r"(?:[&!]\S*\s+)*[\[{]")


def plan_edits(
    source: Source, contents: Mapping[str, Any], whole: frozenset[Path], *, blocks: bool = True
) -> list[Edit]:
    """Values at the paths `whole`, and what cannot be changed in part, are written anew; not checked by parsing."""
    planner = _Planner(source, whole, blocks)
    root = source.root
    planner.change(Entry(root, root.start, root.column), source.contents, contents, ())
    return planner.edits


class _Planner:
    """`now` has what anchored values become, by their nodes; an alias of anything else is written out."""

    def __init__(self, source: Source, whole: frozenset[Path], blocks: bool) -> None:
        self.edits: list[Edit] = []
        self._source = source
        self._whole = whole
        self._now: dict[int, Any] = {}
        self._habits = Habits(source.habits.step, source.habits.indented, keep=False, blocks=blocks)

    def change(self, entry: Entry, old: Any, new: Any, path: Path, flow: bool = False) -> None:
        """In the order of the text, so that an anchor is known before its aliases."""
        part = entry.value
        if part.alias:
            if id(part.node) not in self._now or not same(self._now[id(part.node)], new):
                self._replace(entry, new, path, flow)
            return
        if not self._source.aliased and same(old, new) and path not in self._whole:
            return
        known, count = dict(self._now), len(self.edits)
        try:
            self._within(entry, old, new, path, flow)
        except CannotSpliceError:
            self._now = known
            del self.edits[count:]
            self._replace(entry, new, path, flow)
            return
        if part.anchor:
            self._now[id(part.node)] = new

    def _within(self, entry: Entry, old: Any, new: Any, path: Path, flow: bool) -> None:
        part = entry.value
        inner = flow or part.flow
        if path in self._whole:
            raise CannotSpliceError
        if part.is_mapping and isinstance(old, Mapping) and isinstance(new, Mapping):
            self._keys(part, old, new, path, inner)
        elif part.is_sequence and isinstance(old, list) and isinstance(new, list):
            self._items(part, old, new, path, inner)
        elif same(old, new):
            return
        elif part.entries or is_collection(new):
            raise CannotSpliceError
        else:
            self._scalar(entry, old, new, path, flow)

    def _keys(self, part: Part, old: Mapping[Any, Any], new: Mapping[Any, Any], path: Path, flow: bool) -> None:
        own = {entry.name: place for place, entry in enumerate(part.entries) if not entry.merges}
        merged = self._merged(part, old)
        if any(name not in old for name in own) or any(name not in new for name in merged):
            raise CannotSpliceError
        gone = [name for name in own if name not in new]
        came = [n for n in new if n not in own and not (n in merged and same(merged[n], new[n]))]
        renamed = _renamed(gone, came, old, new)
        kept = {own[name]: name for name in own if name in new} | {own[name]: to for name, to in renamed.items()}
        if (gone or came) and any(entry.explicit for entry in part.entries):
            raise CannotSpliceError
        if not kept and (old or new) and not (merged and not came):
            raise CannotSpliceError
        for place in sorted(kept):
            entry, name = part.entries[place], kept[place]
            if entry.name in renamed:
                self._rename(entry, name, (*path, name), flow)
            self.change(entry, old[entry.name], new[name], (*path, name), flow)
        lost = [place for place, entry in enumerate(part.entries) if entry.name in gone and entry.name not in renamed]
        places = {name: place for place, name in kept.items()}
        fresh = [(places.get(name), name) for name in new if name in places or (name in came and name not in places)]
        self._resize(part, lost, _grouped(fresh), {name: {name: new[name]} for name in came}, path)

    def _items(self, part: Part, old: Sequence[Any], new: Sequence[Any], path: Path, flow: bool) -> None:
        found = align(old, new)
        if not any(place is not None for place in found.places) and (old or new):
            raise CannotSpliceError
        for now, place in enumerate(found.places):
            if place is not None:
                self.change(part.entries[place], old[place], new[now], (*path, place), flow)
        lost = [place for place in range(len(old)) if place not in found.places]
        groups = _grouped([(place, now) for now, place in enumerate(found.places)])
        values = {now: [new[now]] for now, place in enumerate(found.places) if place is None}
        self._resize(part, lost, groups, values, path, found.moved)

    def _resize(
        self,
        part: Part,
        lost: list[int],
        groups: Mapping[int, list[Any]],
        values: Mapping[Any, Any],
        path: Path,
        moved: Mapping[int, int] | None = None,
    ) -> None:
        """Entries taken out, and those of `values` put in behind the entries that `groups` names, -1 for the front."""
        marked = (*path, None)
        if not lost and not groups:
            return
        if part.flow:
            self._resize_flow(part, lost, groups, values, marked)
            return
        self.edits += removals(self._source, part, lost, marked)
        for after, names in groups.items():
            lines = [self._lines(part, name, values[name], moved or {}) for name in names]
            self.edits += [Edit(at, at, text, marked) for at, text in insertion(self._source, part, after, lines)]
            if after >= 0 and (found := unfinished(self._source, part, after)):
                text = self._source.text[slice(*found)]
                self.edits.append(Edit(*found, text.replace("+", "") + "-" if "-" not in text else text, marked))

    def _lines(self, part: Part, name: Any, value: Any, moved: Mapping[int, int]) -> list[str]:
        as_it_was = entry_lines(self._source, part, moved[name]) if name in moved else None
        return as_it_was or block_lines(value, part.entries[0].column, self._habits)

    def _resize_flow(
        self, part: Part, lost: list[int], groups: Mapping[int, list[Any]], values: Mapping[Any, Any], path: Path
    ) -> None:
        if not _BRACKET.match(self._source.text, part.start):
            raise CannotSpliceError
        entries = part.entries
        stay = [place for place in range(len(entries)) if place not in lost]
        for place in lost:
            before = max((one for one in stay if one < place), default=None)
            start = entries[place].start if before is None else entries[place - 1].value.end
            behind = next((one for one in stay if one > place), None)
            end = entries[place].value.end if before is not None or behind is None else entries[place + 1].start
            self.edits.append(Edit(start, end, "", path))
        for after, names in groups.items():
            texts = ", ".join(flow_text(values[name])[1:-1] for name in names)
            if after < 0:
                self.edits.append(Edit(entries[stay[0]].start, entries[stay[0]].start, f"{texts}, ", path))
            else:
                self.edits.append(Edit(entries[after].value.end, entries[after].value.end, f", {texts}", path))

    def _merged(self, part: Part, old: Mapping[Any, Any]) -> dict[Any, Any]:
        """What `<<` brings in, as it is after the changes as far as aliases bring it."""
        own = {entry.name for entry in part.entries if not entry.merges}
        found = {name: value for name, value in old.items() if name not in own}
        for entry in part.entries:
            if entry.merges and entry.value.alias:
                if id(entry.value.node) not in self._now:
                    raise CannotSpliceError
                found.update(self._now[id(entry.value.node)])
        return {name: value for name, value in found.items() if name not in own}

    def _rename(self, entry: Entry, name: Any, path: Path, flow: bool) -> None:
        if entry.key is None or entry.key.start_mark.index != entry.start:
            raise CannotSpliceError
        style = getattr(entry.key, "style", None)
        self.edits.append(Edit(entry.start, entry.key.end_mark.index, key_text(name, flow=flow, style=style), path))

    def _scalar(self, entry: Entry, old: Any, new: Any, path: Path, flow: bool) -> None:
        part, text = entry.value, self._source.text
        if isinstance(old, str) and isinstance(new, str) and not flow:
            if part.style in ("|", ">") and (found := block_edits(self._source, entry, old, new, path)) is not None:
                self.edits += found
                return
            if part.style is None and (edit := plain_edit(self._source, part, new, path)):
                self.edits.append(edit)
                return
        several = isinstance(new, str) and "\n" in new and part.style != '"' and not flow
        if part.style in ("|", ">") or several or text[part.start : part.end] in ("", f"&{part.anchor}"):
            raise CannotSpliceError
        self.edits.append(inline_edit(part, new, flow, path))

    def _replace(self, entry: Entry, new: Any, path: Path, flow: bool) -> None:
        """The whole value written anew."""
        part, source = entry.value, self._source
        if flow or (part.flow and part.entries and not path):
            if part.end > part.start:
                self.edits.append(Edit(part.start, part.end, flow_text(new), path))
            elif entry.opening >= 0:
                self.edits.append(Edit(entry.opening, entry.opening, f" {flow_text(new)}", path))
            else:
                raise CannotSpliceError
        elif not path:
            self.edits.append(self._root(part, new))
        elif entry.opening < 0:
            raise CannotSpliceError
        else:
            apart = "\n" in source.text[entry.opening : part.start].replace("\r", "\n")
            if apart and entry.key is None and is_collection(new) and new:
                head, below = "", block_lines(new, entry.column + 2, self._habits)
            else:
                head, below = written(new, entry.column, self._habits, item=entry.key is None)
            self.edits.append(self._in_block(entry, head, below, path))

    def _root(self, part: Part, new: Any) -> Edit:
        """On lines of its own, also where it stood on the line that begins the document."""
        source = self._source
        alone = source.begins_line(part.start)
        lines = block_lines(new, part.column if alone else 0, self._habits) if new else ["{}"]
        if alone or not new:
            return Edit(part.start, part.end, source.newline.join(lines).lstrip(" "), ())
        before = len(source.text[: part.start].rstrip(" \t"))
        return Edit(before, part.end, source.newline.join(["", *lines]), ())

    def _in_block(self, entry: Entry, head: str, below: list[str], path: Path) -> Edit:
        """Comments on the way to the value stay where they are, those behind it on the line that it begins on."""
        part, source = entry.value, self._source
        between = source.text[entry.opening : part.start].rstrip()
        start, end, tail = entry.opening, part.end, ""
        if part.style in ("|", ">") and not part.alias:
            tail = _comment(source.rest_of_line(header(source, part)[1]))
        elif below:
            tail = _comment(source.rest_of_line(part.end))
            end = source.line_end(part.end)
        if between and head:
            start, first = part.start, head + tail
        else:
            first = between + (f" {head}" if head else "") + tail
        return Edit(start, end, source.newline.join([first, *below]), path)


def _comment(text: str) -> str:
    """The comment on the first line, with a blank before it."""
    line = text.splitlines()[0].strip() if text.strip() else ""
    return f" {line}" if line.startswith("#") else ""


def _renamed(gone: list[Any], came: list[Any], old: Mapping[Any, Any], new: Mapping[Any, Any]) -> dict[Any, Any]:
    """A key that went and one that came with the same value are one key with another name."""
    found: dict[Any, Any] = {}
    for name in gone:
        to = next((one for one in came if one not in found.values() and same(old[name], new[one])), None)
        if to is not None:
            found[name] = to
    return found


def _grouped(placed: list[tuple[int | None, Any]]) -> dict[int, list[Any]]:
    """By the place in the text behind which they belong: names of entries that have no place there yet."""
    groups: dict[int, list[Any]] = {}
    after = -1
    for place, name in placed:
        if place is None:
            groups.setdefault(after, []).append(name)
        else:
            after = place
    return groups
