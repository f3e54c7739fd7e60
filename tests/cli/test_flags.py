from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from workbench.cli.flags import options_command, output_flag, workspace_flag
from workbench.errors import OptionsError
from workbench.options import Options, option

seen: dict[str, Any] = {}


class Sample(Options):
    num_rounds: int = option(4, "How often.", minimum=1, maximum=64)
    rate: float = option(0.5, "Learning rate.", minimum=0)
    shuffle: bool = option(True, "In another order.")
    base: str | None = option(None, "Where to begin.")
    leaf: list[str] = option([], "Leaves to take.")
    mode: str = option("fast", "How to work.", choices=("fast", "careful"))
    api_key: str = option("", "The endpoint's key.", result=False)


@options_command(Sample, also={"leaf": "leaves"})
@workspace_flag
@output_flag
def do_it(options: Sample, workspace: Path | None, output: str) -> int:
    """Does it."""
    seen.update(options=options, workspace=workspace, output=output)
    return 3


def call(*arguments: str, **variables: str) -> Any:
    return CliRunner().invoke(do_it, arguments, env=variables, standalone_mode=False)


def test_without_flags_the_defaults_hold() -> None:
    assert call().return_value == 3
    assert seen == {"options": Sample(), "workspace": None, "output": "text"}


def test_each_flag_sets_its_option() -> None:
    text = (
        "--num-rounds 5 --rate 1 --no-shuffle --base main --leaf a --leaf b --mode careful --workspace w --output json"
    )
    call(*text.split())
    expected = Sample(num_rounds=5, rate=1.0, shuffle=False, base="main", leaf=["a", "b"], mode="careful")
    assert seen == {"options": expected, "workspace": Path("w"), "output": "json"}


def test_a_key_may_come_from_the_environment() -> None:
    call(WORKBENCH_API_KEY="abc")
    assert seen["options"].api_key == "abc"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--num-rounds", "0"], "1<=x<=64"),
        (["--num-rounds", "many"], "not a valid integer"),
        (["--mode", "slow"], "'fast', 'careful'"),
        (["--num-round", "3"], "--num-rounds"),
    ],
)
def test_a_wrong_value_is_wrong_use(arguments: list[str], message: str) -> None:
    error = call(*arguments).exception
    assert isinstance(error, click.UsageError)
    assert message in f"{error.format_message()}"


def test_what_click_cannot_know_the_options_check() -> None:
    assert isinstance(call("--rate", "inf").exception, OptionsError)


def test_help_shows_bounds_and_defaults() -> None:
    shown = " ".join(CliRunner().invoke(do_it, ["--help"]).output.split())
    assert "Does it." in shown
    assert "How often. [default: 4; 1<=x<=64]" in shown
    assert "--shuffle / --no-shuffle" in shown
    assert "[default: fast]" in shown
    assert shown.index("--num-rounds") < shown.index("--rate") < shown.index("--workspace")


def test_an_option_can_be_left_to_the_command() -> None:
    @options_command(Sample, name="other", leave_out=("base",))
    def command(options: Sample) -> None:
        """Another."""

    assert command.name == "other"
    assert "base" not in {parameter.name for parameter in command.params}


def test_an_option_may_have_two_names() -> None:
    call("--leaf", "a", "--leaves", "b")
    assert seen["options"].leaf == ["a", "b"]
    assert "--leaf, --leaves TEXT" in call("--help").output
