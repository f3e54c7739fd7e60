"""Every error that the workbench raises on purpose.

WorkbenchError                  exit 1   http 500
    UsageError                  exit 2   http 400   the caller asked for something that cannot be
        OptionsError                                an unknown option, a wrong type, a value out of range
        NotFoundError                    http 404   a run, model, leaf or file of that name is not there
        ConflictError                    http 409   somebody else holds it, or a name means two things
    DataError                   exit 1   http 400   what was given to read is wrong
        RecordError                                 a JSON or JSONL file
        TaxonomyError                               a qna.yaml or its tree
        DocumentError                               a document, or where it comes from
        FlowError                                   a generation flow
        TrainingDataError                           rows that cannot be trained on
    EngineError                 exit 1   http 502   a language model did not answer
        ModelError                                  its files are missing or foreign
        ContextError                                the request does not fit its context
        EndpointError                               an endpoint failed; asking again may help
    StageError                  exit 1   http 500   a stage could not do its work
        GenerationError
        TrainingError
        ExportError
        EvaluationError
        JobError                                    a child process ended without a result
    StorageError                exit 1   http 507   a file could not be written
    Checkpointed                exit 75  http 500   stopped at a checkpoint; starting again goes on from there
    Interrupted                 exit 130 http 500   stopped by the person at the keyboard
"""

from collections.abc import Mapping
from typing import ClassVar


class WorkbenchError(Exception):
    """Carries, besides its message, one line on what to type next; a traceback shows it as a note."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")


class UsageError(WorkbenchError):
    exit_code = 2
    http_status = 400


class OptionsError(UsageError):
    pass


class NotFoundError(UsageError):
    http_status = 404


class ConflictError(UsageError):
    http_status = 409


class DataError(WorkbenchError):
    http_status = 400


class RecordError(DataError):
    pass


class TaxonomyError(DataError):
    pass


class DocumentError(DataError):
    """`field` says which of `repo`, `commit` and `patterns` leads nowhere; empty where a document itself is wrong."""

    def __init__(self, message: str, *, hint: str = "", field: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class FlowError(DataError):
    pass


class TrainingDataError(DataError):
    pass


class EngineError(WorkbenchError):
    http_status = 502


class ModelError(EngineError):
    pass


class ContextError(EngineError):
    """`tag` names the request, where the error comes later than its submission."""

    def __init__(self, message: str, *, hint: str = "", tag: str = "") -> None:
        super().__init__(message, hint=hint)
        self.tag = tag


class EndpointError(EngineError):
    retryable = True


class StageError(WorkbenchError):
    pass


class GenerationError(StageError):
    pass


class TrainingError(StageError):
    pass


class ExportError(StageError):
    pass


class EvaluationError(StageError):
    pass


class JobError(StageError):
    pass


class StorageError(WorkbenchError):
    http_status = 507


class Checkpointed(WorkbenchError):
    exit_code = 75
    retryable = True


class Interrupted(WorkbenchError):
    exit_code = 130
    retryable = True


def explain(error: WorkbenchError) -> str:
    """Message and hint as a shell shows them: one line each."""
    return f"{error.message}\nhint: {error.hint}" if error.hint else error.message


def error_record(error: BaseException) -> dict[str, str]:
    """What of an error survives a process boundary; `error_from_record` makes the error again."""
    if isinstance(error, WorkbenchError):
        return {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    return {"error": type(error).__name__, "message": f"{type(error).__name__}: {error}", "hint": ""}


def error_from_record(record: Mapping[str, str]) -> WorkbenchError:
    """The same class of the tree again; an error from outside the tree comes back as a JobError."""
    error_class = _tree().get(record["error"], JobError)
    return error_class(record["message"], hint=record.get("hint", ""))


def _tree() -> dict[str, type[WorkbenchError]]:
    found: dict[str, type[WorkbenchError]] = {}
    waiting: list[type[WorkbenchError]] = [WorkbenchError]
    while waiting:
        error_class = waiting.pop()
        found[error_class.__name__] = error_class
        waiting.extend(error_class.__subclasses__())
    return found
