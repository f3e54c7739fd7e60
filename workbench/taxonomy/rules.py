"""Every code that a finding can have, with a bad and a mended example.

An example that has a `place` can be tried: in a starting file, the text of `place` is replaced by `bad` or `mended`.
"""

from dataclasses import dataclass
from difflib import get_close_matches

from workbench.errors import NotFoundError
from workbench.taxonomy.findings import Severity
from workbench.taxonomy.qna import Kind


@dataclass(frozen=True)
class Rule:
    """`kind` says which starting file holds `place`; without a place the example is told rather than tried."""

    code: str
    severity: Severity
    title: str
    bad: str
    mended: str
    place: str = ""
    kind: Kind = "skill"

    def text(self) -> str:
        examples = f"bad:\n{_indented(self.bad)}\n\nmended:\n{_indented(self.mended)}"
        return f"{self.code} ({self.severity}): {self.title}\n\n{examples}"


def find_rule(code: str) -> Rule:
    """NotFoundError with the nearest code; a yamllint rule outside the usual ones has no entry."""
    if code in RULES:
        return RULES[code]
    near = get_close_matches(code, RULES, n=1)
    yamllint = "yamllint's own pages describe its rules" if code.startswith("lint-") else ""
    hint = f"did you mean {near[0]}?" if near else yamllint or "workbench taxonomy rules lists them"
    raise NotFoundError(f"there is no rule {code}", hint=hint)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.rstrip("\n").split("\n"))


_AUTHOR = "created_by: your-github-name"
_PATTERNS = 'patterns: ["*.md"]'
_ANSWER = "    answer: It is five past one in the afternoon."
_DOCUMENT = f"document:\n  repo: .\n  commit: HEAD\n  {_PATTERNS}"

_FILES = (
    Rule(
        "file-name", "error", "Only qna.yaml is read; in a tree another spelling is a warning.", "qna.yml", "qna.yaml"
    ),
    Rule("unreadable", "error", "The file cannot be opened.", "-r-------- root qna.yaml", "chmod a+r qna.yaml"),
    Rule("encoding", "error", "The file is not UTF-8.", "saved as Latin-1", "saved as UTF-8"),
    Rule(
        "too-large", "error", "The file is over 1 MiB, or stands for too many values.", "all in one", "several leaves"
    ),
    Rule(
        "too-deep",
        "error",
        "Values are nested deeper than any qna.yaml needs.",
        f"created_by: {'[' * 80}{']' * 80}",
        _AUTHOR,
        _AUTHOR,
    ),
    Rule("alias-loop", "error", "An alias stands inside what it repeats.", "created_by: &me [*me]", _AUTHOR, _AUTHOR),
    Rule("empty-file", "warning", "The file holds nothing yet.", "# to be written", "version: 3\n..."),
    Rule("not-a-mapping", "error", "The outermost level is keys with values.", "- version: 3", "version: 3"),
    Rule(
        "yaml-syntax",
        "error",
        "The file is not YAML.",
        "    answer: It is: five past one.",
        '    answer: "It is: five past one."',
        _ANSWER,
    ),
)

_SCHEMA = (
    Rule("wrong-version", "error", "No such version of the format.", "version: 4", "version: 3", "version: 3"),
    Rule(
        "old-version", "error", "Knowledge needs version 3.", "version: 2", "version: 3", "version: 3", kind="knowledge"
    ),
    Rule(
        "missing-key",
        "error",
        "A key that the format asks for is not there.",
        "version: 3\ntask_description:",
        "version: 3\ncreated_by: your-github-name\ntask_description:",
        "version: 3\ncreated_by: your-github-name\ntask_description:",
    ),
    Rule(
        "unknown-key",
        "error",
        "A key that is not part of the format.",
        f"{_AUTHOR}\nreviewed: by nobody",
        f"{_AUTHOR} # reviewed by nobody",
        _AUTHOR,
    ),
    Rule(
        "wrong-type",
        "error",
        "A value of another type than the format asks for; an unquoted number is no text.",
        "created_by: 1305",
        'created_by: "1305"',
        _AUTHOR,
    ),
    Rule("empty-text", "error", "A text without a letter.", 'created_by: ""', _AUTHOR, _AUTHOR),
    Rule(
        "too-few-items",
        "error",
        "Five seed examples, three pairs to each context of knowledge, one pattern: at least.",
        "patterns: []",
        _PATTERNS,
        _PATTERNS,
        kind="knowledge",
    ),
    Rule(
        "repeated-item",
        "error",
        "The same item twice in a list.",
        'patterns: ["*.md", "*.md"]',
        _PATTERNS,
        _PATTERNS,
        kind="knowledge",
    ),
)

_LINT = (
    Rule(
        "lint-braces",
        "error",
        "At most one blank inside braces.",
        f"document: {{  repo: ., commit: HEAD, {_PATTERNS}}}",
        f"document: {{repo: ., commit: HEAD, {_PATTERNS}}}",
        _DOCUMENT,
        kind="knowledge",
    ),
    Rule(
        "lint-brackets",
        "error",
        "At most one blank inside brackets.",
        'patterns: [  "*.md"]',
        _PATTERNS,
        _PATTERNS,
        kind="knowledge",
    ),
    Rule("lint-colons", "error", "No blank before a colon, one behind it.", "created_by:  somebody", _AUTHOR, _AUTHOR),
    Rule(
        "lint-commas",
        "error",
        "No blank before a comma, one behind it.",
        'patterns: ["*.md" , "*.pdf"]',
        'patterns: ["*.md", "*.pdf"]',
        _PATTERNS,
        kind="knowledge",
    ),
    Rule(
        "lint-hyphens",
        "error",
        "One blank behind a hyphen.",
        'patterns:\n    -  "*.md"',
        'patterns:\n    - "*.md"',
        _PATTERNS,
        kind="knowledge",
    ),
    Rule(
        "lint-empty-lines",
        "error",
        "At most two empty lines together, none at the start or end.",
        f"\n\n\n\n{_AUTHOR}",
        f"\n{_AUTHOR}",
        _AUTHOR,
    ),
    Rule(
        "lint-indentation",
        "error",
        "All lists of a file are indented alike.",
        'patterns:\n  - "*.md"',
        'patterns:\n    - "*.md"',
        _PATTERNS,
        kind="knowledge",
    ),
    Rule("lint-key-duplicates", "error", "A key comes twice.", f"{_AUTHOR}\n{_AUTHOR}", _AUTHOR, _AUTHOR),
    Rule(
        "lint-new-line-at-end-of-file",
        "error",
        "The file ends with a line break.",
        _PATTERNS,
        f"{_PATTERNS}\n",
        f"{_PATTERNS}\n",
        kind="knowledge",
    ),
    Rule("lint-trailing-spaces", "error", "Blanks at the end of a line.", f"{_AUTHOR}   ", _AUTHOR, _AUTHOR),
)

_ADVICE = (
    Rule(
        "attribution-missing", "warning", "No attribution.txt beside qna.yaml.", "qna.yaml", "qna.yaml attribution.txt"
    ),
    Rule("attribution-empty", "warning", "attribution.txt holds no text.", "", "Title of work: The tool library"),
    Rule(
        "attribution-field",
        "warning",
        "attribution.txt leaves out title, link, licence or creators.",
        "Title of work: The tool library",
        "Title of work: The tool library\nLink to work: -\nLicense of the work: MIT\nCreator names: your-github-name",
    ),
    Rule(
        "blank-text", "warning", "A text of nothing but blanks.", '    answer: " "', "    answer: It is noon.", _ANSWER
    ),
    Rule(
        "mixed-grounding",
        "warning",
        "Some examples of a skill have a context and others have none.",
        f"{_ANSWER}\n    context: A timetable.",
        _ANSWER,
        _ANSWER,
    ),
    Rule("folder-blank", "warning", "A folder has a blank in its name.", "knowledge/old towns", "knowledge/old_towns"),
    Rule(
        "foundational-skills",
        "warning",
        "Upstream silently leaves out leaves under foundational_skills.",
        "foundational_skills/reasoning/qna.yaml",
        "compositional_skills/reasoning/qna.yaml",
    ),
    Rule("long-context", "advice", "A context of over 500 words.", "context: (600 words)", "two examples of 300 words"),
    Rule(
        "long-question",
        "advice",
        "A question of over 250 words.",
        "question: (300 words)",
        "question: (50 words), the rest in the context",
    ),
    Rule("long-answer", "advice", "An answer of over 250 words.", "answer: (300 words)", "answer: (100 words)"),
    Rule("long-file", "advice", "Seed examples of over 2,300 words in all.", "qna.yaml (3000 words)", "two leaves"),
)

RULES: dict[str, Rule] = {rule.code: rule for rule in (*_FILES, *_SCHEMA, *_LINT, *_ADVICE)}
