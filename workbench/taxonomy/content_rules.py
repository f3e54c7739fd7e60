"""What the format allows and the method advises against: warnings and advice about a file that can be read."""

from collections.abc import Iterator
from dataclasses import replace

from workbench.errors import TaxonomyError
from workbench.taxonomy.attribution import read_attribution
from workbench.taxonomy.findings import Finding, Severity
from workbench.taxonomy.qna import FILE_NAME, Qna
from workbench.taxonomy.tree import Leaf
from workbench.taxonomy.yaml_file import Keys, YamlFile

# Recommended by the upstream taxonomy's documentation; its tools never look at them.
CONTEXT_WORDS = 500
PAIR_WORDS = 250
FILE_WORDS = 2300


def check_content(file: YamlFile, qna: Qna) -> Iterator[Finding]:
    """Word limits, blank texts, and examples with and without a context in one skill."""
    yield from _long_texts(file, qna)
    yield from _blank_texts(file, qna)
    if qna.kind == "skill":
        yield from _mixed(file, qna)


def check_attribution(leaf: Leaf) -> Iterator[Finding]:
    """The file beside qna.yaml: there, not empty, and with its fields."""
    shown = f"{leaf.path}/{leaf.attribution_file.name}"
    if not leaf.attribution_file.is_file():
        hint = "write title, link, licence and creators of what the leaf is made from"
        yield Finding(shown, 1, 1, "", "attribution-missing", "warning", "there is no attribution.txt", hint)
        return
    try:
        attribution = read_attribution(leaf.attribution_file)
    except TaxonomyError as error:
        yield Finding(shown, 1, 1, "", "attribution-empty", "warning", error.message, error.hint)
        return
    if not attribution.text().strip():
        yield Finding(
            shown, 1, 1, "", "attribution-empty", "warning", "the file is empty", "add a line: Title of work: "
        )
    elif attribution.missing:
        message = f"without {', '.join(attribution.missing)}"
        hint = f"add a line: {attribution.missing[0]}: "
        yield Finding(shown, 1, 1, "", "attribution-field", "warning", message, hint)


def check_folder(leaf: Leaf) -> Iterator[Finding]:
    """The names of the folders that a leaf lies in."""
    if blank := next((part for part in leaf.path.split("/") if " " in part), None):
        shown = f"{leaf.path}/{FILE_NAME}"
        hint = f"call it {blank.replace(' ', '_')}"
        yield Finding(shown, 1, 1, "", "folder-blank", "warning", f"the folder {blank!r} has a blank in its name", hint)


def _long_texts(file: YamlFile, qna: Qna) -> Iterator[Finding]:
    total = 0
    for keys, text in _texts(qna):
        words = len(text.split())
        name = str(keys[-1])
        limit = CONTEXT_WORDS if name == "context" else PAIR_WORDS
        total += words
        if words > limit:
            yield _remark(file, keys, f"long-{name}", "advice", f"{words} words; at most {limit} are advised")
    if total > FILE_WORDS:
        message = f"{total} words in all; at most {FILE_WORDS} are advised"
        yield _remark(file, ["seed_examples"], "long-file", "advice", message)


def _blank_texts(file: YamlFile, qna: Qna) -> Iterator[Finding]:
    for keys, text in _texts(qna):
        if text and not text.strip():
            yield _remark(file, keys, "blank-text", "warning", "the text is nothing but blanks")


def _mixed(file: YamlFile, qna: Qna) -> Iterator[Finding]:
    without = [number for number, seed in enumerate(qna.seed_examples) if not seed.context]
    if qna.grounded and without:
        message = "an example without a context among examples that have one"
        hint = "give each example a context, or none: the two kinds are generated differently"
        finding = file.finding(["seed_examples", without[0]], "mixed-grounding", message, hint=hint)
        yield replace(finding, severity="warning")


def _texts(qna: Qna) -> Iterator[tuple[Keys, str]]:
    for number, seed in enumerate(qna.seed_examples):
        where: tuple[str | int, ...] = ("seed_examples", number)
        if seed.context:
            yield (*where, "context"), seed.context
        for place, pair in enumerate(seed.pairs):
            within = (*where, "questions_and_answers", place) if qna.kind == "knowledge" else where
            yield (*within, "question"), pair.question
            yield (*within, "answer"), pair.answer


def _remark(file: YamlFile, keys: Keys, code: str, severity: Severity, message: str) -> Finding:
    hint = "shorten it, or make two of it" if severity == "advice" else "write something, or delete it"
    return replace(file.finding(keys, code, message, hint=hint), severity=severity)
