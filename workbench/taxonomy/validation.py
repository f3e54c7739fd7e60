"""The one judge of what is valid: for what instructlab-schema and yamllint check, the verdict is theirs."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.errors import NotFoundError, TaxonomyError
from workbench.taxonomy.content_rules import check_attribution, check_content, check_folder
from workbench.taxonomy.findings import Finding, Findings
from workbench.taxonomy.lint import LintRules, lint, syntax_problem
from workbench.taxonomy.qna import FILE_NAME, kind_of, qna_of
from workbench.taxonomy.schemas import check_schema, newest_version
from workbench.taxonomy.tree import Leaf, Taxonomy, is_misnamed
from workbench.taxonomy.yaml_file import YamlFile, open_yaml

RELAXED = LintRules()
_IGNORED_FOLDER = "foundational_skills"


def check_file(path: Path, shown: str = "", rules: LintRules = RELAXED) -> Findings:
    """One qna.yaml by itself; `shown` is how findings call it. Never raises for what the file holds."""
    if not path.is_file():
        raise NotFoundError(f"there is no file {path}", hint="workbench taxonomy tree shows the leaves")
    return Findings(_check_file(path, shown or str(path), rules))


def check_leaf(leaf: Leaf, rules: LintRules = RELAXED) -> Findings:
    """The leaf's qna.yaml, its attribution and its folders."""
    found = _check_file(leaf.qna_file, f"{leaf.path}/{FILE_NAME}", rules)
    return Findings([*found, *check_attribution(leaf), *check_folder(leaf)])


def check_leaves(leaves: Iterable[Leaf], rules: LintRules = RELAXED) -> Findings:
    return Findings(finding for leaf in leaves for finding in check_leaf(leaf, rules))


def check_taxonomy(taxonomy: Taxonomy, rules: LintRules = RELAXED) -> Findings:
    """All leaves, and files that were meant as one but that no tool reads."""
    return Findings([*check_leaves(taxonomy, rules), *check_names(taxonomy.root, taxonomy.misnamed)])


def check_names(root: Path, misnamed: Iterable[Path]) -> Iterator[Finding]:
    """Warnings with the rename that mends them, and one for a folder that upstream silently leaves out."""
    for path in misnamed:
        shown = path.relative_to(root).as_posix()
        hint = f"git mv {shown} {Path(shown).with_name(FILE_NAME).as_posix()}"
        yield Finding(shown, 1, 1, "", "file-name", "warning", f"nobody reads it: it is not called {FILE_NAME}", hint)
    if next((root / _IGNORED_FOLDER).rglob(FILE_NAME), None):
        message = f"leaves under {_IGNORED_FOLDER} are never generated for"
        hint = "move them under compositional_skills"
        yield Finding(_IGNORED_FOLDER, 1, 1, "", "foundational-skills", "warning", message, hint)


def require_valid(findings: Findings) -> None:
    """Raises TaxonomyError with the first errors for a stage that cannot go on with them."""
    errors = findings.of("error")
    if errors:
        shown = "\n".join(str(error) for error in errors[:5])
        more = f"\nand {len(errors) - 5} more" if len(errors) > 5 else ""
        raise TaxonomyError(f"the taxonomy has {findings.summary}\n{shown}{more}", hint="workbench taxonomy diff")


def _check_file(path: Path, shown: str, rules: LintRules) -> Iterator[Finding]:
    whole = path.resolve()
    if whole.name != FILE_NAME:
        hint = f"rename it to {FILE_NAME}" if is_misnamed(whole.name) else f"give the path of a {FILE_NAME}"
        message = f"the file has to be called {FILE_NAME}, not {whole.name}"
        yield Finding(shown, 1, 1, "", "file-name", "error", message, hint)
        return
    yield from check_yaml(open_yaml(path, shown), whole, rules)


def check_yaml(file: YamlFile, path: Path, rules: LintRules = RELAXED) -> Iterator[Finding]:
    """A file that was opened already; the folders of `path` decide between skill and knowledge."""
    if file.findings:
        yield from file.findings
    elif not file.contents:
        hint = "workbench taxonomy new writes a starting file"
        yield Finding(file.shown, 1, 1, "", "empty-file", "warning", "the file is empty", hint)
    elif not isinstance(file.contents, Mapping):
        hint = f"begin with a line version: {newest_version()}"
        yield file.finding([], "not-a-mapping", "the file holds no keys at its outermost level", hint=hint)
    else:
        yield from _check_contents(file, file.contents, path, rules)


def _check_contents(file: YamlFile, contents: Mapping[Any, Any], path: Path, rules: LintRules) -> Iterator[Finding]:
    kind = kind_of(path, contents)
    version = _declared(contents.get("version", 1))
    # Upstream leaves the style of version 1 alone; what its parser cannot read is an error all the same.
    yield from lint(file.text, file.shown, rules) if version > 1 else syntax_problem(file.text, file.shown)
    yield from check_schema(file, kind, version)
    yield from check_content(file, qna_of(file, kind))


def _declared(version: object) -> int:
    """The version whose schema is asked; `true` stays what it is, so that no schema is found for it."""
    if isinstance(version, int):
        return version
    try:
        return int(version)  # type: ignore[call-overload, no-any-return]
    except (ValueError, TypeError):
        return 1
    except OverflowError:
        return 0
