"""Archives by hand, good and evil ones, and what they leave behind."""

import io
import tarfile
from pathlib import Path

import pytest

from workbench.errors import TaxonomyError
from workbench.taxonomy.archive import unpack
from workbench.taxonomy.member_names import Limits
from workbench.taxonomy.starting_files import starting_files

Entry = tuple[str, bytes] | tarfile.TarInfo
QNA = starting_files("skill")["qna.yaml"].encode()
LEAF = ("compositional_skills/a/qna.yaml", QNA)
UNSAFE = (
    ("/etc/passwd.md", "leads out"),
    ("//etc/passwd.md", "leads out"),
    ("../up.md", "leads out"),
    ("knowledge/../../up.md", "leads out"),
    ("knowledge/..", "leads out"),
    ("C:/windows.md", "leads out"),
    ("c:windows.md", "leads out"),
    ("knowledge\\..\\..\\up.md", "backslash"),
    ("knowledge/a\nb/qna.yaml", "control character"),
    ("knowledge/\x1b[2Jqna.yaml", "control character"),
    (".git/../../up.md", "leads out"),
    ("knowledge/" + "d/" * 40 + "qna.yaml", "folders deep"),
    ("knowledge/" + "d" * 300 + "/qna.yaml", "too long"),
    ("knowledge/" + ("d" * 200 + "/") * 6 + "qna.yaml", "too long"),
)


def write_tar(path: Path, *entries: Entry, form: int = tarfile.PAX_FORMAT, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode, format=form) as tar:  # type: ignore[call-overload]
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry)
            else:
                member = tarfile.TarInfo(entry[0])
                member.size = len(entry[1])
                tar.addfile(member, io.BytesIO(entry[1]))
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def everything(folder: Path) -> dict[str, bytes | None]:
    """Contents by path; a link or folder has none."""
    found = sorted(folder.rglob("*"))
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() and not p.is_symlink() else None for p in found}


def refused(tmp_path: Path, archive: Path, limits: Limits | None = None) -> str:
    """The message; and nothing was left behind."""
    before = everything(tmp_path)
    with pytest.raises(TaxonomyError) as caught:
        unpack(archive, tmp_path / "new/target", limits or Limits())
    assert everything(tmp_path) == before
    assert caught.value.message.startswith(f"{archive} is refused: ")
    return caught.value.message
