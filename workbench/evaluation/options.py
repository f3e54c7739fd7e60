"""What an evaluation can be told."""

import difflib
from typing import Self

from pydantic import model_validator

from workbench.engines.options import EndpointOptions, MachineOptions
from workbench.options import option

BENCHMARKS = (
    "proof",
    "reading",
    "mmlu",
    "mmlu_branch",
    "heldout",
    "seeds",
    "rows",
    "mt_bench",
    "mt_bench_branch",
)
JUDGE_PROMPTS = ("auto", "compact", "full")
CHOICES_FORMS = ("auto", "answers", "letters", "texts")


class QuestionOptions(EndpointOptions, MachineOptions):
    """What models are asked, wherever a step examines some, and who rates their answers."""

    judge_model: str = option("seedling-teacher-Q4_K_M", "model that rates answers from 1 to 10", result=False)
    judge_endpoint_url: str = option("", "OpenAI-shaped endpoint that serves the judge instead of a file")
    judge_api_key: str = option("", "key of that endpoint", result=False)
    judge_prompt: str = option(
        "auto", "form in which the judge is asked, auto takes the one that suits it", choices=JUDGE_PROMPTS
    )
    judge_grammar: bool = option(False, "hold the judge to its form by a grammar, where its engine can follow one")
    proof: str = option("", "folder or file of four-choice questions, those of the sample unless given", result=False)
    taxonomy_path: str = option("", "folder of the taxonomy with the seeds, else the workspace's", result=False)
    benchmarks: list[str] = option([], f"of {', '.join(BENCHMARKS)}; an empty list takes all that have questions")
    mmlu_data: str = option(
        "",
        "MMLU's questions, hub or a folder of its files; empty asks the workbench's own general questions",
        result=False,
    )
    mmlu_subjects: list[str] = option([], "subjects of mmlu, an empty list takes all", result=False)
    mt_bench_data: str = option(
        "",
        "conversations in the form of MT-Bench, a folder or file of them or a data set of the hub, hub for MT-Bench; "
        "empty asks the workbench's own",
        result=False,
    )
    choices_form: str = option(
        "auto",
        "what mmlu and mmlu_branch score: whole answers in a chat, letters or texts behind worked examples; auto "
        "takes letters, but answers for the embedded models' data",
        choices=CHOICES_FORMS,
    )
    few_shots: int = option(
        5, "worked examples before a question that is asked by letter or text", minimum=0, maximum=64
    )
    apply_chat_template: bool = option(False, "ask by letter or text in the model's chat template, examples as turns")
    max_tokens: int = option(128, "longest answer in tokens of the model", minimum=1, maximum=8192)

    @model_validator(mode="after")
    def _known_benchmarks(self) -> Self:
        for name in self.benchmarks:
            if name not in BENCHMARKS:
                near = difflib.get_close_matches(name, BENCHMARKS, n=1)
                meant = f"; did you mean {near[0]}?" if near else ""
                raise ValueError(f"benchmarks: there is none called {name}{meant} There are {', '.join(BENCHMARKS)}")
        return self


class EvaluationOptions(QuestionOptions):
    """Options of `workbench model evaluate` and of the notebook 05_evaluate.

    Names and paths are not part of a fingerprint: the contents of the models and questions that they select are.
    """

    model: str = option("demo", "trained run, or a Hugging Face folder or GGUF file", result=False)
    endpoint_url: str = option(
        "", "OpenAI-shaped endpoint that serves the model under this name instead of a file", result=False
    )
    api_key: str = option("", "key of that endpoint", result=False)
    base_model: str = option(
        "", "model to compare with, the one that the run was trained from unless given", result=False
    )
    base_endpoint_url: str = option(
        "",
        "OpenAI-shaped endpoint that serves the base instead of a file, which may be that of the model",
        result=False,
    )
    base_api_key: str = option("", "key of that endpoint", result=False)
    api_key_file: str = option(
        "", "file that holds the key of all endpoints; where they have different ones, give each its own", result=False
    )
    data: str = option(
        "", "data run with the questions, the one that the run was trained on unless given", result=False
    )
    reading_trained: bool = option(False, "also ask the trained model the questions that come with their passage")
    seed: int = option(42, "seed of every draw", minimum=0)
    name: str = option("demo", "name of the run", result=False)
