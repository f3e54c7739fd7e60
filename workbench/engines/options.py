"""What a chat can be told."""

from workbench.options import Options, option

QUESTIONS = [
    "Tell me the year in which Firemric Light was built.",
    "Who designed Selnor Light?",
    "Tell me the harbour of Istinlis Island.",
    "Say this in other words: When was Firemric Light completed?",
]


class EndpointOptions(Options):
    """How an endpoint is spoken to, wherever a step may ask one; its address and key are options of the step."""

    api_key_file: str = option("", "file that holds the endpoint's key", result=False)
    endpoint_concurrency: int = option(8, "requests under way at an endpoint at once", minimum=1, result=False)
    tls_ca_file: str = option("", "PEM file of the authorities to trust instead of the usual ones", result=False)
    tls_client_cert: str = option("", "PEM file to show to an endpoint that asks who is there", result=False)
    tls_client_key: str = option("", "PEM file with the key of that certificate", result=False)
    tls_client_passwd: str = option("", "password of that key", result=False)
    tls_insecure: bool = option(False, "trust an endpoint whatever certificate it shows", result=False)


class MachineOptions(Options):
    """How a model is run on this machine, wherever a step may open one; none of it changes what the model says."""

    threads: int = option(0, "threads of a model, 0 takes the processors of the machine", minimum=0, result=False)
    gpu_layers: int = option(
        -1, "layers of a GGUF model on a GPU where llama.cpp can use one, -1 takes all", minimum=-1, result=False
    )
    batch_tokens: int = option(
        0,
        "most tokens of one evaluation of a GGUF model, 0 takes what suits it",
        minimum=0,
        maximum=8192,
        result=False,
    )


class ChatOptions(EndpointOptions, MachineOptions):
    """Options of `workbench model chat` and of the notebook 06_chat. The first three questions are about the sample."""

    model: str = option("demo", "trained run, GGUF file, Hugging Face folder or a model's name", result=False)
    base_model: str = option(
        "", "model to ask beside it, the one that the run was trained from unless given", result=False
    )
    endpoint_url: str = option("", "OpenAI-shaped endpoint that serves the model instead of a file")
    api_key: str = option("", "key of that endpoint", result=False)
    beside: list[str] = option(
        [], "further models to talk to, one of an endpoint as NAME@URL, to which no key is sent", result=False
    )
    questions: list[str] = option(QUESTIONS, "questions that each model is asked")
    max_tokens: int = option(64, "longest answer in tokens of the model", minimum=1, maximum=8192)
    temperature: float = option(0.0, "how freely words are drawn, 0 takes the likeliest", minimum=0.0, maximum=2.0)
    seed: int = option(42, "seed of every draw", minimum=0)
