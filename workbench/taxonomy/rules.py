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

_TWO_SEEDS = (
    "  - question: How is 13:05 said on a 12-hour clock?\n    answer: It is five past one in the afternoon.\n"
    "  - question: How is 07:30 said on a 12-hour clock?"
)
_LONG_PAIR = (
    "  - question: How many of the hours that a day has are over when the hands of the clock meet at noon?\n"
    "    answer: Twelve of the twenty-four.\n"
)
_FIRST_PASSAGE = (
    "      Anyone who is sixteen or older and lives in the town may join the tool library. A card costs ten crowns a "
    "year. New members show a letter with their address.\n"
)
_OTHER_PASSAGE = (
    "      Tools come back clean and dry. A late tool costs one crown a day. Whoever brings back a broken tool at once "
    "pays nothing.\n"
)

_FILES = (
    Rule(
        "file-name", "error", "Only qna.yaml is read; in a tree another spelling is a warning.", "qna.yml", "qna.yaml"
    ),
    Rule(
        "unreadable",
        "error",
        "There is no text file that can be opened: without rights, a folder, a pipe, a link to nowhere.",
        "qna.yaml -> ../moved/qna.yaml",
        "qna.yaml",
    ),
    Rule("encoding", "error", "The file is not UTF-8.", "saved as Latin-1", "saved as UTF-8"),
    Rule(
        "too-large",
        "error",
        "The file is over 128 KiB, or stands for over 5,000 values or 512 KiB of text, or holds an endless number.",
        f"created_by: {'9' * 1001}",
        _AUTHOR,
        _AUTHOR,
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
        'patterns: ["*.md" , "pages/*.md"]',
        'patterns: ["*.md", "pages/*.md"]',
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
    Rule(
        "lint-anchors",
        "error",
        "An alias stands in another document than its anchor; within one, YAML itself asks for the anchor.",
        "created_by: *nobody",
        "created_by: &somebody your-github-name",
    ),
    Rule(
        "lint-new-lines",
        "error",
        "Line ends that rules of your own do not allow; the usual ones take those of any system.",
        "rules: {new-lines: {type: dos}}",
        "rules: {new-lines: {type: unix}}",
    ),
)

_ADVICE = (
    Rule(
        "attribution-missing", "warning", "No attribution.txt beside qna.yaml.", "qna.yaml", "qna.yaml attribution.txt"
    ),
    Rule("attribution-empty", "warning", "attribution.txt holds no text.", "", "Title of work: The tool library"),
    Rule(
        "attribution-unreadable",
        "warning",
        "attribution.txt is no UTF-8 text file, or far too long.",
        "saved as Latin-1",
        "saved as UTF-8",
    ),
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

_SEEDS = (
    Rule(
        "repeated-question",
        "warning",
        "A question comes again about the same context, or in a freeform skill.",
        _TWO_SEEDS.replace("07:30", "13:05"),
        _TWO_SEEDS,
        _TWO_SEEDS,
    ),
    Rule(
        "repeated-context",
        "warning",
        "Two examples of knowledge have the same context; only its first pairs are used together.",
        _FIRST_PASSAGE,
        _OTHER_PASSAGE,
        _OTHER_PASSAGE,
        kind="knowledge",
    ),
    Rule(
        "near-duplicate",
        "advice",
        "Two examples share nine words of ten, in order, and all their numbers.",
        f"{_LONG_PAIR}{_LONG_PAIR.replace('meet', 'meet up')}",
        _LONG_PAIR,
        "  - question: How is 12:00 said on a 12-hour clock?\n    answer: It is noon.\n",
    ),
    Rule(
        "secret",
        "warning",
        "A password, token or key, by its form or because it looks drawn by chance. The model would learn it.",
        # In two parts, so that this very file holds nothing of a token's form.
        "    answer: Log in with gh" + "p_" + "x1Y2z3" * 6,
        "    answer: Log in with your own token.",
        _ANSWER,
    ),
    Rule(
        "email-address",
        "warning",
        "An e-mail address that may belong to somebody.",
        "    answer: Write to ada@" + "lighthouse-keepers.net",
        "    answer: Write to ada@example.org",
        _ANSWER,
    ),
)

_DOCUMENTS = (
    Rule(
        "context-not-in-document",
        "warning",
        "A context is no passage of the leaf's Markdown documents, as far as they are at hand; words are compared.",
        "      Anyone who is eighteen or older",
        "      Anyone who is sixteen or older",
        "      Anyone who is sixteen or older",
        kind="knowledge",
    ),
    Rule(
        "mixed-documents",
        "warning",
        "Markdown and PDF documents in one leaf, which upstream's tools fail on.",
        'patterns: ["*.md", "*.pdf"]',
        _PATTERNS,
        _PATTERNS,
        kind="knowledge",
    ),
    Rule(
        "commit-hash",
        "warning",
        "The documents of a repository are named by something that can stand for others tomorrow.",
        "  repo: https://example.org/library.git\n  commit: main",
        "  repo: https://example.org/library.git\n  commit: 0123456789abcdef0123456789abcdef01234567",
        "  repo: .\n  commit: HEAD",
        kind="knowledge",
    ),
    Rule(
        "lopsided",
        "advice",
        "A leaf has over four times the seed examples of the middle one, or under a quarter: all are sampled alike.",
        "writing/letters (40 seeds), writing/clocks (5 seeds), writing/times (5 seeds)",
        "writing/letters/business (8 seeds), writing/letters/private (8 seeds), writing/clocks (5 seeds)",
    ),
)

# Looked for by `workbench taxonomy diff --documents` only, because it may need a network.
_FETCHED = (
    Rule(
        "documents-unavailable",
        "error",
        "The repository, folder or commit of the documents cannot be had; asked for by --documents.",
        "document:\n  repo: https://example.org/no-such-library.git",
        "document:\n  repo: https://example.org/library.git",
    ),
    Rule(
        "documents-unmatched",
        "error",
        "No document is covered by the patterns; a warning for one pattern beside others that cover some.",
        'patterns: ["*.markdown"]',
        'patterns: ["*.md"]',
    ),
    Rule(
        "documents-unreadable",
        "error",
        "A document that the patterns cover is neither Markdown nor PDF, or holds no text.",
        'patterns: ["*"]',
        'patterns: ["*.md"]',
    ),
)

_ALL = (*_FILES, *_SCHEMA, *_LINT, *_ADVICE, *_SEEDS, *_DOCUMENTS, *_FETCHED)
RULES: dict[str, Rule] = {rule.code: rule for rule in _ALL}
