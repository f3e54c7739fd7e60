from pathlib import Path
from typing import Any

import pytest

from workbench.errors import FlowError
from workbench.generation.sdg_blocks import Block, translate_block

FILE = Path(__file__).parent / "pipeline_files" / "knowledge.yaml"
ASK = {"config_path": "configs/judge_truth.yaml", "output_cols": ["reason", "truth"]}
WHOLE = {"config_path": "configs/tidy.yaml", "output_cols": ["tidied"]}


def entry(kind: str, config: dict[str, Any], judged: dict[str, str] | None = None) -> dict[str, Any]:
    return translate_block(Block(FILE, "one", kind, config, judged or {})).entry


def test_tags_become_patterns() -> None:
    found = entry("LLMBlock", ASK)
    assert found["takes"] == {"reason": r"\[R\](.*?)\[/R\]", "truth": r"\[J\](.*?)\[/J\]"}
    assert (found["temperature"], found["max_tokens"], found["fit"], found["many"]) == (0.0, 4096, True, 1)
    assert entry("LLMLogProbBlock", ASK) == found
    assert entry("LLMBlock", WHOLE)["writes"] == "tidied"


def test_a_block_that_is_judged_by_asks_the_critic() -> None:
    found = entry("LLMBlock", ASK, {"truth": "text"})
    assert (found["critic"], found["types"]) == (True, {"truth": "text"})
    assert "many" not in found


def test_a_judge_may_be_asked_in_messages() -> None:
    given = {"input_col": "talk", "output_col": "score"}
    assert entry("LLMMessagesBlock", given)["messages"] == "talk"
    assert entry("LLMMessagesBlock", given, {"score": "float"})["critic"]


def test_arguments_of_generation_are_taken_over() -> None:
    given = {"temperature": "0.7", "max_tokens": 50.0, "n": 10, "seed": 42, "model": "x", "stop": ["."], "top_p": 0.9}
    found = entry("LLMBlock", WHOLE | {"gen_kwargs": given})
    assert {key: found[key] for key in ("temperature", "max_tokens", "samples", "stop", "top_p")} == {
        "temperature": 0.7, "max_tokens": 50, "samples": 10, "stop": ["."], "top_p": 0.9,
    }  # fmt: skip
    assert "samples" not in entry("LLMBlock", WHOLE | {"gen_kwargs": {"n": "scaled", "temperature": 1}})
    chosen = entry("LLMBlock", WHOLE | {"gen_kwargs": {"extra_body": {"guided_choice": ["YES", 'N"O']}}})
    assert chosen["grammar"] == 'root ::= "YES" | "N\\"O"'


def test_a_template_of_the_block_is_kept() -> None:
    assert entry("LLMBlock", WHOLE | {"model_prompt": ""})["wrap"] == "{{ prompt }}"
    assert entry("LLMBlock", WHOLE | {"model_prompt": "<{{ prompt }}>"})["wrap"] == "<{{ prompt }}>"
    assert "wrap" not in entry("LLMBlock", WHOLE)


def test_a_block_that_is_repeated_draws_samples() -> None:
    inner = {"num_iters": 3, "block_type": "LLMBlock", **WHOLE, "gen_kwargs": {"temperature": 1, "n": 2}}
    assert entry("IterBlock", inner)["samples"] == 6


def test_a_filter_keeps_its_values_and_type() -> None:
    given = {"filter_column": "c", "filter_value": 2, "operation": "ge", "convert_dtype": "float", "default_value": "0"}
    told = {"column": "c", "test": "at_least", "values": [2], "type": "float", "fallback": "0"}
    assert entry("FilterByValueBlock", given) == {"filter": told}


@pytest.mark.parametrize(
    ("kind", "config", "told"),
    [
        ("LMBlock", {}, "there is no block type 'LMBlock'"),
        ("LLMBlock", {"output_cols": ["a"]}, "its config has no `config_path`"),
        ("LLMBlock", WHOLE | {"gen_kwarg": {}}, "config: there is no key `gen_kwarg`"),
        ("LLMBlock", WHOLE | {"gen_kwargs": {"heat": 1}}, "gen_kwargs: there is no key `heat`"),
        ("LLMBlock", WHOLE | {"gen_kwargs": {"temperature": "hot"}}, "could not convert"),
        ("LLMBlock", WHOLE | {"gen_kwargs": {"extra_body": {"guided_regex": "a"}}}, "`extra_body` is not understood"),
        ("LLMBlock", WHOLE | {"output_cols": "tidied"}, "`output_cols` is no list"),
        ("LLMBlock", WHOLE | {"output_cols": ["a", "b"]}, "2 columns are written, but there are 1 pairs of tags"),
        ("LLMBlock", WHOLE | {"config_path": "configs/ask.yaml"}, "nothing says how its answers are read"),
        ("LLMBlock", WHOLE | {"parser_kwargs": {"parser_name": "json"}}, "there is no parser 'json'"),
        (
            "LLMBlock",
            WHOLE | {"parser_kwargs": {"parser_name": "custom", "parsing_pattern": "("}},
            "`parsing_pattern` is no regular expression",
        ),
        (
            "LLMBlock",
            ASK | {"parser_kwargs": {"parser_name": "custom", "parsing_pattern": "(a)"}},
            "1 groups for 2 columns",
        ),
        ("LLMBlock", WHOLE | {"batch_kwargs": {"num_samples": "many"}}, "`num_samples` is 'many'"),
        ("ConditionalLLMBlock", {**ASK, "config_paths": []}, "config: there is no key `config_path`"),
        (
            "ConditionalLLMBlock",
            {"config_paths": ["a"], "selector_column_name": "c", "output_cols": ["a"]},
            "is no list of pairs",
        ),
        ("FilterByValueBlock", {"filter_column": "c", "filter_value": 1, "operation": "is_"}, "no operation 'is_'"),
        ("IterBlock", {"num_iters": 0, "block_type": "LLMBlock"}, "`num_iters` is 0"),
        ("IterBlock", {"num_iters": 2, "block_type": "Other"}, "there is no block type 'Other'"),
        ("RenameColumnsBlock", {"columns_map": ["a"]}, "`columns_map` is no mapping"),
    ],
)
def test_a_wrong_block_is_told_with_file_and_name(kind: str, config: dict[str, Any], told: str) -> None:
    with pytest.raises(FlowError) as caught:
        entry(kind, config)
    assert caught.value.message.startswith(f"{FILE}: block one: ")
    assert told in caught.value.message
