"""What is generated for: leaves of the taxonomy turned into chunks, seeds, and the columns that prompts name."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from workbench.documents.chunks import divide
from workbench.documents.options import ChunkOptions
from workbench.engines.engine import Engine
from workbench.errors import DataError, GenerationError
from workbench.generation.flow import Flow
from workbench.generation.options import GenerationOptions
from workbench.generation.rows import LeafWork, Source
from workbench.records import digest_file, digest_json
from workbench.taxonomy.diff import diff_taxonomy
from workbench.taxonomy.leaf_documents import leaf_documents
from workbench.taxonomy.location import find_taxonomy
from workbench.taxonomy.options import TaxonomyOptions
from workbench.taxonomy.qna import Qna, SeedExample
from workbench.taxonomy.tree import Leaf
from workbench.taxonomy.validation import require_valid
from workbench.workspace import Workspace


def changed_leaves(options: GenerationOptions, workspace: Workspace) -> list[Leaf]:
    """The leaves to generate for; none where the taxonomy is to be left out.

    TaxonomyError lists what is wrong with them, GenerationError says that none has changed.
    """
    if not options.taxonomy:
        return []
    told = TaxonomyOptions(taxonomy_path=options.taxonomy_path, taxonomy_base=options.taxonomy_base)
    diff = diff_taxonomy(find_taxonomy(told, workspace), told, cache=workspace.cache)
    require_valid(diff.findings)
    if not diff.leaves:
        raise GenerationError(
            f"there is no leaf to generate for: {diff.summary}",
            hint="change a qna.yaml, or take all leaves with --taxonomy-base empty",
        )
    return [change.leaf for change in diff.leaves]


def digest_leaves(leaves: Sequence[Leaf], cache: Path) -> str:
    """SHA-256 of what is read of the leaves: each qna.yaml, and its documents' text wherever they come from."""
    return digest_json(
        {
            leaf.path: [digest_file(leaf.qna_file), *([d.name, d.digest] for d in leaf_documents(leaf, cache))]
            for leaf in leaves
        }
    )


def leaf_works(
    leaves: Sequence[Leaf], flow: Flow, engine: Engine, chunk_tokens: int, cache: Path, overlap: int = 0
) -> list[LeafWork]:
    """The work of each leaf, in order; `chunk_tokens` and `overlap` are counted by the engine's tokenizer."""
    options = ChunkOptions(max_tokens=chunk_tokens, overlap=overlap, one_section=flow.one_section)
    return [leaf_work(leaf, flow, engine, options, cache) for leaf in leaves]


def leaf_work(leaf: Leaf, flow: Flow, engine: Engine, options: ChunkOptions, cache: Path) -> LeafWork:
    """One leaf's kind, stages and sources; DataError where its documents hold no text."""
    qna = leaf.qna()
    lost: Counter[str] = Counter()
    if qna.kind == "knowledge":
        documents = leaf_documents(leaf, cache)
        divided = [divide(document, options, engine.count_tokens) for document in documents]
        chunks = [chunk for each in divided for chunk in each.found]
        for document, each in zip(documents, divided, strict=True):
            lost.update(dict(document.dropped), **each.lost)
        given, examples = _shared(qna), tuple(_example(seed) for seed in qna.seed_examples)
        sources = tuple(
            Source(f"{chunk.document}#{chunk.ordinal}", {"document": chunk.text, **given}, examples) for chunk in chunks
        )
        kind = "knowledge"
    else:
        kind = "grounded" if qna.grounded else "freeform"
        sources = tuple(_seed_source(qna, number) for number in range(len(qna.seed_examples)))
    if not sources:
        raise DataError(f"{leaf.path}: nothing to ask about", hint="its documents hold no text, or it has no seeds")
    return LeafWork(leaf.path, kind, sources, flow.for_kind(kind), dict(sorted(lost.items())))


def _shared(qna: Qna) -> dict[str, str]:
    return {
        "task_description": qna.task_description.strip(),
        "domain": qna.domain.strip(),
        "document_outline": qna.document_outline.strip(),
    }


def _example(seed: SeedExample) -> dict[str, str]:
    """A seed that a chunk is shown as an example, under the names that upstream's prompts use."""
    columns = {"icl_document": seed.context.strip()}
    for place, pair in enumerate(seed.pairs[:3], start=1):
        columns |= {f"icl_query_{place}": pair.question.strip(), f"icl_response_{place}": pair.answer.strip()}
    return columns


def _seed_source(qna: Qna, number: int) -> Source:
    seed = qna.seed_examples[number]
    pair = seed.pairs[0]
    columns = {
        "seed_question": pair.question.strip(),
        "seed_response": pair.answer.strip(),
        "seed_context": seed.context.strip(),
    }
    return Source(f"seed {number + 1}", columns | _shared(qna))
