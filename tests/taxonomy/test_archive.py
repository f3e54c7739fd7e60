import gzip
import os
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.taxonomy.archives import LEAF, QNA, UNSAFE, Entry, everything, refused, special, write_tar
from tests.taxonomy.conftest import KNOWLEDGE, SKILL
from workbench.errors import ConflictError, NotFoundError, TaxonomyError, UsageError, WorkbenchError
from workbench.taxonomy.archive import pack, unpack
from workbench.taxonomy.member_names import Limits

FILES = (
    f"{SKILL}/attribution.txt",
    f"{SKILL}/qna.yaml",
    f"{KNOWLEDGE}/attribution.txt",
    f"{KNOWLEDGE}/document.md",
    f"{KNOWLEDGE}/qna.yaml",
)


def test_a_taxonomy_comes_back_as_it_was(tree: Path, tmp_path: Path) -> None:
    packed = pack(tree, tmp_path / "made/taxonomy.tar.gz")
    assert packed.files == FILES
    assert packed.left_out == ()
    unpacked = unpack(packed.archive, tmp_path / "back")
    assert unpacked.files == FILES
    assert everything(tmp_path / "back") == everything(tree)
    assert [leaf.path for leaf in unpacked.taxonomy] == [SKILL, KNOWLEDGE]
    assert "1 knowledge leaf, 1 skill in 5 files" in unpacked.summary
    assert "5 files" in packed._repr_html_()


def test_members_are_plain_files_named_from_the_root(tree: Path, tmp_path: Path) -> None:
    archive = pack(tree, tmp_path / "taxonomy.tar.gz").archive
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
    assert tuple(member.name for member in members) == FILES
    described = {(m.type, m.mode, m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members}
    assert described == {(tarfile.REGTYPE, 0o644, 0, 0, "", "", 0)}
    assert archive.read_bytes()[3:8] == bytes(5)


def test_equal_trees_are_equal_bytes(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pack(tree, tmp_path / "a.tar.gz").archive.read_bytes()
    copy = tmp_path / "elsewhere" / "another name"
    shutil.copytree(tree, copy, copy_function=shutil.copyfile)
    for number, path in enumerate(sorted(copy.rglob("*"))):
        os.utime(path, (number, number))
        path.chmod(0o755 if path.is_dir() else 0o600)
    (copy / ".git").mkdir()
    (copy / ".git/HEAD").write_text("ref: x")
    monkeypatch.chdir(copy)
    before = os.umask(0o077)
    try:
        assert pack(Path("."), Path("b.tar.gz")).archive.read_bytes() == first
    finally:
        os.umask(before)
    assert (copy / "b.tar.gz").stat().st_mode & 0o777 == 0o644
    (copy / SKILL / "qna.yaml").write_bytes(QNA + b"# more\n")
    assert pack(copy, copy / "b.tar.gz").archive.read_bytes() != first


def test_only_what_belongs_to_a_leaf_is_packed(tree: Path, tmp_path: Path) -> None:
    leaf = tree / SKILL
    for name in ("._qna.yaml", ".DS_Store", "qna.yaml~", "__pycache__/x.pyc", ".ipynb_checkpoints/a", "notes/more.md"):
        (leaf / name).parent.mkdir(exist_ok=True)
        (leaf / name).write_text("x")
    (tree / "knowledge/loose.txt").write_text("x")
    (tree / "README.md").write_text("x")
    (tmp_path / "secret.md").write_text("secret")
    (leaf / "out.md").symlink_to(tmp_path / "secret.md")
    (leaf / "in.md").symlink_to(tree / "README.md")
    (leaf / "folder").symlink_to(tmp_path)
    packed = pack(tree, leaf / "taxonomy.tar.gz")
    assert set(packed.files) - set(FILES) == {f"{SKILL}/notes/more.md", f"{SKILL}/in.md"}
    assert packed.left_out == (
        *(f"{SKILL}/{name}" for name in (".DS_Store", "._qna.yaml", "folder", "out.md", "qna.yaml~")),
        "knowledge/loose.txt",
    )
    assert "such as" in packed.summary
    with tarfile.open(packed.archive) as tar:
        assert all(member.isreg() for member in tar)


def test_documents_elsewhere_in_the_taxonomy_are_packed(tree: Path, tmp_path: Path) -> None:
    (tree / "documents").mkdir()
    (tree / KNOWLEDGE / "document.md").rename(tree / "documents/tools.md")
    qna = tree / KNOWLEDGE / "qna.yaml"
    qna.write_text(qna.read_text().replace("repo: .", "repo: documents"))
    packed = pack(tree, tmp_path / "a.tar.gz")
    assert "documents/tools.md" in packed.files
    assert (unpack(packed.archive, tmp_path / "b").taxonomy.root / "documents/tools.md").is_file()


def test_what_cannot_be_packed_is_told_and_leaves_nothing(tree: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    with pytest.raises(NotFoundError, match="no folder"):
        pack(tmp_path / "nowhere", archive)
    with pytest.raises(UsageError, match="is a folder"):
        pack(tree, tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(TaxonomyError, match="no leaf"):
        pack(tmp_path / "empty", archive)
    shutil.copytree(tree / SKILL, (tree / SKILL).with_name("Clocks"))
    with pytest.raises(TaxonomyError, match="one name on many systems"):
        pack(tree, archive)
    assert [path.name for path in tmp_path.iterdir() if "tar" in path.name] == []


@pytest.mark.parametrize("system", ["v7", "ustar", "gnu", "oldgnu", "pax"])
def test_what_tar_writes_is_read(tree: Path, tmp_path: Path, system: str) -> None:
    (tree / ".git").mkdir()
    (tree / ".git/config").write_text("[core]\n")
    if system != "v7":
        shutil.copytree(tree / KNOWLEDGE, tree / "knowledge" / ("a" * 60) / ("b" * 60) / "ünïcode")
    above = f"{tmp_path.name}/{tree.name}"
    for number, (folder, inside) in enumerate(((tree, "."), (tmp_path, tree.name), (tmp_path.parent, above))):
        archive = tmp_path / f"{system}{number}.tar.gz"
        subprocess.run(["tar", f"--format={system}", "-czf", str(archive), "-C", str(folder), inside], check=True)
        unpacked = unpack(archive, tmp_path / f"{system}{number}")
        shutil.rmtree(tmp_path / "kept", ignore_errors=True)
        shutil.copytree(tree, tmp_path / "kept", ignore=shutil.ignore_patterns(".git"))
        assert everything(unpacked.taxonomy.root) == everything(tmp_path / "kept")
        assert unpacked.left_out == (".git/config",) or unpacked.left_out[0].endswith(".git/config")


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("mode", ["w:gz", "w"])
@pytest.mark.parametrize("above", ["", "./", "taxonomy/", "./taxonomy/", "home/me/taxonomy/"])
def test_archives_of_other_systems_are_accepted(tmp_path: Path, form: int, mode: str, above: str) -> None:
    name, content = LEAF
    entries: list[Entry] = [
        special("./", tarfile.DIRTYPE),
        (f"{above}{name}", content),
        (f"{above}._compositional_skills", b"\0\5\x16\7"),
        (f"{above}compositional_skills/a/._qna.yaml", b"\0\5\x16\7"),
        (f"{above}.DS_Store", b"x"),
        (f"__MACOSX/{above.removeprefix('./')}._qna.yaml", b"x"),
        (f"{above}scripts/run.sh", b"#!/bin/sh\n"),
        (f"{above}documents/a.md", b"# A\n"),
    ]
    archive = write_tar(tmp_path / "a.tar.gz", *entries, form=form, mode=mode)
    (tmp_path / "target").mkdir()
    unpacked = unpack(archive, tmp_path / "target")
    assert set(unpacked.files) == {name, "documents/a.md"}
    assert len(unpacked.left_out) == 5
    assert {path.stat().st_mode & 0o111 for path in (tmp_path / "target").rglob("*") if path.is_file()} == {0}


def test_an_archive_of_git_is_accepted(tree: Path, tmp_path: Path, commit: Callable[[Path], str]) -> None:
    commit(tree)
    command = ["git", "archive", "--format=tar.gz", "--prefix=taxonomy/", "-o", str(tmp_path / "a.tar.gz"), "HEAD"]
    subprocess.run(command, cwd=tree, check=True)
    assert unpack(tmp_path / "a.tar.gz", tmp_path / "b").files == FILES


def test_streams_behind_each_other_and_zeros_are_one_file(tmp_path: Path) -> None:
    plain = write_tar(tmp_path / "a.tar", LEAF, mode="w").read_bytes()
    halves = gzip.compress(plain[:700]) + gzip.compress(plain[700:]) + bytes(300)
    (tmp_path / "a.tar.gz").write_bytes(halves)
    assert unpack(tmp_path / "a.tar.gz", tmp_path / "b").files == (LEAF[0],)


@pytest.mark.parametrize(("name", "reason"), UNSAFE)
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_name_that_could_lead_out_is_refused(tmp_path: Path, name: str, reason: str, form: int) -> None:
    archive = write_tar(tmp_path / "a.tar.gz", LEAF, (name, b"x"), form=form)
    message = refused(tmp_path, archive)
    assert reason in message
    assert "\n" not in message
    assert "\x1b" not in message


def test_a_zero_byte_in_a_name_is_refused(tmp_path: Path) -> None:
    member = tarfile.TarInfo("x")
    member.pax_headers = {"path": "knowledge/a\0b/qna.yaml"}
    assert "control character" in refused(tmp_path, write_tar(tmp_path / "a.tar.gz", LEAF, member))


def test_a_name_of_another_encoding_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", format=tarfile.GNU_FORMAT, encoding="latin-1") as tar:
        tar.addfile(tarfile.TarInfo("knowledge/k\u00f6ln/qna.yaml"))
    assert "not UTF-8" in refused(tmp_path, tmp_path / "a.tar.gz")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a named pipe"),
        (tarfile.GNUTYPE_SPARSE, "a sparse file"),
        (b"Z", "neither a file nor a folder"),
    ],
)
@pytest.mark.parametrize("name", ["knowledge/x", ".git/x"])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes, reason: str, name: str) -> None:
    archive = write_tar(tmp_path / "a.tar.gz", LEAF, special(name, kind, "/tmp"), ("knowledge/x/qna.yaml", QNA))
    assert reason in refused(tmp_path, archive)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("knowledge/a/qna.yaml", "knowledge/a/qna.yaml", "there twice"),
        ("knowledge/a/qna.yaml", "./knowledge//a/qna.yaml", "there twice"),
        ("knowledge/a/qna.yaml", "knowledge/A/qna.yaml", "one name on many systems"),
        ("knowledge/a/b.md", "Knowledge/c/b.md", "one name on many systems"),
        ("knowledge/\u00e9/b.md", "knowledge/e\u0301/c.md", "one name on many systems"),
        ("knowledge/a", "knowledge/a/qna.yaml", "both a file and a folder"),
        ("knowledge/a/qna.yaml", "knowledge/a", "both a file and a folder"),
    ],
)
def test_names_that_collide_are_refused(tmp_path: Path, first: str, second: str, reason: str) -> None:
    assert reason in refused(tmp_path, write_tar(tmp_path / "a.tar.gz", LEAF, (first, b"x"), (second, b"y")))


def test_the_inside_of_a_git_repository_is_never_unpacked(tmp_path: Path) -> None:
    inside = [("knowledge/a/HEAD", b"x"), ("knowledge/a/objects/x", b"x"), ("knowledge/a/refs/x", b"x")]
    assert "git repository" in refused(tmp_path, write_tar(tmp_path / "a.tar.gz", LEAF, *inside))
    hidden = write_tar(tmp_path / "b.tar.gz", LEAF, (".git/config", b"x"), ("knowledge/.GIT/config", b"x"))
    assert unpack(hidden, tmp_path / "b").left_out == (".git/config", "knowledge/.GIT/config")


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(members=2, ratio=2000), "more than 2 files and folders"),
        (Limits(member_bytes=2**20, ratio=2000), "over 1 MiB"),
        (Limits(total_bytes=2**20, ratio=2000), "more than 1 MiB"),
        (Limits(ratio=50, ratio_from=2**20), "more than 50 times its size"),
    ],
)
def test_a_bomb_is_refused_by_the_limits_declared(tmp_path: Path, limits: Limits, reason: str) -> None:
    archive = write_tar(tmp_path / "a.tar.gz", LEAF, ("knowledge/a.md", bytes(3 * 2**20)), ("knowledge/b.md", b""))
    unpack(archive, tmp_path / "fine", Limits(ratio=2000))
    shutil.rmtree(tmp_path / "fine")
    assert reason in refused(tmp_path, archive, limits)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"PK\x03\x04rest", "a zip archive"),
        (b"BZh9", "packed by bzip2"),
        (b"hello" * 300, "not a tar archive"),
        (b"short", "ends in the middle"),
        (gzip.compress(b"hello" * 300), "not a tar archive"),
        (gzip.compress(b""), "ends in the middle"),
        (gzip.compress(bytes(1024)), "no folder"),
        (b"\x1f\x8b" + b"\xff" * 100, "damaged"),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.tar.gz").write_bytes(content)
    assert reason in refused(tmp_path, tmp_path / "a.tar.gz")


def test_an_archive_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write_tar(tmp_path / "a.tar.gz", LEAF).read_bytes()
    for length in range(1, len(whole), 7):
        (tmp_path / "cut.tar.gz").write_bytes(whole[:length])
        refused(tmp_path, tmp_path / "cut.tar.gz")


def test_a_wrong_checksum_is_seen_before_anything_is_unpacked(tmp_path: Path) -> None:
    whole = bytearray(write_tar(tmp_path / "a.tar.gz", LEAF).read_bytes())
    whole[-8] ^= 1
    (tmp_path / "a.tar.gz").write_bytes(whole)
    assert "damaged" in refused(tmp_path, tmp_path / "a.tar.gz")


def test_data_behind_the_end_is_refused(tmp_path: Path) -> None:
    twice = write_tar(tmp_path / "a.tar", LEAF, mode="w").read_bytes() * 2
    (tmp_path / "a.tar").write_bytes(twice)
    assert "behind its end" in refused(tmp_path, tmp_path / "a.tar")


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["writing/clocks/qna.yaml"], "no folder compositional_skills or knowledge"),
        (["knowledge/a/README.md"], "no leaf"),
        (["knowledge/a/qna.yml"], "no leaf"),
        (["one/knowledge/a/qna.yaml", "two/knowledge/a/qna.yaml"], "several taxonomies, one and two"),
    ],
)
def test_an_archive_without_one_taxonomy_is_refused(tmp_path: Path, names: list[str], reason: str) -> None:
    assert reason in refused(tmp_path, write_tar(tmp_path / "a.tar.gz", *[(name, QNA) for name in names]))


def test_wrong_paths_are_wrong_use(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "a.tar.gz", LEAF)
    with pytest.raises(NotFoundError, match="no archive"):
        unpack(tmp_path / "nowhere", tmp_path / "b")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for target in ("full", "full/mine", "link", "full/mine/below"):
        with pytest.raises(ConflictError):
            unpack(archive, tmp_path / target)
    assert (tmp_path / "full/mine").read_text() == "x"


def test_nothing_is_written_before_all_of_it_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = write_tar(tmp_path / "a.tar.gz", LEAF, ("../up", b"x"))
    monkeypatch.setattr(Path, "joinpath", None)
    assert "leads out" in refused(tmp_path, archive)


def test_a_disk_that_takes_no_more_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = write_tar(tmp_path / "a.tar.gz", LEAF)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(WorkbenchError, match="No space left"):
        unpack(archive, tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.gz"]


NAMES = st.lists(
    st.sampled_from(
        ["knowledge", "compositional_skills", "..", ".", "", "a", "A", "qna.yaml", "\\", "C:", "é", "x" * 90]
    )
    | st.text(max_size=6),
    min_size=1,
    max_size=5,
).map("/".join)
KINDS = st.sampled_from([tarfile.REGTYPE] * 6 + [tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])


@settings(max_examples=150, deadline=None)
@given(members=st.lists(st.tuples(NAMES, KINDS), max_size=6), form=st.sampled_from([1, 2]), junk=st.binary(max_size=40))
def test_whatever_the_names_nothing_is_written_outside(
    members: list[tuple[str, bytes]], form: int, junk: bytes
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        entries: list[Entry] = []
        for member, kind in members:
            try:
                member.encode()
            except UnicodeEncodeError:
                continue
            entries.append((member, junk) if kind == tarfile.REGTYPE else special(member, kind, "../../outside"))
        archive = write_tar(folder / "a.tar.gz", LEAF, *entries, form=form)
        before = everything(folder)
        try:
            unpacked = unpack(archive, folder / "in/target")
        except TaxonomyError:
            assert everything(folder) == before
        else:
            after = everything(folder)
            assert all(path in before or path == "in" or path.startswith("in/target") for path in after)
            assert {after[f"in/target/{file}"] for file in unpacked.files} <= {QNA, junk}


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=2000), packed=st.booleans())
def test_random_bytes_are_refused(data: bytes, packed: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        archive = Path(name) / "a.tar.gz"
        archive.write_bytes(zlib.compress(data, wbits=31) if packed else data)
        refused(Path(name), archive)


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, 3000), byte=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_harmless(place: int, byte: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = write_tar(folder / "a.tar", LEAF, ("knowledge/b.md", b"# B\n"), mode="w")
        content = bytearray(archive.read_bytes())
        content[place] = byte
        archive.write_bytes(content)
        before = everything(folder)
        try:
            unpack(archive, folder / "b")
        except TaxonomyError:
            assert everything(folder) == before
        else:
            assert {path.split("/")[0] for path in everything(folder)} == {"a.tar", "b"}
