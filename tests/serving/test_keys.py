from pathlib import Path

import pytest

from workbench.errors import OptionsError, UsageError
from workbench.serving.keys import Keys, find_keys, is_loopback
from workbench.serving.options import ServeOptions
from workbench.serving.refusals import Refusal


def test_without_keys_anybody_may_ask() -> None:
    keys = find_keys(ServeOptions())
    assert not keys
    assert keys.check("") == keys.check("Bearer anything") == ""


def test_each_key_has_a_name_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("one\n\n two \n")
    keys = find_keys(ServeOptions(api_key_file=str(file), api_key="three", host="0.0.0.0"))
    assert [keys.check(f"{scheme} {key}") for scheme, key in (("Bearer", "one"), ("bearer", "two"))] == ["0", "1"]
    assert keys.check("Bearer three") == "2"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer on", "Basic one", "one", "Bearer one two"])
def test_another_key_is_refused(header: str) -> None:
    with pytest.raises(Refusal) as raised:
        Keys(["one"]).check(header)
    assert (raised.value.status, raised.value.code) == (401, "invalid_api_key")
    assert raised.value.headers == {"WWW-Authenticate": "Bearer"}


def test_nothing_that_is_kept_shows_a_key() -> None:
    assert "secret" not in repr(vars(Keys(["a-secret"])))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_who_can_be_reached_needs_a_key(host: str) -> None:
    with pytest.raises(UsageError, match="no key to keep them out"):
        find_keys(ServeOptions(host=host))
    assert find_keys(ServeOptions(host=host, api_key="one"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
def test_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(("content", "problem"), [(None, "cannot be read"), ("\n \n", "no key"), ("a b", "characters")])
def test_a_file_without_a_usable_key_is_refused(tmp_path: Path, content: str | None, problem: str) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_text(content)
    with pytest.raises(OptionsError, match=problem):
        find_keys(ServeOptions(api_key_file=str(file)))
