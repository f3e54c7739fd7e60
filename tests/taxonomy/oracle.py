"""Upstream's parser as the judge that the checks are compared with, and what it said."""

import contextlib
import io
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from instructlab.schema import schema_base, schema_versions
from instructlab.schema.taxonomy import TaxonomyParser, TaxonomyReadingException
from yamllint import linter
from yamllint.config import YamlLintConfig

# By keyword, how upstream's message for it reads.
_MESSAGES = {
    "minItems": re.compile(r"Value must have at least \d+ items$"),
    "required": re.compile(r"is a required property$"),
    "uniqueItems": re.compile(r"has non-unique elements$"),
    "unevaluatedProperties": re.compile(r"Unevaluated properties are not allowed|unexpected\)$"),
    "type": re.compile(r"is not of type '\w+'$"),
    "minLength": re.compile(r"should be non-empty$"),
    "const": re.compile(r"\d+ was expected$"),
    "deprecated": re.compile(r"Minimum supported version is"),
    "no schema": re.compile(r"Cannot load schema file"),
}
# Keywords that say something of a schema, or lead to others, and refuse nothing by themselves.
_SILENT = {"$comment", "$ref", "description", "examples", "items", "properties", "title"}


@dataclass
class Heard:
    """What was said of one file: the verdict, how often each keyword and lint rule, and the exception, if any."""

    valid: bool
    keywords: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    raised: str = ""


class Oracle(TaxonomyParser):  # type: ignore[misc]
    """The parser as `ilab` calls it, but for yamllint, which is called here instead of in a process of its own."""

    def __init__(self, rules: str | None = None) -> None:
        super().__init__(schema_version=0, yamllint_strict=True, message_format="standard", yamllint_config=rules)
        # The verdict does not depend on line numbers, which an external program would give.
        self.yq_available = False
        self._rules: Counter[str] = Counter()

    def _yamllint(self, text: str, taxonomy: Any) -> None:
        # A text without a colon is a preset's name for yamllint's command; the name of what is piped in is empty.
        config = self.yamllint_config if ":" in self.yamllint_config else f"extends: {self.yamllint_config}"
        for problem in linter.run(text.encode(), YamlLintConfig(config), ""):
            self._rules[problem.rule or "syntax"] += 1
            taxonomy.error("lint")

    def hear(self, path: Path) -> Heard:
        self._rules = Counter()
        shown = io.StringIO()
        try:
            with contextlib.redirect_stdout(shown):
                valid = self.parse(path).errors == 0
        except TaxonomyReadingException as error:
            return Heard(False, rules=self._rules, raised=type(error.__cause__).__name__)
        keywords = Counter(_keyword(line) for line in shown.getvalue().splitlines() if _is_of_schema(line))
        return Heard(valid, keywords, self._rules)


def refusing_keywords() -> set[str]:
    """All keywords of all schemas that can make a file invalid, read from the schemas themselves."""
    found: set[str] = set()
    for version in schema_versions():
        for file in schema_base().joinpath(version.name).iterdir():
            if file.name.endswith(".json"):
                found |= _keywords(json.loads(file.read_text(encoding="utf-8")))
    return found - _SILENT


def _keywords(schema: dict[str, Any]) -> set[str]:
    found = set(schema)
    for below in [*schema.get("properties", {}).values(), schema.get("items")]:
        found |= _keywords(below) if isinstance(below, dict) else set()
    return found


def _is_of_schema(line: str) -> bool:
    return line.startswith("ERROR: ") and not line.endswith(" lint")


def _keyword(line: str) -> str:
    return next((name for name, message in _MESSAGES.items() if message.search(line)), f"unknown: {line}")
