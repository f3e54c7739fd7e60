import ast
import math
from typing import Any

import pytest
from papermill.translators import PythonTranslator

from workbench.errors import OptionsError
from workbench.options import Options, describe, option, parameters_cell


class Sample(Options):
    model: str = option("small", "A model of the catalogue.")
    rounds: int = option(4, "How often.", minimum=1, maximum=64)
    rate: float = option(1e-5, "Learning rate.", minimum=0)
    shuffle: bool = option(True, "In another order each time.")
    base: str | None = option(None, "Where to begin; None begins anew.")
    leaves: list[str] = option([], "Leaves to take; empty takes all.")
    mode: str = option("fast", "How to work.", choices=("fast", "careful"))
    threads: int = option(0, "Processors to use.", minimum=0, result=False)
    api_key: str = option("", "The endpoint's key.", result=False)


def test_defaults_and_given_values() -> None:
    options = Sample.parse({"rounds": 5, "rate": 1, "leaves": ["a"]})
    assert (options.rounds, options.rate, options.leaves, options.model) == (5, 1.0, ["a"], "small")


def test_options_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Sample().rounds = 3  # type: ignore[misc]


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(OptionsError) as caught:
        Sample.parse({"roundz": 1, "rounds": 0, "mode": "slow", "shuffle": "yes"})
    lines = caught.value.message.splitlines()
    assert lines[0] == "4 options are wrong (Sample)"
    assert "  roundz: there is no such option; did you mean rounds?" in lines
    assert "  rounds: 0 (int) is not allowed; allowed: int, at least 1, at most 64" in lines
    assert "  mode: 'slow' (str) is not allowed; allowed: one of fast, careful" in lines
    assert "  shuffle: 'yes' (str) is not allowed; allowed: bool" in lines
    assert "model, rounds, rate" in caught.value.hint


@pytest.mark.parametrize(
    "values",
    [
        {"rounds": "5"},
        {"rounds": 5.0},
        {"rounds": True},
        {"rate": "0.1"},
        {"rate": math.nan},
        {"model": 1},
        {"model": None},
        {"shuffle": 1},
        {"leaves": "a"},
        {"leaves": [1]},
        {"base": 3},
    ],
)
def test_nothing_is_converted(values: dict[str, object]) -> None:
    with pytest.raises(OptionsError, match="not allowed"):
        Sample.parse(values)


def test_digits_for_a_text_are_explained() -> None:
    with pytest.raises(OptionsError) as caught:
        Sample.parse({"model": 1})
    assert "-r NAME VALUE" in caught.value.hint


def test_a_wrong_key_is_not_shown() -> None:
    with pytest.raises(OptionsError) as caught:
        Sample.parse({"api_key": 4711})
    assert "4711" not in str(caught.value)


def test_what_goes_into_a_fingerprint_and_to_disk() -> None:
    options = Sample(threads=3, api_key="abc")
    assert not options.result_values().keys() & {"threads", "api_key"}
    assert options.recorded_values()["threads"] == 3
    assert options.recorded_values()["api_key"] == ""


def test_the_description_holds_all_a_shell_needs() -> None:
    fields = {field.name: field for field in describe(Sample)}
    assert (fields["rounds"].kind, fields["rounds"].minimum, fields["rounds"].maximum) == ("int", 1, 64)
    assert (fields["base"].kind, fields["base"].optional, fields["base"].default) == ("str", True, None)
    assert (fields["leaves"].kind, fields["mode"].choices) == ("list", ("fast", "careful"))
    assert [name for name, field in fields.items() if not field.result] == ["threads", "api_key"]
    assert fields["base"].allowed() == "str or None"


def test_the_parameters_cell_is_what_papermill_reads() -> None:
    names = ["model", "rounds", "rate", "shuffle", "base", "leaves"]
    source = parameters_cell(Sample, names)
    assert source.splitlines()[0] == "from typing import Optional"
    assert "rounds: int = 4  # How often." in source.splitlines()
    inspected = {parameter.name: parameter for parameter in PythonTranslator.inspect({"source": source})}
    assert list(inspected) == names
    for name, parameter in inspected.items():
        assert ast.literal_eval(parameter.default) == getattr(Sample(), name)
        assert parameter.help
    assert inspected["base"].inferred_type_name == "Optional[str]"


def test_a_cell_of_unknown_names_is_refused() -> None:
    with pytest.raises(OptionsError, match="Sample has no colour"):
        parameters_cell(Sample, ["colour"])


CELL = parameters_cell(Sample, ["model", "rounds"])


def run_cells(*sources: str) -> dict[str, Any]:
    scope: dict[str, Any] = {"In": [""]}
    for source in sources:
        scope["In"].append(source)
        exec(source, scope)
    scope["In"].append("options = Sample.from_notebook(globals())")
    return scope


def test_a_notebook_gives_its_parameters() -> None:
    scope = run_cells(CELL, "# Parameters\nrounds = 7\n")
    assert Sample.from_notebook(scope, mode="careful") == Sample(rounds=7, mode="careful")


def test_a_declared_name_outside_the_parameters_cell_counts() -> None:
    assert Sample.from_notebook(run_cells(CELL, "# Parameters\nshuffle = False\n")).shuffle is False


def test_an_unknown_injected_name_is_refused() -> None:
    with pytest.raises(OptionsError, match="roundz: there is no such option; did you mean rounds"):
        Sample.from_notebook(run_cells(CELL, "# Parameters\nroundz = 7\n"))


def test_an_unknown_name_in_the_parameters_cell_is_refused() -> None:
    with pytest.raises(OptionsError, match="steps: there is no such option"):
        Sample.from_notebook(run_cells(CELL + "\nsteps: int = 3"))


def test_a_wrongly_typed_parameter_is_refused() -> None:
    with pytest.raises(OptionsError, match="rounds: 'many'"):
        Sample.from_notebook(run_cells(CELL, '# Parameters\nrounds = "many"\n'))


@pytest.mark.parametrize("source", ['# Parameters\napi_key = "abc"\n', CELL + '\napi_key: str = "abc"'])
def test_a_key_is_not_taken_from_a_notebook_that_would_keep_it(source: str) -> None:
    with pytest.raises(OptionsError, match="api_key: a notebook would keep it") as caught:
        Sample.from_notebook(run_cells(CELL, source))
    assert "WORKBENCH_API_KEY" in caught.value.hint
    assert "abc" not in caught.value.message + caught.value.hint
    assert Sample.from_notebook(run_cells(CELL, "import os; api_key = 'a' + 'b'")).api_key == "ab"


def test_what_is_inherited_comes_behind_a_class_s_own() -> None:
    class More(Sample):
        turns: int = option(1, "How often again.")

    assert [field.name for field in describe(More)] == ["turns", *(field.name for field in describe(Sample))]


def test_a_corrected_injection_is_forgiven_once_the_parameters_ran_again() -> None:
    scope = run_cells(CELL, "# Parameters\nroundz = 7\n", CELL)
    assert Sample.from_notebook(scope) == Sample()


def test_other_cells_are_not_parameters() -> None:
    scope = run_cells(CELL, "x: int = 3", "import math as threads")
    scope["In"].insert(2, "this is not Python")
    assert Sample.from_notebook(scope) == Sample()


def test_a_script_without_a_history_gives_its_names() -> None:
    assert Sample.from_notebook({"rounds": 9, "other": object()}) == Sample(rounds=9)


@pytest.mark.parametrize("help", ["a = b", "number #1", "two\nlines"])
def test_a_help_that_papermill_misreads_is_refused(help: str) -> None:
    with pytest.raises(TypeError, match="papermill"):
        option(1, help)


def test_a_type_that_papermill_cannot_read_is_refused() -> None:
    with pytest.raises(TypeError, match="none of int, float, bool, str"):

        class Wrong(Options):
            table: dict[str, int] = option({}, "A table.")


def test_a_field_without_help_is_refused() -> None:
    with pytest.raises(TypeError, match="declare it with option"):

        class Wrong(Options):
            rounds: int = 3


def test_a_default_is_checked_like_a_value() -> None:
    class Wrong(Options):
        rounds: int = option(0, "How often.", minimum=1)

    with pytest.raises(OptionsError, match="at least 1"):
        Wrong.parse({})
