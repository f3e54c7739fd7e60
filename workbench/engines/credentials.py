"""Where an endpoint is and what it takes to speak to it: its address, a key, and whom to trust."""

import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from workbench.engines.options import EndpointOptions
from workbench.errors import OptionsError


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """`url` ends in /v1 with most servers; `concurrency` requests are under way at once; `attempts` are made at each,
    `timeout` seconds long.

    `ca_file` holds the authorities to trust instead of the usual ones; `client_cert` is a PEM file, with its key in it
    or in `client_key`.
    """

    url: str
    key: str = field(default="", repr=False)
    concurrency: int = 8
    attempts: int = 6
    timeout: float = 600.0
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    client_passwd: str = field(default="", repr=False)
    insecure: bool = False

    def masked(self, text: str) -> str:
        """The text without the key or the password, should somebody repeat one of them."""
        for secret in filter(None, (self.key, self.client_passwd)):
            text = text.replace(secret, "***")
        return text


def endpoint_settings(options: EndpointOptions, prefix: str = "") -> EndpointSettings | None:
    """What the options say, or None where they name no endpoint; `prefix` is before the names of address and key.

    The key is what its file holds, else the option's, else what WORKBENCH_API_KEY says in the environment, which on the
    command line is the option's value already and must not outdo a file that was named.
    """
    url = str(getattr(options, f"{prefix}endpoint_url"))
    if not url:
        return None
    name = f"{prefix}api_key"
    key = _from_file(options.api_key_file) or str(getattr(options, name)) or _from_environment(name)
    return EndpointSettings(
        _checked_url(url, f"{prefix}endpoint_url"),
        _checked_key(key.strip()),
        concurrency=options.endpoint_concurrency,
        ca_file=options.tls_ca_file,
        client_cert=options.tls_client_cert,
        client_key=options.tls_client_key,
        client_passwd=options.tls_client_passwd or _from_environment("tls_client_passwd"),
        insecure=options.tls_insecure,
    )


def trust(settings: EndpointSettings) -> ssl.SSLContext:
    """What a connection is checked with; OptionsError for a certificate that cannot be read."""
    context = _authorities(settings)
    if settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.client_cert:
        key = settings.client_key or None
        try:
            context.load_cert_chain(settings.client_cert, key, password=lambda: settings.client_passwd)
        except OSError as error:
            raise OptionsError(
                f"the client's certificate {settings.client_cert} cannot be used: {error.strerror or error}",
                hint="tls_client_cert and tls_client_key are PEM files, tls_client_passwd is the key's password",
            ) from error
    return context


def _authorities(settings: EndpointSettings) -> ssl.SSLContext:
    if not settings.ca_file:
        import httpx

        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        hint = "tls_ca_file is a PEM file of the authorities to trust"
        raise OptionsError(f"{settings.ca_file} cannot be used: {error.strerror or error}", hint=hint) from error


def _checked_url(url: str, name: str) -> str:
    """An address is recorded with a run, so a password or key in it would be as well."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OptionsError(f"{name}: not an address that begins with http:// or https://")
    if parts.username or parts.password or parts.query:
        raise OptionsError(
            f"{name}: it holds more than an address, which would be recorded",
            hint="give a key by api_key_file or the environment's WORKBENCH_API_KEY",
        )
    return url.rstrip("/")


def _checked_key(key: str) -> str:
    if not key.isascii() or not key.isprintable() or " " in key:
        raise OptionsError("the endpoint's key holds characters that no key can have, such as a blank or a line break")
    return key


def _from_environment(name: str) -> str:
    return os.environ.get(f"WORKBENCH_{name.upper()}", "")


def _from_file(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise OptionsError(f"api_key_file: {path} cannot be read: {reason}") from error
