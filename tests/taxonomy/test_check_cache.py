import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.documents.sources import Origin
from workbench.taxonomy import check_cache
from workbench.taxonomy.check_cache import (
    FILE_NAME,
    MOST_LETTERS,
    VARIABLE,
    CheckCache,
    Verdict,
    contexts_digest,
    judges,
    verdict_digest,
)
from workbench.taxonomy.findings import Finding

DIGEST = verdict_digest(b"version: 3\n", "skill", "rules")
FINDING = Finding("a/qna.yaml", 3, 1, ".version", "wrong-version", "error", "4 is not 3 \u2603", "write 3")
VERDICT = Verdict((FINDING,), 5, Origin(".", "HEAD", ("*.md",)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / FILE_NAME


def _kept(file: Path, digest: bytes = DIGEST) -> Verdict | None:
    with CheckCache(file) as cache:
        return cache.get(digest, "a/qna.yaml")


def _keep(file: Path, verdict: Verdict = VERDICT, digest: bytes = DIGEST) -> None:
    with CheckCache(file) as cache:
        cache.put(digest, verdict)


def test_what_was_put_is_had_again_under_any_name(file: Path) -> None:
    assert _kept(file) is None
    _keep(file)
    assert _kept(file) == VERDICT
    with CheckCache(file) as cache:
        other = cache.get(DIGEST, "b/qna.yaml")
    assert other
    assert other.findings[0].path == "b/qna.yaml"
    _keep(file, Verdict(()), b"other")
    assert (_kept(file), _kept(file, b"other")) == (VERDICT, Verdict(()))


def test_it_is_had_again_before_it_is_written(file: Path) -> None:
    with CheckCache(file) as cache:
        cache.put(DIGEST, VERDICT)
        assert cache.get(DIGEST, "a/qna.yaml") == VERDICT


def test_all_that_a_verdict_depends_on_is_part_of_its_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = {
        DIGEST,
        verdict_digest(b"version: 2\n", "skill", "rules"),
        verdict_digest(b"version: 3\n", "", "rules"),
        verdict_digest(b"version: 3\n", "skill", "other rules"),
        contexts_digest(DIGEST, ["a.md"], ["1"]),
        contexts_digest(DIGEST, ["a.md"], ["2"]),
        contexts_digest(DIGEST, ["b.md"], ["1"]),
    }
    judges.cache_clear()
    monkeypatch.setattr(check_cache, "version", lambda name: "another" if name == "yamllint" else "same")
    digests.add(verdict_digest(b"version: 3\n", "skill", "rules"))
    judges.cache_clear()
    assert len(digests) == 8


@pytest.mark.parametrize(
    "content",
    [b"", b"no database at all, but a text that is long enough to be taken for one" * 20, b"SQLite format 3\0"],
)
def test_a_broken_file_is_begun_anew(content: bytes, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    assert _kept(file) is None
    _keep(file)
    _keep(file)
    assert _kept(file) == VERDICT


def test_a_file_that_breaks_later_is_begun_anew(file: Path) -> None:
    _keep(file)
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(data)
    _kept(file)
    _keep(file)
    _keep(file)
    assert _kept(file) == VERDICT


def test_another_table_of_that_name_is_begun_anew(file: Path) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as database:
        database.execute("create table verdicts (something text)")
    database.close()
    assert _kept(file) is None
    _keep(file)
    assert _kept(file) == VERDICT


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "null", "[]", "[[], 1]", "[[[1, 2]], 0, null]", '[[], "5", null]', "[[], 0, [1]]", "7"),
        '[[[1, 1, "", "x", "fatal", "m", ""]], 0, null]',
        '[[["1", 1, "", "x", "error", "m", ""]], 0, null]',
    ],
)
def test_what_is_no_verdict_is_none(text: str, file: Path) -> None:
    _keep(file)
    with sqlite3.connect(file) as database:
        database.execute("update verdicts set verdict = ?", (text,))
    database.close()
    assert _kept(file) is None


def test_a_folder_that_cannot_be_had_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    _keep(tmp_path / "cache" / FILE_NAME)
    assert _kept(tmp_path / "cache" / FILE_NAME) is None
    (tmp_path / FILE_NAME).mkdir()
    _keep(tmp_path / FILE_NAME)


def test_the_oldest_leave_first_and_long_ones_are_not_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_cache, "MOST", 3)
    for number in range(5):
        _keep(file, digest=bytes([number]))
    assert [bool(_kept(file, bytes([number]))) for number in range(5)] == [False, False, True, True, True]
    _keep(file, Verdict((Finding("a", 1, 1, "", "x", "error", "y" * MOST_LETTERS),)), b"long")
    assert _kept(file, b"long") is None


def test_a_full_file_is_begun_anew(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_cache, "MOST_PAGES", 4)
    for number in range(30):
        _keep(file, Verdict((Finding("a", 1, 1, "", "x", "error", "y" * 2000),)), bytes([number]))
    assert not file.exists() or file.stat().st_size <= 4 * 4096


def test_while_another_process_writes_nothing_is_kept_and_nothing_fails(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_cache, "_WAIT", 0.01)
    _keep(file)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("begin exclusive")
    _keep(file, Verdict(()), b"other")
    other.execute("rollback")
    other.close()
    assert _kept(file) == VERDICT


MANY = """
import sys
from pathlib import Path
from workbench.taxonomy.check_cache import CheckCache, Verdict
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 25):
    with CheckCache(Path(sys.argv[1])) as cache:
        cache.put(bytes([number]), Verdict((), number))
"""


def test_processes_share_it(file: Path) -> None:
    commands = ([sys.executable, "-c", MANY, str(file), str(25 * number)] for number in range(3))
    processes = [subprocess.Popen(command) for command in commands]
    assert [process.wait() for process in processes] == [0, 0, 0]
    kept = [_kept(file, bytes([number])) for number in range(75)]
    # One that waited too long for the others goes on without keeping: that is all that may happen.
    assert all(verdict == Verdict((), number) for number, verdict in enumerate(kept) if verdict)
    assert sum(verdict is not None for verdict in kept) > 50


def test_it_lies_where_the_variable_the_caller_or_the_user_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place(folder: Path | None = None) -> Path | None:
        return CheckCache.at(folder)._file

    monkeypatch.setenv(VARIABLE, str(tmp_path / "named"))
    assert place(tmp_path / "given") == tmp_path / "named" / FILE_NAME
    monkeypatch.setenv(VARIABLE, "off")
    assert place(tmp_path / "given") is None
    monkeypatch.delenv(VARIABLE)
    assert place(tmp_path / "given") == tmp_path / "given" / FILE_NAME
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "users"))
    assert place() == tmp_path / "users/instructlab-workbench" / FILE_NAME
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert place() == tmp_path / "home/.cache/instructlab-workbench" / FILE_NAME


def test_halves_of_letters_are_kept(file: Path) -> None:
    verdict = Verdict((Finding("a", 1, 1, "", "x", "error", "\ud83d"),), 1, Origin("\udce4", "x", ("\ud83d",)))
    _keep(file, verdict)
    with CheckCache(file) as cache:
        assert cache.get(DIGEST, "a") == verdict
    assert contexts_digest(DIGEST, ["\udce4.md"], ["1"]) != contexts_digest(DIGEST, ["\udce5.md"], ["1"])
