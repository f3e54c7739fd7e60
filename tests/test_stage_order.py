"""Stages are ordered as data flows: a module imports from stages above its own, never from below or beside."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "workbench"
# The first rank is an order in itself; each later line is one stage. Stages of one rank may not see each other.
FIRST = ("errors", "options", "device", "records", "messages", "events", "assets", "system", "runs", "workspace")
STAGES = (
    ("documents",),
    ("taxonomy",),
    ("engines",),
    ("generation",),
    ("training",),
    ("export",),
    ("evaluation",),
    ("alignment",),
    ("seedling",),
    ("plots",),
    ("jobs",),
    ("serving",),
    ("notebook", "widgets", "service", "cli"),
)
BESIDE = {("cli", "notebook")}
HEAVY = {
    *("torch", "transformers", "tokenizers", "safetensors", "llama_cpp", "gguf", "huggingface_hub"),
    *(
        "matplotlib",
        "numpy",
        "ipywidgets",
        "anywidget",
        "IPython",
        "papermill",
        "nbformat",
        "nbclient",
        "nbconvert",
        "jupyterlab",
    ),
}
LIGHT = (*FIRST, "documents", "taxonomy", "jobs", "notebook", "cli", "service")


def rank(stage: str) -> int:
    if stage in FIRST:
        return FIRST.index(stage) - len(FIRST)
    return next(number for number, stages in enumerate(STAGES) if stage in stages)


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    return {module_name(path): path for path in sorted(PACKAGE.rglob("*.py")) if "_bundle" not in path.parts}


def top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run on import; a block for type checkers does not."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If) and "TYPE_CHECKING" not in ast.unparse(statement.test):
            yield from top_level([*statement.body, *statement.orelse])
        if isinstance(statement, ast.Try | ast.With):
            yield from top_level(statement.body)


def imported(name: str, *, on_import: bool) -> Iterator[str]:
    """Dotted names that a module imports: all of them, or those alone that it imports when it is imported itself."""
    path = modules()[name]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in top_level(tree.body) if on_import else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
            start = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def own(name: str, *, on_import: bool = False) -> set[str]:
    """Modules of the package that a module imports."""
    found = set()
    for target in imported(name, on_import=on_import):
        known = target if target in modules() else target.rpartition(".")[0]
        if known in modules() and known != name:
            found.add(known)
    return found


def stage(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


@pytest.mark.parametrize("name", modules())
def test_a_module_imports_from_above(name: str) -> None:
    mine = stage(name)
    for target in own(name):
        theirs = stage(target)
        allowed = not theirs or theirs == mine or (mine, theirs) in BESIDE or (mine and rank(theirs) < rank(mine))
        assert allowed, f"{name} imports {target}, which is not above it"


def test_every_stage_is_in_the_order() -> None:
    listed = {*FIRST, *(name for stages in STAGES for name in stages)}
    assert {stage(name) for name in modules()} - {""} <= listed


def test_no_module_reaches_itself() -> None:
    # A package's __init__ may offer names of its own modules, which do not import it back by name.
    graph = {name: {target for target in own(name) if not name.startswith(target + ".")} for name in modules()}
    finished: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join([*way[way.index(name) :], name])
        if name not in finished:
            for target in sorted(graph[name]):
                visit(target, (*way, name))
            finished.add(name)

    for name in graph:
        visit(name, ())


def needed_on_import(name: str) -> set[str]:
    """The modules that importing one brings along, packages above them included."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += own(current, on_import=True)
            waiting += [parent] if (parent := current.rpartition(".")[0]) else []
    return found


@pytest.mark.parametrize(
    "name", [name for name in modules() if stage(name) in ("", *LIGHT) or name.endswith(".options")]
)
def test_a_light_module_brings_nothing_heavy(name: str) -> None:
    for module in needed_on_import(name):
        heavy = {target.split(".")[0] for target in imported(module, on_import=True)} & HEAVY
        assert not heavy, f"{name} brings {module}, which imports {', '.join(heavy)} at its top"


def test_importing_the_package_is_light() -> None:
    command = [sys.executable, "-X", "importtime", "-c", "import workbench"]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    named = {line.rpartition("|")[2].strip().split(".")[0] for line in report.splitlines()}
    assert "workbench" in named
    assert not named & (HEAVY | {"pydantic", "click", "rich"})
