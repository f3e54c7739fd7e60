"""Data sets on the hub, kept in the hub's cache."""

from collections.abc import Sequence
from pathlib import Path

from workbench.errors import EvaluationError

_EXTRA = 'pip install "instructlab-workbench[mmlu]"'


def dataset_folder(repository: str, patterns: Sequence[str], option: str) -> Path:
    """Downloaded, or as the cache has it where there is no network; EvaluationError when it is in neither, with the
    `option` that takes a folder instead. Files of every pattern must be there."""
    try:
        import huggingface_hub
        from huggingface_hub.errors import (
            HfHubHTTPError,
            HFValidationError,
            LocalEntryNotFoundError,
            OfflineModeIsEnabled,
        )
    except ImportError as error:
        raise EvaluationError(f"{repository} from the hub needs the package huggingface_hub", hint=_EXTRA) from error
    # The bases are OSError and the error of whichever HTTP library this release of the hub's client is built on.
    failures: tuple[type[Exception], ...] = (HfHubHTTPError, HFValidationError, *HfHubHTTPError.__bases__)
    elsewhere = _elsewhere(repository, patterns, option)
    try:
        found = huggingface_hub.snapshot_download(repository, repo_type="dataset", allow_patterns=list(patterns))
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise _not_here(repository, elsewhere) from error
    except failures as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise EvaluationError(f"{repository} could not be downloaded: {reason}", hint=elsewhere) from error
    folder = Path(found)
    if not all(any(folder.glob(pattern)) for pattern in patterns):
        raise _not_here(repository, elsewhere)
    return folder


def _not_here(repository: str, elsewhere: str) -> EvaluationError:
    from huggingface_hub import constants

    cache = constants.HF_HUB_CACHE
    return EvaluationError(f"{repository} is not in {cache}, and the hub cannot be reached", hint=elsewhere)


def _elsewhere(repository: str, patterns: Sequence[str], option: str) -> str:
    included = " ".join(f"--include '{pattern}'" for pattern in patterns)
    command = f"hf download {repository} --repo-type dataset {included}"
    return f"where there is a network: {command}, then copy its cache here (HF_HOME names it), or give {option} DIR"
