"""How documents are fetched and divided."""

from workbench.options import Options, option


class ChunkOptions(Options):
    """`max_tokens` is counted by the caller's own tokenizer."""

    max_tokens: int = option(500, "longest chunk in tokens of the model that reads it", minimum=8, maximum=32768)
    overlap: int = option(0, "tokens of the chunk before that each chunk begins with", minimum=0, maximum=16384)
    one_section: bool = option(False, "never put two sections of a document into one chunk")


class ConvertOptions(Options):
    """How other formats become Markdown."""

    converter: str = option(
        "auto", "what reads a file, auto takes plain where it can", choices=("auto", "plain", "markitdown", "docling")
    )


class FetchOptions(Options):
    """What changes only how documents arrive, never their text."""

    offline: bool = option(False, "take documents from folders and the cache only, without network", result=False)
