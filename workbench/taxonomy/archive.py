"""A taxonomy as one file, the `taxonomy.tar.gz` that the managed service takes.

Its members are the files of the leaves, named from the taxonomy's root: `knowledge/...`, `compositional_skills/...`.
"""

import gzip
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from workbench.documents.sources import Place, fetch, is_remote
from workbench.errors import ConflictError, DocumentError, NotFoundError, TaxonomyError, UsageError, WorkbenchError
from workbench.taxonomy.markup import paragraph
from workbench.taxonomy.member_names import TREES, Limits, Names, belongs, is_litter, safe_parts
from workbench.taxonomy.printable import printable
from workbench.taxonomy.qna import FOLDERS
from workbench.taxonomy.tar_reader import TarReader
from workbench.taxonomy.tree import Leaf, Taxonomy, read_taxonomy

# The same everywhere and always, so that equal trees are equal archives.
_LEVEL = 9
_MODE = 0o644
LIMITS = Limits()
_PACK = "pack it with: workbench taxonomy pack DIR ARCHIVE"


@dataclass(frozen=True)
class Packed:
    """`files` and `left_out` are posix paths in the taxonomy, `size` is the archive's in bytes."""

    archive: Path
    files: tuple[str, ...]
    left_out: tuple[str, ...]
    size: int

    @property
    def summary(self) -> str:
        """`taxonomy.tar.gz: 12 files, 3,456 bytes; left out: 1 file, knowledge/a/notes.txt~`."""
        return f"{self.archive}: {_files(len(self.files))}, {self.size:,} bytes{_without(self.left_out)}"

    def _repr_html_(self) -> str:
        return paragraph(self.summary)


@dataclass(frozen=True)
class Unpacked:
    """`files` and `left_out` are posix paths as the archive had them, below the taxonomy's root there."""

    taxonomy: Taxonomy
    files: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def summary(self) -> str:
        """`taxonomy: 2 knowledge leaves, 3 skills in 12 files; left out: 1 file, README.txt`."""
        return f"{self.taxonomy.root}: {self.taxonomy.summary} in {_files(len(self.files))}{_without(self.left_out)}"

    def _repr_html_(self) -> str:
        return paragraph(self.summary)


def pack(root: Path, archive: Path, limits: Limits = LIMITS) -> Packed:
    """The files of all leaves, and documents elsewhere in the taxonomy that they name; links become what they lead to.

    The archive's bytes depend on names and contents alone, given the same release of zlib. TaxonomyError where there
    is no leaf, or for a name that could not be unpacked again.
    """
    if not root.is_dir():
        hint = "first the folder, then the archive" if root.is_file() else "check the path"
        raise NotFoundError(f"there is no folder {root}", hint=hint)
    if archive.is_dir():
        raise UsageError(f"{archive} is a folder", hint="name a file, for instance taxonomy.tar.gz")
    root = root.resolve()
    taxonomy = read_taxonomy(root)
    if not taxonomy.leaves:
        raise TaxonomyError(f"{root} holds no leaf to pack", hint=f"leaves lie under {' and '.join(FOLDERS)}")
    chosen = _chosen(taxonomy, archive.resolve())
    with _disk(archive), _written(archive) as file:
        _pack(chosen, root, file, limits)
        size = file.tell()
    return Packed(archive, tuple(chosen), tuple(_left_out(root, chosen, archive.resolve())), size)


def unpack(archive: Path, target: Path, limits: Limits = LIMITS) -> Unpacked:
    """Into a folder that is not there yet or is empty; an archive that is refused leaves no trace.

    Accepted are archives of other systems: with folders above the taxonomy, `./` before names, and files of Finder
    or git, which are left out. UsageError for a wrong path, TaxonomyError for a wrong archive.
    """
    if not archive.is_file():
        raise NotFoundError(f"there is no archive {archive}", hint="first the archive, then the folder to unpack into")
    above = _standing(target)
    with _disk(target), tempfile.TemporaryDirectory(prefix=".unpacking-", dir=above) as folder:
        staged = Path(folder) / "staged"
        staged.mkdir()
        try:
            with archive.open("rb") as file:
                _stage(TarReader(file, limits), limits)
                file.seek(0)
                left_out = _stage(TarReader(file, limits), limits, staged)
            root = _root(staged)
            left_out += _prune(root, staged)
        except TaxonomyError as error:
            raise TaxonomyError(f"{archive} is refused: {error.message}", hint=error.hint) from error
        files = tuple(sorted(path.relative_to(root).as_posix() for path in _walk(root)))
        target.parent.mkdir(parents=True, exist_ok=True)
        root.replace(target)
    return Unpacked(read_taxonomy(target), files, tuple(sorted(left_out)))


def _chosen(taxonomy: Taxonomy, archive: Path) -> dict[str, Path]:
    """By name in the archive, sorted."""
    found = {path for leaf in taxonomy for path in (*_walk(leaf.folder), *_documents(leaf))}
    names = {path.relative_to(taxonomy.root).as_posix(): path for path in found if path.resolve() != archive}
    return {name: path for name, path in sorted(names.items()) if _is_part(name, path, taxonomy.root)}


def _is_part(name: str, path: Path, root: Path) -> bool:
    return path.is_file() and path.resolve().is_relative_to(root) and not is_litter(name.split("/"))


def _documents(leaf: Leaf) -> list[Path]:
    """Those that a leaf takes from elsewhere in the taxonomy; whether they are there is for the checks to say."""
    try:
        document = leaf.qna().document
        if not document or is_remote(document.repo) or Path(document.repo).expanduser().is_absolute():
            return []
        files = fetch(document.origin, Place(leaf.root, leaf.folder, leaf.root), offline=True)
    except (TaxonomyError, DocumentError):
        return []
    return [file.path for file in files if file.path.is_relative_to(leaf.root)]


def _left_out(root: Path, chosen: dict[str, Path], archive: Path) -> Iterator[str]:
    for top in TREES:
        for path in _walk(root / top):
            if (name := path.relative_to(root).as_posix()) not in chosen and path.resolve() != archive:
                yield name


def _walk(folder: Path) -> Iterator[Path]:
    """All files below, and links to folders, which are not followed; nothing inside hidden folders."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_litter([name]))
        links = [name for name in folders if Path(parent, name).is_symlink()]
        yield from (Path(parent, name) for name in sorted([*names, *links]))


def _pack(chosen: dict[str, Path], root: Path, file: BinaryIO, limits: Limits) -> None:
    names = Names(limits.members)
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in chosen.items():
            names.take(safe_parts(name, limits), folder=False)
            member = tarfile.TarInfo(name)
            member.mode = _MODE
            with path.open("rb") as content:
                member.size = os.fstat(content.fileno()).st_size
                if member.size > limits.member_bytes:
                    raise TaxonomyError(f"{path} is over {limits.member_bytes >> 20} MiB", hint="leave it out")
                tar.addfile(member, content)


@contextmanager
def _written(archive: Path) -> Iterator[BinaryIO]:
    """The old file or the whole new one, never a part of it."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{archive.name}-", dir=archive.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), _MODE)
            os.fsync(file.fileno())
        Path(name).replace(archive)
    finally:
        Path(name).unlink(missing_ok=True)


def _standing(target: Path) -> Path:
    """The nearest folder above that is there: nothing is made before the archive has proved right.

    ConflictError where the target holds something, or a file stands in its way.
    """
    if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
        raise ConflictError(f"{target} is there already", hint="name a new folder, or an empty one")
    above = next(folder for folder in target.absolute().parents if folder.exists())
    if not above.is_dir():
        raise ConflictError(f"{above} is a file, not a folder", hint="name another folder to unpack into")
    return above


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """A full disk, a missing right or a file that changes while it is read is no fault of ours."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or error
        raise WorkbenchError(f"{path} could not be written: {what}", hint="look at space and rights") from error


def _stage(reader: TarReader, limits: Limits, staged: Path | None = None) -> list[str]:
    """Writes what may belong to a taxonomy below `staged`; returns names of files that cannot.

    Without a folder the archive is only read to its end, and so refused before anything is written.
    """
    names, left_out = Names(limits.members), []
    for member in reader:
        parts = safe_parts(member.name, limits)
        if is_litter(parts):
            left_out += [] if member.folder else ["/".join(parts)]
            continue
        if not parts and not member.folder:
            raise TaxonomyError("a file in it has no name", hint=_PACK)
        names.take(parts, folder=member.folder)
        if staged and not member.folder:
            path = staged.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.writelines(reader.blocks())
    return left_out


def _root(staged: Path) -> Path:
    """The folder that the trees lie in: the archive's own, or one of the folders that it packs a taxonomy in."""
    level = [staged]
    while level:
        roots = [folder for folder in level if any((folder / name).is_dir() for name in TREES)]
        if len(roots) > 1:
            several = " and ".join(printable(root.relative_to(staged).as_posix()) for root in sorted(roots)[:2])
            raise TaxonomyError(f"it holds several taxonomies, {several}", hint="pack one of them")
        if roots:
            return roots[0]
        level = [path for folder in level for path in folder.iterdir() if path.is_dir()]
    raise TaxonomyError(f"it holds no folder {' or '.join(FOLDERS)}", hint=_PACK)


def _prune(root: Path, staged: Path) -> list[str]:
    """Leaves the taxonomy alone below its root, and refuses one without a leaf or with a repository inside."""
    above = [path.relative_to(staged).as_posix() for path in _walk(staged) if not path.is_relative_to(root)]
    foreign = [path for path in _walk(root) if not belongs(path.relative_to(root).parts)]
    for path in foreign:
        path.unlink()
    for parent, folders, names in os.walk(root, topdown=False):
        if {"HEAD", "objects", "refs"} <= {*folders, *names}:
            inside = printable(Path(parent).relative_to(root).as_posix())
            raise TaxonomyError(f"{inside} is the inside of a git repository", hint=_PACK)
        if not os.listdir(parent) and Path(parent) != root:
            os.rmdir(parent)
    if not read_taxonomy(root).leaves:
        misnamed = next((path for path in read_taxonomy(root).misnamed), None)
        hint = f"rename {misnamed.relative_to(root)} to qna.yaml, and pack again" if misnamed else _PACK
        raise TaxonomyError("it holds no leaf: no qna.yaml in its folders", hint=hint)
    return above + [path.relative_to(root).as_posix() for path in foreign]


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _without(names: Iterable[str]) -> str:
    left_out = list(names)
    return f"; left out: {_files(len(left_out))}, such as {printable(left_out[0])}" if left_out else ""
