import json

import pytest

from tests.jobs.counting import COUNTING, CountingOptions, count
from workbench.errors import NotFoundError
from workbench.jobs.steps import STEPS, Step, find_step
from workbench.runs import KINDS


def test_a_step_is_loaded_when_it_is_needed() -> None:
    assert COUNTING.options_class() is CountingOptions
    assert COUNTING.load_work() is count


def test_a_step_can_be_told_to_another_process() -> None:
    assert Step(**json.loads(json.dumps(COUNTING.record()))) == COUNTING


def test_an_unknown_step_names_the_nearest() -> None:
    assert find_step("train").kind == "trained_models"
    with pytest.raises(NotFoundError) as caught:
        find_step("trian")
    assert caught.value.hint == "did you mean train?"


def test_the_table_names_folders_of_the_workspace() -> None:
    assert {step.kind for step in STEPS.values()} == set(KINDS)
    assert all(step.name == name for name, step in STEPS.items())
