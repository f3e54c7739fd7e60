"""Pipeline files in the format of instructlab/sdg (version 1.0) as flows of our own.

Every filter becomes a stage, and so does every dropping of duplicates. A block whose columns a later filter tests is a
judgement, which the critic makes. `n: scaled` is what a quota for each leaf already does. Models, families and seeds
named in a file are left out: one teacher and one critic serve a run, and every draw has a seed of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from workbench.errors import FlowError
from workbench.generation.flow_checks import (
    GIVEN,
    OF_THE_LEAF,
    after,
    check_columns,
    made,
    needed,
    refuse_unknown,
    shared_after,
)
from workbench.generation.sdg_blocks import SAMPLE_COLUMNS, Block, Entry, translate_block
from workbench.generation.stage_checks import check_stage
from workbench.generation.stages import read_stage

FILES: Mapping[str, str] = {
    "knowledge": "knowledge.yaml",
    "freeform": "freeform_skills.yaml",
    "grounded": "grounded_skills.yaml",
}
_KEYS = ("version", "blocks", "datamixing")
_BLOCK_KEYS = ("name", "type", "config", "drop_columns", "drop_duplicates")
_QUESTION = r"^(?P<question>[^?]*\?)(?P<answer>.*)$"


def is_pipeline(data: Any) -> bool:
    """Whether a YAML file is one of these, and no flow."""
    return isinstance(data, dict) and "blocks" in data


def translate(path: Path) -> dict[str, Any]:
    """The flow, as its YAML holds it, of a pipeline file or of a folder of them; FlowError names file, block and
    hint."""
    files = _files(path)
    flow: dict[str, Any] = {"name": path.stem, "version": 1, "about": f"Translated from {path.name}.", "prompts": {}}
    for kind, file in files.items():
        data = _read(file)
        entries, prompts = _translated(file, kind, data)
        flow[kind] = entries
        flow["prompts"] |= prompts
        flow.setdefault("auxiliary", {}).update((data.get("datamixing") or {}).get("auxiliary_instructions") or {})
    return flow


def _files(path: Path) -> dict[str, Path]:
    if path.is_dir():
        found = {kind: path / name for kind, name in FILES.items() if (path / name).is_file()}
        if not found:
            hint = f"it needs at least one of {', '.join(FILES.values())}"
            raise FlowError(f"{path}: there is no pipeline file in it", hint=hint)
        return found
    kinds = [kind for kind in FILES if kind in path.stem]
    if len(kinds) != 1:
        hint = f"call it {', '.join(FILES.values())}, by the kind of leaf that it is for"
        raise FlowError(f"{path}: its name does not say what kind of leaf it is for", hint=hint)
    return {kinds[0]: path}


def _read(file: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FlowError(f"{file}: no pipeline can be read from it: {error}") from error
    if not isinstance(data, dict):
        raise FlowError(f"{file}: a pipeline is a mapping", hint=f"its keys are {', '.join(_KEYS)}")
    refuse_unknown(str(file), data, _KEYS)
    if str(data.get("version")) != "1.0":
        raise FlowError(f"{file}: its version is {data.get('version')!r}", hint='files of version "1.0" are understood')
    if not isinstance(data.get("blocks"), list) or not data["blocks"]:
        raise FlowError(f"{file}: `blocks` is no list of blocks")
    if not isinstance(data.get("datamixing") or {}, dict):
        raise FlowError(f"{file}: `datamixing` is no mapping")
    return data


def _translated(file: Path, kind: str, data: Mapping[str, Any]) -> tuple[list[Entry], dict[str, str]]:
    entries: list[Entry] = []
    prompts: dict[str, str] = {}
    blocks = list(_blocks(file, data["blocks"]))
    for place, given in enumerate(data["blocks"]):
        block = blocks[place]
        found = translate_block(block)
        names = {name: "_".join(part for part in (kind, block.name, name) if part) for name in found.prompts}
        prompts |= {names[name]: text for name, text in found.prompts.items()}
        entries += _stages(block, given, _renamed(found.entry, names))
    columns = _checked(file, kind, entries, prompts)
    entries += [entry for entry in _as_sample(kind, columns) if entry]
    stages = tuple(read_stage(entry, prompts, "") for entry in entries)
    check_columns(str(file), kind, stages)
    return entries, prompts


def _blocks(file: Path, given: Sequence[Any]) -> Iterator[Block]:
    names: set[str] = set()
    for number, data in enumerate(given, start=1):
        where = f"{file}: block {number}"
        if not isinstance(data, dict) or not isinstance(data.get("name"), str) or not data["name"].strip():
            raise FlowError(f"{where}: a block is a mapping with a name")
        where = f"{where} ({data['name']})"
        refuse_unknown(where, data, _BLOCK_KEYS)
        if not isinstance(data.get("type"), str) or not isinstance(data.get("config"), dict):
            raise FlowError(f"{where}: it needs a `type` and a `config`")
        for key in ("drop_columns", "drop_duplicates"):
            if not all(isinstance(name, str) for name in _listed(data, key)):
                raise FlowError(f"{where}: `{key}` is no list of columns")
        name = data["name"] if data["name"] not in names else f"{data['name']} {number}"
        names.add(name)
        yield Block(file, name, data["type"], data["config"], _judged(data, given[number:]))


def _judged(block: Mapping[str, Any], later: Sequence[Any]) -> dict[str, str]:
    """Those of a block's columns that a later filter tests, with the type that they are converted to; none of a block
    that makes what samples consist of."""
    config = block["config"]
    columns = [name for name in [*_listed(config, "output_cols"), config.get("output_col")] if isinstance(name, str)]
    found: dict[str, str] = {}
    if SAMPLE_COLUMNS & set(columns):
        return found
    open_columns = set(columns)
    for data in later:
        config = data.get("config") if isinstance(data, dict) else None
        if not isinstance(config, dict):
            continue
        column = config.get("filter_column")
        if column in open_columns:
            kind = config.get("convert_dtype")
            found[column] = kind if kind in ("int", "float") and config.get("default_value") is None else "text"
        written = config.get("output_cols")
        open_columns -= set(written) if isinstance(written, list) else set()
        open_columns -= set(_listed(data, "drop_columns"))
    return found


def _listed(data: Mapping[str, Any], key: str) -> list[Any]:
    given = data.get(key) or []
    return given if isinstance(given, list) else [None]


def _renamed(entry: Entry, names: Mapping[str, str]) -> Entry:
    """The stage with the names that its prompts have in the flow."""
    if "prompt" in entry:
        return entry | {"prompt": names[""]}
    if "prompt_by" in entry:
        chosen = {value: names[name] for value, name in entry["prompt_by"]["prompts"].items()}
        return entry | {"prompt_by": entry["prompt_by"] | {"prompts": chosen}}
    return entry


def _stages(block: Block, given: Mapping[str, Any], entry: Entry) -> Iterator[Entry]:
    dropped = _listed(given, "drop_columns")
    yield {"name": block.name} | entry | ({"drops": dropped} if dropped else {})
    if repeated := _listed(given, "drop_duplicates"):
        yield {"name": f"{block.name} distinct", "distinct": repeated}


def _checked(file: Path, kind: str, entries: Sequence[Entry], prompts: Mapping[str, str]) -> set[str]:
    """The columns at the end. A request that sees nothing but its source, and makes no samples, is asked once."""
    columns = {*GIVEN[kind], *OF_THE_LEAF}
    shared = set(columns)
    for entry in entries:
        check_stage(f"{file}: block", entry, prompts)
        stage = read_stage(entry, prompts, "")
        if missing := needed(stage) - columns:
            hint = f"there are {', '.join(sorted(columns))}"
            raise FlowError(f"{file}: block {stage.name} needs the column {', '.join(sorted(missing))}", hint=hint)
        own = stage.samples > 1 or stage.critic or bool(SAMPLE_COLUMNS & made(stage))
        if stage.asks and not own and needed(stage) <= shared:
            entry["once"] = True
            entry.pop("many", None)
            stage = replace(stage, once=True)
        shared = shared_after(stage, shared)
        columns = after(stage, columns)
    return columns


def _as_sample(kind: str, columns: set[str]) -> Iterator[Entry]:
    """What is missing to make rows samples: an `output` is cut behind its question, columns get our names."""
    if "output" in columns and not {"question", "response"} <= columns:
        yield {"name": "question and answer", "split": {"column": "output", "pattern": _QUESTION}}
        columns = columns | {"question", "answer"}
    if kind == "grounded" and "context" not in columns and "document" not in columns:
        yield {"name": "context", "copy": {"seed_context": "document"}}
    names = {"response": "answer"} | ({"context": "document"} if kind == "grounded" else {})
    if present := {old: new for old, new in names.items() if old in columns and new not in columns}:
        yield {"name": "sample", "rename": present}
