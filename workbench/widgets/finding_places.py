"""Beside which field of a form a finding is shown."""

import re
from collections.abc import Collection, Iterable

import yaml

from workbench.taxonomy.findings import Finding
from workbench.taxonomy.yaml_file import YamlFile, yaml_path

WHOLE = "."
_LAST = re.compile(r"(\.[^.\[\]]+|\[\d+\])$")

ByPlace = dict[str, list[Finding]]


def placed(findings: Iterable[Finding], file: YamlFile, places: Collection[str]) -> ByPlace:
    """Findings by the place, a path as `.seed_examples[0].question`, that is nearest to what each is about.

    What is about no value at all, or about one that no place is near to, is about `.`, the whole file.
    """
    found: ByPlace = {}
    for finding in findings:
        found.setdefault(_nearest(_path(finding, file), finding, places), []).append(finding)
    return found


def _nearest(path: str, finding: Finding, places: Collection[str]) -> str:
    if finding.code == "missing-key":
        missing = next((place for place in places if _above(place) == path and _names(finding, place)), "")
        if missing:
            return missing
    while path != WHOLE and path not in places:
        path = _above(path)
    return path


def _names(finding: Finding, place: str) -> bool:
    return f"'{place.rsplit('.', 1)[-1]}'" in finding.message


def _above(path: str) -> str:
    return _LAST.sub("", path) or WHOLE


def _path(finding: Finding, file: YamlFile) -> str:
    """The style of a line is found without a path: it belongs to the value that begins there or goes on there."""
    if finding.yaml_path or finding.path != file.shown or not file.node:
        return finding.yaml_path or WHOLE
    return yaml_path(_keys_at(file.node, finding.line - 1))


def _keys_at(node: yaml.Node, line: int) -> list[str | int]:
    """To the last value that begins on the line or above it: where a value ends, YAML's marks do not say."""
    begun = [(key, child) for key, first, child in _children(node) if first.start_mark.line <= line]
    return [begun[-1][0], *_keys_at(begun[-1][1], line)] if begun else []


def _children(node: yaml.Node) -> list[tuple[str | int, yaml.Node, yaml.Node]]:
    """Key or number, the node that begins it, and its value."""
    if isinstance(node, yaml.MappingNode):
        return [(key.value, key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]
    return (
        [(number, item, item) for number, item in enumerate(node.value)] if isinstance(node, yaml.SequenceNode) else []
    )
