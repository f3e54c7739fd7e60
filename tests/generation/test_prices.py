from pathlib import Path

import pytest

from workbench.errors import NotFoundError, RecordError
from workbench.generation.options import GenerationOptions
from workbench.generation.prices import find_prices, money_text, read_prices
from workbench.workspace import Workspace

GOOD = "currency: EUR\ngeneration_output: 2.5\ntraining_input: 1\n"


def written(folder: Path, text: str, name: str = "prices.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("prices.yaml", GOOD),
        ("prices.json", '{"currency": "EUR", "generation_output": 2.5, "training_input": 1}'),
    ],
)
def test_tokens_become_money(name: str, text: str, tmp_path: Path) -> None:
    prices = read_prices(written(tmp_path, text, name))
    cost = prices.cost({"generation_output": 2_000_000, "training_input": 500_000})
    assert cost == {"currency": "EUR", "generation_output": 5.0, "training_input": 0.5, "total": 5.5}


def test_a_meter_that_is_left_out_costs_nothing(tmp_path: Path) -> None:
    prices = read_prices(written(tmp_path, "currency: EUR\ntraining_input: 3\n"))
    assert prices.cost({"generation_output": 1_000_000, "training_input": 1_000_000})["total"] == 3


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("generation_output: 1", "names no currency", "currency: EUR"),
        ("currency: EUR", "prices neither", "per million tokens"),
        ("currency: EUR\ntraining_inputs: 1", "no price called 'training_inputs'", "did you mean training_input?"),
        ("currency: EUR\ntraining_input: -1", "training_input is -1", "a number from 0"),
        ("currency: EUR\ntraining_input: .inf", "training_input is inf", "a number from 0"),
        ("currency: EUR\ntraining_input: true", "training_input is True", "a number from 0"),
        ("currency: EUR\ntraining_input: dear", "training_input is 'dear'", "a number from 0"),
        ("- 1", "not a table", "currency: EUR"),
        ("a: [1", r"prices\.yaml:1:6: neither YAML nor JSON", "currency: EUR"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_right(text: str, said: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=said) as caught:
        read_prices(written(tmp_path, text))
    assert hint in caught.value.hint


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no price file"):
        read_prices(tmp_path / "none.yaml")


def test_options_name_the_file_or_none(workspace: Workspace) -> None:
    assert find_prices(GenerationOptions(), workspace) is None
    written(workspace.root, GOOD)
    found = find_prices(GenerationOptions(prices="prices.yaml"), workspace)
    assert found
    assert found.currency == "EUR"


def test_small_sums_are_not_rounded_away() -> None:
    assert [money_text(each, "EUR") for each in (1234.5, 0.038, 0)] == ["1,234.50 EUR", "0.0380 EUR", "0.00 EUR"]
