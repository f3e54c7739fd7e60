"""yamllint, called in this process, with the rules that the upstream tools use."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig, YamlLintConfigError

from workbench.errors import NotFoundError, OptionsError
from workbench.taxonomy.findings import Finding
from workbench.taxonomy.plain_style import is_plain

_SWITCHED_OFF = re.compile(r"\ufeff?#\s*yamllint disable-file\s*(\n|$)")
# The preset that instructlab-schema gives yamllint.
_RELAXED = "{extends: relaxed, rules: {line-length: disable}}"


@dataclass(frozen=True)
class LintRules:
    """`text` is a yamllint configuration."""

    text: str = _RELAXED

    @classmethod
    def read(cls, file: str) -> "LintRules":
        """The usual rules for an empty name; a file's text replaces them. Raises when yamllint cannot use it."""
        if not file:
            return cls()
        path = Path(file).expanduser()
        if not path.is_file():
            raise NotFoundError(f"there is no file {file} with yamllint rules", hint="check --yaml-rules")
        try:
            rules = cls(path.read_text(encoding="utf-8"))
            _configuration(rules.text)
        except (UnicodeDecodeError, YamlLintConfigError, yaml.YAMLError) as error:
            raise OptionsError(f"{file}: {error}", hint="see yamllint's page on its configuration") from error
        return rules


def lint(text: str, shown: str, rules: LintRules) -> Iterator[Finding]:
    """Each problem is an error, also what yamllint calls a warning: upstream runs it strictly.

    The text is one that libyaml has read. A comment that switches yamllint off does not switch off YAML's grammar.
    """
    if rules.text == _RELAXED and is_plain(text):
        return
    if _SWITCHED_OFF.match(text):
        yield from syntax_problem(text, shown)
    # As upstream pipes it into yamllint's command: bytes, from a file whose name is empty.
    for problem in linter.run(text.encode(), _configuration(rules.text), ""):
        code = f"lint-{problem.rule}" if problem.rule else "yaml-syntax"
        yield Finding(shown, problem.line, problem.column, "", code, "error", problem.desc, _HINTS.get(code, ""))


def syntax_problem(text: str, shown: str) -> Iterator[Finding]:
    """Only what yamllint's parser cannot read, for files whose style is not checked."""
    if not is_plain(text) and (problem := linter.get_syntax_error(text)):
        yield Finding(shown, problem.line, problem.column, "", "yaml-syntax", "error", problem.desc)


@lru_cache(maxsize=8)
def _configuration(text: str) -> Any:
    """A text without a colon is the name of one of yamllint's presets, as for its command."""
    return YamlLintConfig(text if ":" in text else f"extends: {text.strip()}")


_HINTS = {
    "lint-trailing-spaces": "delete the blanks at the end of the line",
    "lint-new-line-at-end-of-file": "end the file with a line break",
    "lint-empty-lines": "at most two empty lines together, none at the start or end",
    "lint-indentation": "indent all items of a list alike",
    "lint-colons": "no blank before a colon, one behind it",
    "lint-commas": "no blank before a comma, one behind it",
    "lint-hyphens": "one blank behind a hyphen",
    "lint-braces": "at most one blank inside braces",
    "lint-brackets": "at most one blank inside brackets",
    "lint-key-duplicates": "delete one of the two",
    "lint-anchors": "an alias needs an anchor of the same name before it",
    "lint-new-lines": "save the file with the line ends of Unix",
}
