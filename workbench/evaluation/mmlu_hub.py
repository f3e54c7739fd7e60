"""MMLU's files on the hub, kept in the hub's cache."""

from pathlib import Path

from workbench.errors import EvaluationError

REPOSITORY = "cais/mmlu"
# One file for all subjects of a split.
_PATTERNS = ("all/test-*.parquet", "all/dev-*.parquet")
_COMMAND = f"hf download {REPOSITORY} --repo-type dataset --include 'all/*'"


def mmlu_folder() -> Path:
    """Downloaded, or as the cache has it where there is no network; EvaluationError when it is in neither."""
    try:
        import huggingface_hub
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled
    except ImportError as error:
        raise EvaluationError(
            "MMLU from the hub needs the package huggingface_hub", hint='pip install "instructlab-workbench[mmlu]"'
        ) from error
    # The bases are OSError and the error of whichever HTTP library this release of the hub's client is built on.
    failures: tuple[type[Exception], ...] = (HfHubHTTPError, *HfHubHTTPError.__bases__)
    try:
        found = huggingface_hub.snapshot_download(REPOSITORY, repo_type="dataset", allow_patterns=list(_PATTERNS))
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise _not_here() from error
    except failures as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise EvaluationError(f"{REPOSITORY} could not be downloaded: {reason}", hint=_elsewhere()) from error
    folder = Path(found)
    if not all(any(folder.glob(pattern)) for pattern in _PATTERNS):
        raise _not_here()
    return folder


def _not_here() -> EvaluationError:
    cache = _cache()
    return EvaluationError(f"{REPOSITORY} is not in {cache}, and the hub cannot be reached", hint=_elsewhere())


def _elsewhere() -> str:
    return f"where there is a network: {_COMMAND}, then copy its cache here (HF_HOME names it), or give --mmlu-data DIR"


def _cache() -> str:
    from huggingface_hub import constants

    return str(constants.HF_HUB_CACHE)
