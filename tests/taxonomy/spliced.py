"""A value changed in a YAML text, and which lines changed by it."""

import copy
import difflib
from typing import Any

import yaml

from workbench.taxonomy.splice import splice

Keys = tuple[Any, ...]


def changes(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(True), after.splitlines(True)) if line[0] in "+-"]


def at(value: Any, keys: Keys) -> Any:
    for key in keys:
        value = value[key]
    return value


def edit(text: str, keys: Keys, value: Any) -> str:
    wanted = copy.deepcopy(yaml.safe_load(text))
    at(wanted, keys[:-1])[keys[-1]] = value
    made = splice(text, wanted)
    assert yaml.safe_load(made) == wanted == yaml.load(made, Loader=yaml.CSafeLoader)
    return made
