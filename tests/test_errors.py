import pickle
import re

import pytest

from workbench import errors
from workbench.errors import (
    Checkpointed,
    ConflictError,
    EndpointError,
    Interrupted,
    JobError,
    NotFoundError,
    OptionsError,
    StorageError,
    TaxonomyError,
    TrainingError,
    WorkbenchError,
    error_from_record,
    error_record,
    explain,
)


@pytest.mark.parametrize(
    ("error_class", "exit_code", "http_status", "retryable"),
    [
        (WorkbenchError, 1, 500, False),
        (OptionsError, 2, 400, False),
        (NotFoundError, 2, 404, False),
        (ConflictError, 2, 409, False),
        (TaxonomyError, 1, 400, False),
        (EndpointError, 1, 502, True),
        (TrainingError, 1, 500, False),
        (StorageError, 1, 507, False),
        (Checkpointed, 75, 500, True),
        (Interrupted, 130, 500, True),
    ],
)
def test_each_class_says_how_a_shell_answers(
    error_class: type[WorkbenchError], exit_code: int, http_status: int, retryable: bool
) -> None:
    assert (error_class.exit_code, error_class.http_status, error_class.retryable) == (
        exit_code,
        http_status,
        retryable,
    )


def test_an_error_shows_its_hint() -> None:
    error = ConflictError("two runs", hint="take one")
    assert str(error) == "two runs"
    assert explain(error) == "two runs\nhint: take one"
    assert error.__notes__ == ["hint: take one"]
    assert explain(ConflictError("two runs")) == "two runs"


def test_the_docstring_draws_every_class() -> None:
    drawn = set(re.findall(r"^ *([A-Z]\w+)", errors.__doc__ or "", flags=re.MULTILINE)) - {"Every"}
    defined = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert drawn == defined


def test_an_error_crosses_a_process_boundary() -> None:
    again = error_from_record(error_record(EndpointError("no answer", hint="start it")))
    assert type(again) is EndpointError
    assert (again.message, again.hint) == ("no answer", "start it")


def test_a_foreign_error_comes_back_as_a_job_error() -> None:
    again = error_from_record(error_record(ZeroDivisionError("division by zero")))
    assert type(again) is JobError
    assert again.message == "ZeroDivisionError: division by zero"


def test_an_error_can_be_pickled() -> None:
    again = pickle.loads(pickle.dumps(NotFoundError("no run", hint="make one")))
    assert explain(again) == "no run\nhint: make one"
