"""YAML contents, texts in many styles, and edits, made at random for tests of writing YAML."""

import copy
import random
from typing import Any

import yaml
from hypothesis import strategies as st

# fmt: off
ODD_TEXTS = [
    "yes", "No", "on", "off", "null", "~", "", "1305", "0x1F", "1e3", ".inf", "2001-01-01", "1:30", "=", "<<",
    "a: b", "a #b", "- a", "? a", "! a", "& a", "*a", "%a", "@a", "`a", "'a", "\"a", "[a", "{a}", "a:", ":a",
    "-", "?", "--- a", "...", "#", "a, b", "\U0001f642 x", "\u2028", "a\u2029b", "\u0085", "\t", "a\tb", " a",
    "a ", "a\nb", "a\n", "a\n\nb", "a\n\n\n\nb", "a", "  a\nb", "a\n  b\n", "a \nb", "a\tb\n\tc", "\n",
    "a\n\n", "\ufeffa", "a\\b", "\"", "'", "a\rb", "\x00", "\x7f", "\u00a0", "a\u00a0", "# a\nb", "a\n# b",
    "a\n---\nb", "\u00e9\n\u00fc", "x: ", "\\n", ">", "\\", "- ",
]
# fmt: on
letters = st.text("ab \n:#-\"'\\é🙂,[]{}", max_size=12)
texts = st.sampled_from(ODD_TEXTS) | letters
scalars = (
    texts | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False) | st.dates() | st.binary(max_size=4)
)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
contents = st.dictionaries(texts, trees, min_size=1, max_size=5)


class _Dumper(yaml.SafeDumper):
    rng: random.Random
    indented = True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless and not self.indented)

    def represent_scalar(self, tag: str, value: Any, style: str | None = None) -> yaml.ScalarNode:
        if tag.endswith(":str"):
            style = self.rng.choice([None, None, "'", '"', "|", ">"])
        return super().represent_scalar(tag, value, style)

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        node = super().represent_sequence(tag, sequence, flow_style)
        node.flow_style = self.rng.random() < 0.2
        return node

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        node.flow_style = self.rng.random() < 0.15
        return node


def styled(value: Any, rng: random.Random) -> str:
    """Some way to write the value; with comments and empty lines where they change nothing."""
    dumper = type("Dumper", (_Dumper,), {"rng": rng, "indented": rng.random() < 0.5})
    text: str = yaml.dump(
        value,
        Dumper=dumper,
        sort_keys=False,
        allow_unicode=rng.random() < 0.7,
        width=rng.choice([20, 80, 10**6]),
        indent=rng.choice([2, 4]),
        explicit_start=rng.random() < 0.2,
        explicit_end=rng.random() < 0.1,
    )
    for _ in range(rng.randrange(6)):
        lines = text.split("\n")
        lines.insert(rng.randrange(len(lines)), rng.choice(["# note", "  # note", "    # note", ""]))
        text = _if_same(text, "\n".join(lines))
    if rng.random() < 0.3:
        text = _if_same(text, text.replace("\n", rng.choice(["\r\n", "\r"])))
    if rng.random() < 0.2:
        text = _if_same(text, text.rstrip("\n"))
    return _if_same(text, "\ufeff" + text) if rng.random() < 0.2 else text


def edited(value: Any, rng: random.Random, new: Any) -> Any:
    """The value with one thing changed somewhere; `new` is what may come in."""
    made = copy.deepcopy(value)
    places = list(_collections(made))
    where = rng.choice(places)
    keys = list(where) if isinstance(where, dict) else list(range(len(where)))
    action = rng.choice(["change", "change", "add", "remove", "move", "rename"])
    if action == "add" or not keys:
        if isinstance(where, dict):
            where[f"new {rng.randrange(9)}"] = new
        else:
            where.insert(rng.randint(0, len(where)), new)
        return made
    key = rng.choice(keys)
    if action == "remove":
        del where[key]
    elif action == "move" and isinstance(where, list):
        where.insert(rng.randrange(len(where)), where.pop(key))
    elif action == "rename" and isinstance(where, dict):
        kept = {("renamed" if name == key else name): item for name, item in where.items()}
        where.clear()
        where.update(kept)
    else:
        where[key] = new
    return made


def _collections(value: Any) -> list[Any]:
    found = [value] if isinstance(value, dict | list) else []
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        found += _collections(item)
    return found


def _if_same(text: str, other: str) -> str:
    try:
        return other if yaml.safe_load(other) == yaml.safe_load(text) else text
    except yaml.YAMLError:
        return text
