"""Blocks of pipeline files in the format of instructlab/sdg 0.8 (version 1.0), translated into stages of a flow.

Where a block's behaviour there follows from its way of working in batches, rows here keep the order of what they were
made of: flattened and repeated rows stand together, and the most frequent value is that of a turn through the sources.
A conditional prompt comes in the model's own template like any other, and of a critic's answer the first match counts.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import FlowError
from workbench.generation.flow_checks import refuse_unknown
from workbench.generation.sdg_configs import Config, read_config, read_texts

Entry = dict[str, Any]
# What samples are made of: a block that writes one of these makes rows, and is no judgement.
SAMPLE_COLUMNS = frozenset({"question", "response", "answer", "context", "document", "output"})
_TESTS = {
    "eq": "equal",
    "ne": "unequal",
    "gt": "above",
    "ge": "at_least",
    "lt": "below",
    "le": "at_most",
    "contains": "contains",
}
_MODEL = ("model_id", "model_family")
_LLM = ("output_cols", *_MODEL, "model_prompt", "gen_kwargs", "parser_kwargs", "batch_kwargs")
_GENERATION = ("max_tokens", "temperature", "top_p", "stop", "n", "seed", "model", "extra_body")
_MOST_TOKENS = 4096
# A source that comes round again is not asked greedily twice for these: it would give the same rows.
_ASKED = frozenset({"question", "context", "output"})
_AGAIN = 0.7
# So many pairs are expected of an answer that a pattern takes apart.
_PAIRS = 3


@dataclass(frozen=True)
class Block:
    """One block of a pipeline file; `judged` maps those of its columns that a later filter tests to their types."""

    file: Path
    name: str
    kind: str
    config: Mapping[str, Any]
    judged: Mapping[str, str]

    @property
    def where(self) -> str:
        return f"{self.file}: block {self.name}"

    def wrong(self, problem: str, hint: str = "") -> FlowError:
        """The error that says what is wrong with this block."""
        return FlowError(f"{self.where}: {problem}", hint=hint)

    def texts(self, key: str) -> list[str]:
        """A list of names or texts of its configuration."""
        given = self.config[key]
        if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
            raise self.wrong(f"`{key}` is no list of texts")
        return given

    def text(self, key: str) -> str:
        """A name or text of its configuration."""
        if not isinstance(self.config[key], str):
            raise self.wrong(f"`{key}` is no text")
        return str(self.config[key])

    def mapping(self, key: str) -> Mapping[str, Any]:
        """A mapping of its configuration, empty where it has none."""
        given = self.config.get(key) or {}
        if not isinstance(given, dict):
            raise self.wrong(f"`{key}` is no mapping")
        return given


@dataclass(frozen=True)
class Translated:
    """A block as a stage, without its name, and the prompts that this needs."""

    entry: Entry
    prompts: Mapping[str, str]


def translate_block(block: Block) -> Translated:
    """FlowError names the file and the block where its type is unknown or its configuration does not suit it."""
    if block.kind not in _TYPES:
        raise block.wrong(f"there is no block type {block.kind!r}", f"there are {', '.join(_TYPES)}")
    needed, optional, translate = _TYPES[block.kind]
    if block.kind != "IterBlock":
        refuse_unknown(f"{block.where}: config", block.config, (*needed, *optional))
    for key in needed:
        if key not in block.config:
            raise block.wrong(f"its config has no `{key}`", f"a {block.kind} needs {', '.join(needed)}")
    return translate(block)


def _llm(block: Block) -> Translated:
    config = read_config(block.where, block.file, block.text("config_path"))
    return Translated({"prompt": "", **_asking(block, config)}, {"": config.prompt})


def _conditional(block: Block) -> Translated:
    pairs = block.config["config_paths"]
    whole = isinstance(pairs, list) and pairs and all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)
    if not whole:
        raise block.wrong("`config_paths` is no list of pairs", "each is [path of a config, value of the column]")
    configs = {str(value): read_config(block.where, block.file, str(path)) for path, value in pairs}
    first = next(iter(configs.values()))
    if list(configs) == ["All"]:
        return Translated({"prompt": "", **_asking(block, first)}, {"": first.prompt})
    by = {"column": block.text("selector_column_name"), "prompts": {value: value for value in configs}}
    return Translated(
        {"prompt_by": by, **_asking(block, first)}, {value: config.prompt for value, config in configs.items()}
    )


def _messages(block: Block) -> Translated:
    entry = {"messages": block.text("input_col"), "writes": block.text("output_col"), **_generation(block)}
    return Translated(entry | _judging(block), {})


def _judging(block: Block) -> Entry:
    return {"critic": True, "types": dict(block.judged)} if block.judged else {}


def _asking(block: Block, config: Config) -> Entry:
    """How the model is asked and its answer read."""
    columns = block.texts("output_cols")
    entry = {**_generation(block), **_reading(block, config, columns)}
    batch = block.mapping("batch_kwargs")
    expected = batch.get("num_samples")
    if expected is not None:
        if not isinstance(expected, int) or expected < 1:
            raise block.wrong(f"`num_samples` is {expected!r}", "it is a whole number from 1")
        entry["sets"] = {"num_samples": expected}
    entry |= _judging(block)
    if not block.judged and "writes" not in entry:
        entry["many"] = expected or (_PAIRS if "parse" in entry else 1)
    if not block.judged and _ASKED & set(columns):
        entry["repeat_temperature"] = max(_AGAIN, entry["temperature"])
    template = block.config.get("model_prompt")
    if template is not None:
        entry["wrap"] = block.text("model_prompt") or "{{ prompt }}"
    return entry


def _generation(block: Block) -> Entry:
    given = block.mapping("gen_kwargs")
    refuse_unknown(f"{block.where}: gen_kwargs", given, _GENERATION)
    entry: Entry = {"fit": True}
    try:
        entry["max_tokens"] = int(given.get("max_tokens", _MOST_TOKENS))
        entry["temperature"] = float(given.get("temperature", 0.0))
        samples = 1 if given.get("n") in (None, "scaled") else int(given["n"])
    except (TypeError, ValueError) as error:
        raise block.wrong(f"gen_kwargs: {error}") from error
    if samples != 1:
        entry["samples"] = samples
    entry |= {key: given[key] for key in ("top_p", "stop") if key in given}
    return entry | _constraint(block, given.get("extra_body") or {})


def _constraint(block: Block, body: Any) -> Entry:
    """What of a request's extra body has a meaning everywhere: a choice of answers."""
    if not isinstance(body, dict) or set(body) - {"guided_choice"}:
        hint = "leave it out; `guided_choice` is the one key that is understood"
        raise block.wrong("`extra_body` is not understood", hint)
    choices = body.get("guided_choice", [])
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        raise block.wrong("`guided_choice` is no list of texts")
    quoted = ['"' + choice.replace("\\", "\\\\").replace('"', '\\"') + '"' for choice in choices]
    return {"grammar": f"root ::= {' | '.join(quoted)}"} if quoted else {}


def _reading(block: Block, config: Config, columns: list[str]) -> Entry:
    parser = block.mapping("parser_kwargs")
    refuse_unknown(f"{block.where}: parser_kwargs", parser, ("parser_name", "parsing_pattern", "parser_cleanup_tags"))
    if parser.get("parser_name") == "custom":
        return _custom(block, parser, columns)
    if parser.get("parser_name"):
        raise block.wrong(f"there is no parser {parser['parser_name']!r}", "there is `custom`, with a parsing_pattern")
    if not config.tags:
        raise block.wrong("nothing says how its answers are read", "give its config start_tags and end_tags")
    if len(config.tags) < len(columns):
        raise block.wrong(f"{len(columns)} columns are written, but there are {len(config.tags)} pairs of tags")
    tags = config.tags[: len(columns)]
    if tags == [("", "")]:
        return {"writes": columns[0]}
    return {"takes": {column: _between(start, end) for column, (start, end) in zip(columns, tags, strict=True)}}


def _between(start: str, end: str) -> str:
    inside = "(.*?)" if end else "(.*)"
    return (re.escape(start) if start else "^") + inside + (re.escape(end) if end else "$")


def _custom(block: Block, parser: Mapping[str, Any], columns: list[str]) -> Entry:
    pattern = parser.get("parsing_pattern")
    try:
        groups = re.compile(str(pattern)).groups
    except re.error as error:
        raise block.wrong(f"`parsing_pattern` is no regular expression: {error}") from error
    if not pattern or max(1, groups) < len(columns):
        raise block.wrong(f"`parsing_pattern` has {groups} groups for {len(columns)} columns")
    return {"parse": pattern, "into": columns, "cleans": list(parser.get("parser_cleanup_tags") or [])}


def _filter(block: Block) -> Translated:
    operation = block.config["operation"]
    if operation not in _TESTS:
        raise block.wrong(f"there is no operation {operation!r}", f"there are {', '.join(_TESTS)}")
    values = block.config["filter_value"]
    entry = {
        "column": block.text("filter_column"),
        "test": _TESTS[operation],
        "values": values if isinstance(values, list) else [values],
        "type": block.config.get("convert_dtype") or "",
        "fallback": block.config.get("default_value"),
    }
    return Translated({"filter": entry}, {})


def _populate(block: Block) -> Translated:
    ending = block.config.get("post_fix") or ""
    entries = {}
    for path in block.texts("config_paths"):
        file = path.replace(".yaml", f"_{ending}.yaml") if ending else path
        entries[path.split("/")[-1].split(".")[0]] = read_texts(block.where, block.file, file)
    return Translated({"fill": {"by": block.text("column_name"), "entries": entries}}, {})


def _select(block: Block) -> Translated:
    choices = {str(value): column for value, column in block.mapping("choice_map").items()}
    entry = {"by": block.text("choice_col"), "choices": choices, "into": block.text("output_col")}
    return Translated({"choose": entry}, {})


def _combine(block: Block) -> Translated:
    separator = block.config.get("separator", "\n\n")
    entry = {"columns": block.texts("columns"), "separator": separator, "into": block.text("output_col")}
    return Translated({"combine": entry}, {})


def _flatten(block: Block) -> Translated:
    entry = {"columns": block.texts("var_cols"), "value": block.text("value_name"), "name": block.text("var_name")}
    return Translated({"rows_of": entry}, {})


def _repeat(block: Block) -> Translated:
    times = block.config["num_iters"]
    if isinstance(times, bool) or not isinstance(times, int) or times < 1:
        raise block.wrong(f"`num_iters` is {times!r}", "it is a whole number from 1")
    config = {key: value for key, value in block.config.items() if key not in ("num_iters", "block_type")}
    inner = translate_block(Block(block.file, block.name, block.text("block_type"), config, block.judged))
    return Translated({**inner.entry, "samples": times * inner.entry.get("samples", 1)}, inner.prompts)


# Of each type: the keys that its config must have, those that it may have, and how it is translated.
_TYPES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[Block], Translated]]] = {
    "LLMBlock": (("config_path", "output_cols"), _LLM, _llm),
    "LLMLogProbBlock": (("config_path", "output_cols"), _LLM, _llm),
    "ConditionalLLMBlock": (("config_paths", "output_cols", "selector_column_name"), _LLM, _conditional),
    "LLMMessagesBlock": (("input_col", "output_col"), ("model_id", "gen_kwargs"), _messages),
    "FilterByValueBlock": (
        ("filter_column", "filter_value", "operation"),
        ("convert_dtype", "default_value"),
        _filter,
    ),
    "SamplePopulatorBlock": (("config_paths", "column_name"), ("post_fix",), _populate),
    "SelectorBlock": (("choice_map", "choice_col", "output_col"), (), _select),
    "CombineColumnsBlock": (("columns", "output_col"), ("separator",), _combine),
    "FlattenColumnsBlock": (("var_cols", "value_name", "var_name"), (), _flatten),
    "DuplicateColumnsBlock": (
        ("columns_map",), (), lambda block: Translated({"copy": dict(block.mapping("columns_map"))}, {}),
    ),
    "RenameColumnsBlock": (
        ("columns_map",), (), lambda block: Translated({"rename": dict(block.mapping("columns_map"))}, {}),
    ),
    "SetToMajorityValueBlock": (("col_name",), (), lambda block: Translated({"majority": block.text("col_name")}, {})),
    "IterBlock": (("num_iters", "block_type"), (), _repeat),
}  # fmt: skip
