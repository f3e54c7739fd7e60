"""Config files of prompts, as pipeline files in the format of instructlab/sdg name them beside themselves."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from workbench.errors import FlowError

_PARTS = ("system", "introduction", "principles", "examples", "generation")
_TAGS = ("start_tags", "end_tags")


@dataclass(frozen=True)
class Config:
    """A prompt as one template, and the pairs of marks that its answers are read by."""

    prompt: str
    tags: list[tuple[str, str]]


def read_config(where: str, pipeline: Path, path: str) -> Config:
    """The prompt of a config file; FlowError names the block, the file and what is wrong in it."""
    data = read_texts(where, pipeline, path)
    for key in data:
        near = difflib.get_close_matches(key, (*_PARTS, *_TAGS), n=1)
        if key not in (*_PARTS, *_TAGS) and near:
            raise FlowError(f"{where}: {path} has no key `{key}`", hint=f"did you mean {near[0]}?")
    parts = [data.get(part) or "" for part in _PARTS]
    if not all(isinstance(part, str) for part in parts) or not any(parts):
        raise FlowError(f"{where}: {path} holds no prompt", hint=f"it needs texts for {', '.join(_PARTS)}")
    return Config("\n".join(parts), _pairs(where, path, data))


def read_texts(where: str, pipeline: Path, path: str) -> dict[str, Any]:
    """What a config file maps; its path is meant from the pipeline file."""
    file = pipeline.parent / path
    try:
        data = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        hint = "paths of config files are meant from the pipeline file"
        raise FlowError(f"{where}: {file}: no config can be read from it: {error}", hint=hint) from error
    except yaml.YAMLError as error:
        raise FlowError(f"{where}: {file}: not YAML: {error}") from error
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise FlowError(f"{where}: {file}: a config is a mapping")
    return data


def _pairs(where: str, path: str, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    starts, ends = ([tag or "" for tag in data.get(key) or []] for key in _TAGS)
    if len(starts) != len(ends) or not all(isinstance(tag, str) for tag in (*starts, *ends)):
        raise FlowError(f"{where}: {path}: start_tags and end_tags are lists of texts, one end for each start")
    return list(zip(starts, ends, strict=True))
