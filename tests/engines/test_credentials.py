import ssl
from pathlib import Path

import pytest

from workbench.engines.credentials import EndpointSettings, endpoint_settings, trust
from workbench.engines.options import ChatOptions
from workbench.errors import OptionsError
from workbench.evaluation.options import EvaluationOptions

URL = "https://localhost:1/v1"
KEY = "sk-very-secret"


def settings(**given: object) -> EndpointSettings:
    found = endpoint_settings(ChatOptions.parse({"endpoint_url": URL} | given))
    assert found
    return found


def test_without_an_address_there_is_no_endpoint() -> None:
    assert endpoint_settings(ChatOptions(api_key=KEY)) is None


def test_the_options_say_how_it_is_spoken_to() -> None:
    found = settings(endpoint_url=f"{URL}/", endpoint_concurrency=3, tls_insecure=True, tls_ca_file="a.pem")
    assert (found.url, found.concurrency, found.insecure, found.ca_file) == (URL, 3, True, "a.pem")


def test_a_key_comes_from_the_option_or_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    assert settings().key == ""
    monkeypatch.setenv("WORKBENCH_API_KEY", "from-environment")
    monkeypatch.setenv("WORKBENCH_TLS_CLIENT_PASSWD", "word")
    assert (settings().key, settings().client_passwd) == ("from-environment", "word")
    assert settings(api_key="mine").key == "mine"
    assert settings(api_key_file=str(file), api_key="from-environment").key == KEY
    judging = EvaluationOptions(judge_endpoint_url=URL, judge_api_key=KEY)
    judge = endpoint_settings(judging, "judge_")
    assert judge
    assert judge.key == KEY


def test_nothing_that_shows_settings_shows_a_secret() -> None:
    found = settings(api_key=KEY, tls_client_passwd="pass")
    assert KEY not in repr(found)
    assert "pass'" not in repr(found)
    assert found.masked(f"Bearer {KEY}, pass") == "Bearer ***, ***"
    recorded = ChatOptions(api_key=KEY, tls_client_passwd="pass").recorded_values()
    assert recorded["api_key"] == recorded["tls_client_passwd"] == ""


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"endpoint_url": "localhost:8000/v1"}, "begins with http"),
        ({"endpoint_url": f"https://me:{KEY}@host/v1"}, "would be recorded"),
        ({"endpoint_url": f"https://host/v1?key={KEY}"}, "would be recorded"),
        ({"api_key": f"two {KEY}"}, "no key can have"),
        ({"api_key": f"{KEY}\u00e9"}, "no key can have"),
        ({"api_key_file": "missing"}, "api_key_file: missing cannot be read"),
    ],
)
def test_what_cannot_be_is_said_without_the_key(given: dict[str, object], problem: str) -> None:
    with pytest.raises(OptionsError, match=problem) as caught:
        settings(**given)
    assert KEY not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("given", [{"ca_file": "none.pem"}, {"client_cert": "none.pem"}])
def test_a_certificate_that_is_not_there_is_named(given: dict[str, str]) -> None:
    with pytest.raises(OptionsError, match=r"none\.pem cannot be used") as caught:
        trust(EndpointSettings(URL, **given))  # type: ignore[arg-type]
    assert "PEM" in caught.value.hint


def test_only_insecure_trusts_anybody() -> None:
    assert trust(EndpointSettings(URL)).verify_mode == ssl.CERT_REQUIRED
    assert trust(EndpointSettings(URL, insecure=True)).verify_mode == ssl.CERT_NONE
