"""A model's repository on a hub: which files it has, with their checksums, and what went wrong in words."""

import difflib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from workbench.engines.catalogue import Entry
from workbench.errors import ModelError

# Weights and what is needed to read them; never pickles, which run code when they are loaded.
_PATTERNS = ("*.safetensors", "*.json", "*.jinja", "tokenizer.model", "LICENSE*", "README.md")
_SECONDS = 10
_NOT_GIVEN = (401, 403)


@dataclass(frozen=True, slots=True)
class HubFile:
    """`checksum` is a SHA-256 where the file is `large`, else git's SHA-1 of a blob; `size` is in bytes."""

    name: str
    size: int
    checksum: str
    large: bool


class Hub:
    """One repository at one release; ModelError for an entry without a repository, or without the hub's client."""

    def __init__(self, entry: Entry, release: str, token: str) -> None:
        if not entry.repository:
            hint = "name its --repository, and --filename for a GGUF file"
            raise ModelError(f"{entry.name} is not known to be on a hub", hint=hint)
        try:
            import huggingface_hub
        except ImportError as error:
            raise ModelError(
                "downloads need the package huggingface_hub", hint='pip install "instructlab-workbench[hub]"'
            ) from error
        self._client = huggingface_hub
        self._api = huggingface_hub.HfApi(endpoint=huggingface_hub.constants.ENDPOINT)
        self._entry = entry
        self._token = token
        self._release = release

    def files(self) -> list[HubFile]:
        """The files of the entry; from here on the release is the commit that they are of."""
        found = self._listed()
        self._release = str(found.sha)
        there = {each.rfilename: each for each in found.siblings or []}
        names = [self._entry.filename] if self._entry.filename else sorted(filter(_wanted, there))
        missing = self._missing(names, list(there))
        if missing:
            raise missing
        return [_file(there[name]) for name in names]

    def address(self, file: HubFile) -> str:
        path = f"{self._entry.repository}/resolve/{self._release}/{file.name}"
        return f"{self._api.endpoint}/{quote(path)}"

    def headers(self) -> dict[str, str]:
        """Those of every request; bytes are asked for as they are, since the checksum is of these."""
        token = self._token or self._client.get_token()
        return {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def refusal(self, status: int, reason: str) -> ModelError:
        """What a status of the hub means."""
        repository, release = self._entry.repository, self._release
        if status in _NOT_GIVEN:
            return ModelError(
                f"the hub does not give out {repository} like this ({status}): {reason}",
                hint="check its name; if it is gated, accept its terms on the hub and give a --token that may read it",
            )
        if status == 404:
            return ModelError(
                f"the hub has no {self._entry.filename or 'such model'} in {repository} at {release}: {reason}",
                hint="check --repository, --filename and --release",
            )
        return ModelError(f"the hub failed ({status}): {reason}", hint="try again later")

    def _listed(self) -> Any:
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

        # The bases are OSError and the error of whichever HTTP library this release of the hub's client is built on.
        failures: tuple[type[Exception], ...] = (HfHubHTTPError, *HfHubHTTPError.__bases__)
        try:
            return self._api.model_info(
                self._entry.repository,
                revision=self._release,
                files_metadata=True,
                timeout=_SECONDS,
                token=self._token or None,
            )
        except HFValidationError as error:
            hint = "a repository is somebody/something"
            raise ModelError(f"{self._entry.repository} is no name of a repository", hint=hint) from error
        except OfflineModeIsEnabled as error:
            hint = "unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE to download, or use the embedded models"
            raise ModelError(f"downloads are switched off; {self._entry.repository} is not here", hint=hint) from error
        except failures as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> ModelError:
        response = getattr(error, "response", None)
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if self._token:
            reason = reason.replace(self._token, "***")
        if response is not None:
            return self.refusal(response.status_code, reason)
        return ModelError(
            f"the hub {self._api.endpoint} could not be reached for {self._entry.repository}: {reason}",
            hint="without a network use the embedded models, or copy the file into the workspace's models folder",
        )

    def _missing(self, names: list[str], there: list[str]) -> ModelError | None:
        where = f"{self._entry.repository} at {self._release}"
        if self._entry.filename and self._entry.filename not in there:
            models = [name for name in there if name.endswith(".gguf")]
            near = difflib.get_close_matches(self._entry.filename, models or there, n=3, cutoff=0.3)
            hint = f"it has {', '.join(near)}" if near else "check --repository, --filename and --release"
            return ModelError(f"the hub has no {self._entry.filename} in {where}", hint=hint)
        if not self._entry.filename and "config.json" not in names:
            models = [name for name in there if name.endswith(".gguf")]
            hint = f"name a GGUF file with --filename: {', '.join(models[:5])}" if models else "check --repository"
            return ModelError(f"{where} holds no model with a config.json", hint=hint)
        return None


def _wanted(name: str) -> bool:
    """Of a folder's model: what lies at its top, no folders of other forms of the same weights."""
    return "/" not in name and any(fnmatch(name, pattern) for pattern in _PATTERNS)


def _file(listed: Any) -> HubFile:
    path = PurePosixPath(listed.rfilename)
    if path.is_absolute() or ".." in path.parts:
        raise ModelError(f"the hub lists a file outside of its repository: {listed.rfilename}")
    if listed.lfs:
        return HubFile(listed.rfilename, int(listed.lfs.size), str(listed.lfs.sha256), large=True)
    return HubFile(listed.rfilename, int(listed.size or 0), str(listed.blob_id), large=False)
