"""Rules of the house that a machine can see."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted(path for path in (ROOT / "workbench").rglob("*.py") if "_bundle" not in path.parts)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LINES, FUNCTION_LINES, PARAMETERS = 400, 60, 6
BOUNDARIES = {"workbench/cli/main.py"}
EMPTY_NAMES = re.compile(r"(utils?|common|helpers?|core|manager|base(_\w+)?)(\.py)?")
# Tests of the whole, not of one module.
WHOLE = {
    "workshop_skill",
    "agreement",
    "combinations",
    "worst_files",
    "conftest",
    "house_rules",
    "stage_order",
    "packaging",
    "proof_page",
}
WHOLE_FOLDERS = {"proof", "notebooks", "browser", "faults", "gpu", "benchmarks"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, Function)]


def parameters(function: Function) -> list[str]:
    arguments = function.args
    names = [item.arg for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=name_of)
def test_a_module_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < LINES


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_are_short_and_take_little(path: Path) -> None:
    for function in functions(path):
        where = f"{name_of(path)}:{function.lineno}: {function.name}"
        assert (function.end_lineno or 0) - function.lineno < FUNCTION_LINES, f"{where} is too long"
        assert len(parameters(function)) <= PARAMETERS, f"{where} takes too many parameters"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_stage_does_not_talk_to_the_terminal(path: Path) -> None:
    if "cli" in path.parts:
        return
    called = {node.func.id for node in ast.walk(ast.parse(path.read_text())) if _plain_call(node)}  # type: ignore[attr-defined]
    assert "print" not in called


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_name_says_what_is_inside(path: Path) -> None:
    assert not [part for part in path.relative_to(ROOT).parts if EMPTY_NAMES.fullmatch(part)]


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=name_of)
def test_nothing_is_put_off(path: Path) -> None:
    assert not re.search("TO" + "DO|FIX" + "ME", path.read_text(encoding="utf-8"))


def test_only_the_outermost_boundary_of_a_shell_catches_everything() -> None:
    broad = [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        if name_of(path) not in BOUNDARIES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler) and _broad(node) and not _raises_again(node)
    ]
    assert not broad


def test_tests_lie_where_their_modules_do() -> None:
    for path in TESTS:
        place = path.relative_to(ROOT / "tests")
        noun = path.stem.removeprefix("test_")
        if noun in WHOLE or place.parts[0] in WHOLE_FOLDERS or not path.name.startswith("test_"):
            continue
        module = ROOT / "workbench" / place.parent / noun
        assert module.with_suffix(".py").is_file() or module.is_dir(), f"{name_of(path)} has no module"


def test_every_module_has_its_test() -> None:
    missing = [
        name_of(path)
        for path in MODULES
        if path.name not in ("__init__.py", "options.py")
        and not (ROOT / "tests" / path.relative_to(ROOT / "workbench").parent / f"test_{path.name}").is_file()
    ]
    assert not missing


def _plain_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def _broad(handler: ast.ExceptHandler) -> bool:
    caught = ast.unparse(handler.type) if handler.type else "BaseException"
    return bool(re.search(r"\b(Base)?Exception\b", caught))


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) and node.exc is None for node in ast.walk(handler))
