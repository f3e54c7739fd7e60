"""A YAML text changed so that it parses to other contents, in the lines of what differs only.

Dumping parsed values anew loses comments, quoting and line breaks. Here new text is put in at the places of the values
that changed, and the outcome is parsed and compared before it is given out.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from workbench.errors import TaxonomyError
from workbench.taxonomy.alignment import same
from workbench.taxonomy.text_edits import Path, apply_edits
from workbench.taxonomy.value_edits import plan_edits
from workbench.taxonomy.yaml_parts import read_source
from workbench.taxonomy.yaml_writing import Habits, block_lines, require_shallow


def splice(text: str, contents: Mapping[str, Any]) -> str:
    """The text with as few lines changed as can be; the same text where it parses to `contents` already.

    New values stand in house style, changed ones in the style they had where it can hold them. TaxonomyError where
    the text is no group of keys, or where YAML cannot hold a value.
    """
    require_shallow(contents)
    source = read_source(text)
    if same(source.contents, contents):
        return text
    whole: frozenset[Path] = frozenset()
    while True:
        # Without new text blocks where a comment behind would become a part of one.
        for blocks in (True, False):
            edits = plan_edits(source, contents, whole, blocks=blocks)
            made = apply_edits(text, edits)
            # A text block that has to end with a line break cannot be the end of a file without one.
            for candidate in (made, made + source.newline):
                if _holds(candidate, contents):
                    return candidate
        wider = whole | {edit.path[:-1] for edit in edits} if edits else frozenset({()})
        if wider == whole:
            raise _unwritable()
        whole = wider


def fresh(contents: Mapping[str, Any]) -> str:
    """A whole file in house style."""
    require_shallow(contents)
    lines = block_lines(contents, 0, Habits()) if contents else ["{}"]
    if lines[-1] == "":
        lines = block_lines(contents, 0, Habits(keep=False))
    made = "\n".join(lines) + "\n"
    if not _holds(made, contents):
        raise _unwritable()
    return made


def _holds(text: str, contents: Mapping[str, Any]) -> bool:
    try:
        return same(yaml.safe_load(text), contents)
    except (yaml.YAMLError, ValueError, TypeError):
        return False


def _unwritable() -> TaxonomyError:
    hint = "use texts, numbers, lists and keys with values"
    return TaxonomyError("these values cannot be written as YAML", hint=hint)
