"""Who may ask: keys that a server was given, and the one that a client shows."""

import hashlib
import hmac
import ipaddress
from pathlib import Path

from workbench.errors import OptionsError, UsageError
from workbench.serving.options import ServeOptions
from workbench.serving.refusals import Refusal

_SCHEME = "bearer "


class Keys:
    """Only digests are kept, so that nothing that is written down could show a key."""

    def __init__(self, keys: list[str]) -> None:
        self._digests = [_digest(key) for key in keys]

    def __bool__(self) -> bool:
        return bool(self._digests)

    def check(self, header: str) -> str:
        """Who shows this Authorization header, as a short name; a Refusal for nobody who may ask."""
        if not self._digests:
            return ""
        scheme, shown = header[: len(_SCHEME)].lower(), _digest(header[len(_SCHEME) :].strip())
        # All are looked at, whichever it is, so that the time that takes tells nothing.
        known = [hmac.compare_digest(shown, digest) for digest in self._digests]
        if scheme == _SCHEME and any(known):
            return str(known.index(True))
        what = "this key is not known" if header else "no key was shown"
        raise Refusal(
            what,
            status=401,
            hint="send the header 'Authorization: Bearer KEY' with a key that the server was given",
            code="invalid_api_key",
            headers={"WWW-Authenticate": "Bearer"},
        )


def find_keys(options: ServeOptions) -> Keys:
    """Those of the options and of the file; UsageError for a server that others can reach without one."""
    keys = [*_from_file(options.api_key_file), *filter(None, [options.api_key.strip()])]
    if any(not key.isascii() or not key.isprintable() or " " in key for key in keys):
        raise OptionsError("a key holds characters that no key can have, such as a blank")
    if not keys and not is_loopback(options.host):
        raise UsageError(
            f"{options.host} can be reached by others, and there is no key to keep them out",
            hint="give --api-key-file FILE or WORKBENCH_API_KEY in the environment, or listen at 127.0.0.1",
        )
    return Keys(keys)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _from_file(path: str) -> list[str]:
    if not path:
        return []
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise OptionsError(f"api_key_file: {path} cannot be read: {reason}") from error
    if found := [line.strip() for line in text.splitlines() if line.strip()]:
        return found
    raise OptionsError(f"api_key_file: {path} holds no key", hint="write one key in a line")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogateescape")).digest()
