"""What a generation run can be told."""

from workbench.options import Options, option


class GenerationOptions(Options):
    """Options of `workbench data generate` and of the notebook 03_generate.

    Models, flow and leaves are part of a run's fingerprint by their contents, not by what they are called here.
    """

    model: str = option(
        "seedling-teacher-Q4_K_M", "teacher, a GGUF file, a model's name or a Hugging Face folder", result=False
    )
    critic_model: str = option("", "model that judges, the teacher unless given", result=False)
    endpoint_url: str = option("", "OpenAI-shaped endpoint that serves the teacher instead of a file", result=False)
    api_key: str = option("", "key of that endpoint", result=False)
    pipeline: str = option("auto", "flow to run, auto takes the one that suits the teacher", result=False)
    taxonomy_path: str = option("", "folder of the taxonomy, else the workspace's", result=False)
    taxonomy_base: str = option(
        "empty", "generate for what changed since this git reference, empty takes all leaves", result=False
    )
    num_instructions: int = option(150, "samples to keep for each leaf", minimum=1, maximum=100000)
    heldout_share: float = option(0.1, "share of the kept samples never trained on", minimum=0.0, maximum=0.5)
    document_share: float = option(0.3, "share of knowledge rows shown with their passage", minimum=0.0, maximum=1.0)
    near_duplicate: float = option(0.9, "likeness from which a sample is a near-duplicate", minimum=0.5, maximum=1.0)
    chunk_tokens: int = option(500, "longest passage in tokens of the teacher", minimum=16, maximum=8192)
    seed: int = option(42, "seed of every draw", minimum=0)
    name: str = option("demo", "name of the run", result=False)
    threads: int = option(0, "threads of the model, 0 takes the processors of the machine", minimum=0, result=False)
