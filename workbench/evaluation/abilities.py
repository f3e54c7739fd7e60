"""What a model must be able to do for a benchmark, found out before anything is asked of it."""

from collections.abc import Mapping, Sequence

from workbench.engines.engine import Engine
from workbench.errors import EndpointError, EngineError, EvaluationError
from workbench.evaluation.benchmarks import Benchmark
from workbench.evaluation.papers import Paper
from workbench.messages import user

Papers = Mapping[str, Paper]
_BY_LETTER = ("mmlu", "mmlu_branch")


def check_able(engine: Engine, wanted: Sequence[Benchmark], papers: Papers, *, served: bool = False) -> None:
    """EvaluationError that says which benchmarks the model cannot be asked, why, and what it can be asked instead; a
    model that is `served` puts messages into its template itself."""
    choices = [each.name for each in wanted if each.way == "choices"]
    others = [each.name for each in wanted if each.way != "choices"]
    if choices and "score" not in engine.capabilities:
        raise EvaluationError(
            f"{engine.name} cannot tell how likely a text is, which {_listed(choices)} need{_s(choices)}",
            hint=f"{_way_out(others)}, or take a GGUF file, a Hugging Face folder, or a server that echoes prompts "
            "with their log-probabilities, such as vLLM and workbench model serve",
        )
    templated = [name for name in choices if papers[name].chat] + ([] if served else others)
    if templated and (reason := _without_template(engine)):
        able = [each.name for each in wanted if each.name in _BY_LETTER or each.name not in templated]
        form = " --choices-form letters" if set(able) & set(templated) else ""
        raise EvaluationError(
            f"{reason}, which {_listed(templated)} need{_s(templated)}",
            hint=f"{_way_out(able, form)}, or take a model with a template that can be read",
        )


def _without_template(engine: Engine) -> str:
    """Why nothing can be put into its template; empty where it can."""
    try:
        engine.render([user("Who?")])
    except EndpointError:
        raise
    except EngineError as error:
        return error.message
    return ""


def _way_out(able: Sequence[str], form: str = "") -> str:
    asked = " ".join(f"--benchmark {name}" for name in able)
    return f"ask it no more than {asked}{form}" if able else "leave it out"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _s(names: Sequence[str]) -> str:
    return "" if len(names) > 1 else "s"
