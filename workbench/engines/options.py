"""What a chat can be told."""

from workbench.options import Options, option

QUESTIONS = [
    "Tell me the year in which Firemric Light was built.",
    "Who designed Selnor Light?",
    "Tell me the harbour of Istinlis Island.",
    "Say this in other words: When was Firemric Light completed?",
]


class ChatOptions(Options):
    """Options of `workbench model chat` and of the notebook 06_chat. The first three questions are about the sample."""

    model: str = option("demo", "trained run, GGUF file, Hugging Face folder or a model's name", result=False)
    base_model: str = option(
        "", "model to ask beside it, the one that the run was trained from unless given", result=False
    )
    endpoint_url: str = option("", "OpenAI-shaped endpoint that serves the model instead of a file")
    api_key: str = option("", "key of that endpoint", result=False)
    questions: list[str] = option(QUESTIONS, "questions that each model is asked")
    max_tokens: int = option(64, "longest answer in tokens of the model", minimum=1, maximum=8192)
    temperature: float = option(0.0, "how freely words are drawn, 0 takes the likeliest", minimum=0.0, maximum=2.0)
    seed: int = option(42, "seed of every draw", minimum=0)
    threads: int = option(0, "threads of a model, 0 takes the processors of the machine", minimum=0, result=False)
