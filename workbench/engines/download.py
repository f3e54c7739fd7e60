"""Models from a hub into the workspace, continued where a download broke off."""

from pathlib import Path

from workbench.engines.catalogue import Entry
from workbench.errors import ModelError

# Weights and what is needed to read them; never pickles, which run code when they are loaded.
_PATTERNS = ("*.safetensors", "*.json", "*.jinja", "tokenizer.model", "LICENSE*", "README.md")


def download(entry: Entry, folder: Path, *, release: str = "main", token: str = "") -> Path:
    """One GGUF file, or the folder of a safetensors model, below `folder`; returns its path.

    The hub's client shows progress, continues a partial file and checks sizes. `token` is for gated repositories and
    appears in no message. ModelError when the hub cannot be reached or does not have it.
    """
    if not entry.repository:
        raise ModelError(
            f"{entry.name} is not known to be on a hub", hint="name its --repository, and --filename for a GGUF file"
        )
    try:
        import huggingface_hub
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError as error:
        raise ModelError(
            "downloads need the package huggingface_hub", hint='pip install "instructlab-workbench[hub]"'
        ) from error
    # The bases are OSError and the error of whichever HTTP library this release of the hub's client is built on.
    failures: tuple[type[Exception], ...] = (HfHubHTTPError, *HfHubHTTPError.__bases__)
    try:
        if entry.filename:
            found = huggingface_hub.hf_hub_download(
                entry.repository, entry.filename, revision=release, local_dir=folder, token=token or None
            )
            return Path(found)
        target = folder / entry.name
        huggingface_hub.snapshot_download(
            entry.repository, revision=release, local_dir=target, token=token or None, allow_patterns=list(_PATTERNS)
        )
        return target
    except failures as error:
        raise _failure(entry, error, token) from error


def _failure(entry: Entry, error: Exception, token: str) -> ModelError:
    response = getattr(error, "response", None)
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if token:
        reason = reason.replace(token, "***")
    if response is None:
        return ModelError(
            f"the hub could not be reached for {entry.repository}: {reason}",
            hint="without a network use the embedded models, or copy the file into the workspace's models folder",
        )
    if response.status_code in (401, 403):
        return ModelError(
            f"the hub does not give out {entry.repository} like this: {reason}",
            hint="accept its terms on the hub, then give a --token that may read it",
        )
    return ModelError(
        f"the hub has no {entry.filename or 'such model'} in {entry.repository}: {reason}",
        hint="check --repository, --filename and --release",
    )
