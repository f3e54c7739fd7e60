"""A leaf as it is being written: what its files are to hold, and what they held when it was opened."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from workbench.documents.convert import Document
from workbench.errors import ConflictError, TaxonomyError, UsageError
from workbench.records import write_text
from workbench.taxonomy.attribution import Attribution, parse_attribution, write_attribution
from workbench.taxonomy.content_rules import check_attribution_bytes, check_folder
from workbench.taxonomy.contexts import check_contexts
from workbench.taxonomy.findings import Findings
from workbench.taxonomy.leaf_files import leaf_path
from workbench.taxonomy.qna import FILE_NAME, FOLDERS, Kind, qna_of
from workbench.taxonomy.splice import fresh, splice
from workbench.taxonomy.tree import Leaf, Taxonomy
from workbench.taxonomy.validation import check_yaml
from workbench.taxonomy.yaml_file import Keys, YamlFile, decode_yaml, read_bytes
from workbench.widgets.blank_leaf import blank_contents

ATTRIBUTION = "attribution.txt"
TOP: dict[Kind, str] = {kind: folder for folder, kind in FOLDERS.items()}


@dataclass(frozen=True)
class Saved:
    """`written` are the names of the files that were written; none where nothing had changed."""

    leaf: Leaf
    written: tuple[str, ...]

    @property
    def summary(self) -> str:
        if not self.written:
            return f"{self.leaf.path} is as it was: nothing to save"
        return f"{self.leaf.path}: saved {' and '.join(self.written)}"

    def __repr__(self) -> str:
        return self.summary

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.summary)}</p>"


class LeafDraft:
    """`contents` are what YAML will read from the file; `source` is the text that they are spliced into, if any.

    While `unreadable` holds a file, its text is nothing that a form could show, and its findings say why.
    """

    def __init__(self, root: Path, kind: Kind = "skill", path: str = "", *, existing: bool = False) -> None:
        self.root, self.kind, self.path, self.existing = root, kind, path, existing
        self.source = ""
        self.contents: dict[str, Any] = {}
        self.unreadable: YamlFile | None = None
        self.attribution = Attribution()
        self.documents: Sequence[Document] = ()
        self.reopen()

    @classmethod
    def of(cls, leaf: Leaf) -> "LeafDraft":
        return cls(leaf.root, leaf.kind, leaf.path, existing=True)

    @property
    def leaf(self) -> Leaf:
        """UsageError while the path cannot be that of a leaf."""
        if self.existing:
            return Leaf(self.path, self.root)
        return Leaf(leaf_path(self.kind, self.path), self.root)

    @property
    def shown(self) -> str:
        return f"{self.path or TOP[self.kind]}/{FILE_NAME}"

    @property
    def attribution_name(self) -> str:
        return ATTRIBUTION

    @property
    def text(self) -> str:
        """qna.yaml as it would be saved: only lines of what was changed differ from what was opened."""
        if self.unreadable:
            return self.source
        return splice(self.source, self.contents) if self.source else fresh(self.contents)

    @property
    def file(self) -> YamlFile:
        return self.unreadable or decode_yaml(self.text.encode(), self.shown)

    @property
    def findings(self) -> Findings:
        """Those that the saved leaf would have; contexts are looked for in `documents`."""
        return self.check(self.file)

    def check(self, file: YamlFile) -> Findings:
        """What `findings` does behind making the file's text."""
        leaf = self.standing
        found = [*check_yaml(file, leaf.qna_file), *check_folder(leaf)]
        found += check_attribution_bytes(self._attribution_bytes(), f"{leaf.path}/{leaf.attribution_file.name}")
        found += check_contexts(file, qna_of(file, self.kind), self.documents) if self.documents else ()
        return Findings(found)

    @property
    def grounded(self) -> bool:
        return qna_of(self.file, self.kind).grounded

    @property
    def changed(self) -> bool:
        """Whether saving would write something."""
        return bool(self._unsaved())

    def get(self, keys: Keys) -> Any:
        """None where there is no such value."""
        value: Any = self.contents
        for key in keys:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def put(self, keys: Keys, value: object) -> None:
        """Makes room on the way: what is neither keys with values nor a list, where one is needed, is replaced."""
        holder: Any = self.contents
        for key, following in pairwise(keys):
            wanted = list if isinstance(following, int) else dict
            if not isinstance(_item(holder, key), wanted):
                _set(holder, key, wanted())
            holder = _item(holder, key)
        _set(holder, keys[-1], value)

    def drop(self, keys: Keys) -> None:
        """Takes a key out, where it is there."""
        holder = self.get(keys[:-1])
        if isinstance(holder, dict):
            holder.pop(keys[-1], None)

    def load(self, data: bytes) -> bool:
        """Goes on from another text; False where a form cannot show it. What was opened stays what was opened."""
        file = decode_yaml(data, self.shown)
        readable = not file.findings and (not file.contents or isinstance(file.contents, Mapping))
        self.source = data.decode("utf-8", errors="replace") if file.contents or not readable else ""
        self.unreadable = None if readable else file
        blank = blank_contents(self.kind) if readable else {}
        self.contents = _own(file.contents) if readable and file.contents else blank
        return readable

    def start(self, contents: Mapping[str, Any]) -> None:
        """Goes on from values, with the comments and style of the file there is."""
        self.unreadable, self.contents = None, _own(contents)

    def reopen(self) -> None:
        """Reads the files anew; what was not saved is gone."""
        self._opened = {name: self._read(name) for name in (FILE_NAME, ATTRIBUTION)}
        data = self._opened[FILE_NAME]
        if isinstance(data, YamlFile):
            self.unreadable, self.source, self.contents = data, "", {}
        else:
            self.load(data or b"")
        self.attribution = parse_attribution(_text(self._opened[ATTRIBUTION]))

    def save(self) -> Saved:
        """Whole files, or as they were; ConflictError where another hand has changed one since it was opened."""
        leaf = self.leaf
        if isinstance(self._opened[FILE_NAME], YamlFile):
            raise TaxonomyError(f"{self.shown} could not be read", hint="look at it outside of the editor")
        unsaved = self._unsaved()
        for name in unsaved:
            if self._on_disk(leaf.folder / name) != self._opened[name]:
                raise ConflictError(
                    f"{leaf.path}/{name} has changed on disk since it was opened, and was not overwritten",
                    hint="copy your text from the YAML view, reopen the leaf, and make the change again",
                )
        for name, write in unsaved.items():
            write(leaf.folder / name)
            self._opened[name] = (leaf.folder / name).read_bytes()
        self.path, self.existing, self.source = leaf.path, True, self.text
        return Saved(leaf, tuple(unsaved))

    def _unsaved(self) -> dict[str, Callable[[Path], None]]:
        """What writes each file that differs from what was opened."""
        text = self.text
        found: dict[str, Callable[[Path], None]] = {}
        if text.encode() != self._opened[FILE_NAME]:
            found[FILE_NAME] = lambda path: write_text(path, text)
        if self.attribution != parse_attribution(_text(self._opened[ATTRIBUTION])):
            found[ATTRIBUTION] = lambda path: write_attribution(path, self.attribution)
        return found

    def _attribution_bytes(self) -> bytes | None:
        """None where there would be no such file."""
        if self.attribution == Attribution():
            return None if self._opened[ATTRIBUTION] is None else b""
        return self.attribution.text().encode()

    @property
    def standing(self) -> Leaf:
        """The leaf, or while its path is not yet one, what stands for it in checks."""
        try:
            return self.leaf
        except UsageError:
            return Leaf(f"{TOP[self.kind]}/new", self.root)

    def _read(self, name: str) -> bytes | YamlFile | None:
        return self._on_disk(self.root / self.path / name) if self.existing else None

    def _on_disk(self, path: Path) -> bytes | YamlFile | None:
        return read_bytes(path, f"{self.path}/{path.name}") if path.exists() or path.is_symlink() else None


def draft_at(taxonomy: Taxonomy, path: str) -> LeafDraft:
    """Of the leaf with that path, or of a new one there; the path of a new one may leave out its top folder.

    UsageError for a path that no leaf can have.
    """
    found = next((leaf for leaf in taxonomy if leaf.path == path.strip("/")), None)
    if found:
        return LeafDraft.of(found)
    if not path:
        return LeafDraft(taxonomy.root)
    draft = LeafDraft(taxonomy.root, FOLDERS.get(path.strip("/").split("/")[0], "skill"), path)
    draft.path = draft.leaf.path
    return draft_at(taxonomy, draft.path) if any(leaf.path == draft.path for leaf in taxonomy) else draft


def _own(value: Any) -> Any:
    """A copy in which nothing stands twice, as it does where YAML had an alias: each value is edited by itself."""
    if isinstance(value, Mapping):
        return {key: _own(item) for key, item in value.items()}
    return [_own(item) for item in value] if isinstance(value, list) else value


def _item(holder: Any, key: str | int) -> Any:
    if isinstance(holder, list):
        return holder[key] if isinstance(key, int) and key < len(holder) else None
    return holder.get(key)


def _set(holder: Any, key: str | int, value: object) -> None:
    if isinstance(holder, list) and isinstance(key, int) and key >= len(holder):
        holder.append(value)
    else:
        holder[key] = value


def _text(data: bytes | YamlFile | None) -> str:
    return data.decode("utf-8-sig", errors="replace") if isinstance(data, bytes) else ""
