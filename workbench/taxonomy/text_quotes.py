"""Answers such as yes and 1305, which YAML reads as something else than the text that was meant, put in quotes."""

import copy
from collections.abc import Iterator
from typing import Any

import yaml

from workbench.errors import TaxonomyError
from workbench.taxonomy.alignment import same
from workbench.taxonomy.text_edits import Edit, apply_edits
from workbench.taxonomy.white_space import contents_of
from workbench.taxonomy.yaml_file import yaml_path
from workbench.taxonomy.yaml_parts import Part, Source, read_source
from workbench.taxonomy.yaml_scalars import quoted

_TEXTS = frozenset("created_by task_description domain document_outline context question answer repo commit".split())
_LISTS_OF_TEXTS = frozenset({"patterns"})
# A value that is missing is not a text that lost its quotes.
_OTHER = {f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "timestamp")}

Keys = tuple[Any, ...]


def with_quoted_texts(text: str) -> tuple[str, list[str]]:
    """The spelling stays: `No` becomes `"No"`, not `"false"`. Also the paths of the values that became texts."""
    try:
        source = read_source(text)
    except TaxonomyError:
        return text, []
    found = [(keys, part) for keys, part in _typed(source.root, (), is_text=False) if _is_bare(text, part)]
    # What is a text here may be a version elsewhere, where an alias repeats it.
    alone = [(keys, part) for keys, part in found if not part.anchor and not part.alias]
    return _quoted(source, found) or _quoted(source, alone) or (text, [])


def _quoted(source: Source, found: list[tuple[Keys, Part]]) -> tuple[str, list[str]] | None:
    """None where another value would change as well."""
    wanted = copy.deepcopy(source.contents)
    edits: list[Edit] = []
    for keys, part in found:
        spelling = part.node.value
        _at(wanted, keys[:-1])[keys[-1]] = spelling
        if not part.alias:
            edits.append(Edit(part.end - len(spelling), part.end, quoted(spelling)))
    made = apply_edits(source.text, edits)
    return (made, [yaml_path(keys) for keys, _ in found]) if same(contents_of(made), wanted) else None


def _is_bare(text: str, part: Part) -> bool:
    """Without a tag that says that it is meant as it is read."""
    spelling = part.node.value
    there = text[part.start : part.end]
    return bool(part.alias) or (there.endswith(spelling) and "!" not in there)


def _at(value: Any, keys: Keys) -> Any:
    for key in keys:
        value = value[key]
    return value


def _typed(part: Part, keys: Keys, *, is_text: bool) -> Iterator[tuple[Keys, Part]]:
    """Values that stand where a text belongs."""
    if isinstance(part.node, yaml.ScalarNode):
        if is_text and part.style is None and part.node.tag in _OTHER:
            yield keys, part
        return
    # An alias of a group has no entries of its own.
    names = {entry.name: place for place, entry in enumerate(part.entries)}
    for place, entry in enumerate(part.entries):
        if not part.is_mapping:
            listed = bool(keys) and keys[-1] in _LISTS_OF_TEXTS
            yield from _typed(entry.value, (*keys, place), is_text=listed)
        elif not entry.merges and names[entry.name] == place:
            yield from _typed(entry.value, (*keys, entry.name), is_text=entry.name in _TEXTS)
