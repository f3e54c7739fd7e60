"""What a generation run can be told."""

from workbench.engines.options import EndpointOptions, MachineOptions
from workbench.options import option


class GenerationOptions(EndpointOptions, MachineOptions):
    """Options of `workbench data generate` and of the notebook 03_generate.

    Models, flow and leaves are part of a run's fingerprint by their contents, not by what they are called here.
    """

    model: str = option(
        "seedling-teacher-Q4_K_M", "teacher, a GGUF file, a model's name or a Hugging Face folder", result=False
    )
    critic_model: str = option("", "model that judges, the teacher unless given", result=False)
    endpoint_url: str = option("", "OpenAI-shaped endpoint that serves the teacher instead of a file", result=False)
    api_key: str = option("", "key of that endpoint", result=False)
    pipeline: str = option(
        "auto",
        "flow to run, a YAML file or a folder of pipeline files; auto takes what suits the teacher",
        result=False,
    )
    student: str = option("", "model that is to learn from the data, to check that it can", result=False)
    taxonomy_path: str = option("", "folder of the taxonomy, else the workspace's", result=False)
    taxonomy_base: str = option(
        "empty", "generate for what changed since this git reference, empty takes all leaves", result=False
    )
    taxonomy: bool = option(
        True, "generate for leaves of the taxonomy, off takes earlier runs and files alone", result=False
    )
    internal_ids: list[str] = option([], "earlier data runs to take over, by name or id, at most 20", result=False)
    knowledge_paths: list[str] = option(
        [], "files of knowledge rows to take over, .jsonl, .json or a recipe's .yaml", result=False
    )
    skills_paths: list[str] = option([], "files of skills rows to take over, in the same forms", result=False)
    skip_bad: bool = option(False, "leave out lines of those files that cannot be read", result=False)
    replay: str = option(
        "auto", "rows that keep what the student knows, a file, none, or auto for those of the flow", result=False
    )
    precomputed_skills: str = option("", "file or recipe of more skills rows for phase 2, never held out", result=False)
    num_instructions: int = option(150, "samples to keep for each leaf, not in all", minimum=1, maximum=100000)
    heldout_share: float = option(0.1, "share of the kept samples never trained on", minimum=0.0, maximum=0.5)
    document_share: float = option(0.3, "share of knowledge rows shown with their passage", minimum=0.0, maximum=1.0)
    distractors: int = option(0, "other passages shown beside the right one in those rows", minimum=0, maximum=8)
    right_document_share: float = option(
        0.4, "share of rows with other passages that show the right one too", minimum=0.0, maximum=1.0
    )
    unmask_documents: bool = option(False, "learn passage and question of those rows too, not the answer alone")
    system_prompt: str = option("", "system message of every training row, none unless given")
    near_duplicate: float = option(0.9, "likeness from which a sample is a near-duplicate", minimum=0.5, maximum=1.0)
    chunk_tokens: int = option(500, "longest passage in tokens of the teacher", minimum=16, maximum=8192)
    chunk_overlap: int = option(0, "tokens of the passage before that each begins with", minimum=0, maximum=4096)
    seed: int = option(42, "seed of every draw", minimum=0)
    name: str = option("demo", "name of the run", result=False)
    preview_samples: int = option(
        3, "samples of each leaf that a preview shows, kept and not kept", minimum=1, maximum=100, result=False
    )
    preview_seconds: int = option(45, "longest time of a preview, in seconds", minimum=1, maximum=3600, result=False)
    prices: str = option("", "YAML or JSON file of prices per million tokens, for estimates", result=False)
