"""The step: leaves in, `synthetic_data/<run>/` out."""

import time
from contextlib import closing
from typing import Any

from workbench.generation.flow import load_flow
from workbench.generation.journal import Journal
from workbench.generation.options import GenerationOptions
from workbench.generation.outcome import Outcome
from workbench.generation.pipeline import choose_flow, replay_file
from workbench.generation.production import LeafShelf, Production
from workbench.generation.roles import model_digests, open_exchange
from workbench.generation.sources import changed_leaves, digest_leaves, leaf_works
from workbench.records import digest_bytes, digest_file
from workbench.runs import Attempt, Run, Stop
from workbench.workspace import Workspace

_SECONDS_BETWEEN_SENTENCES = 0.5


def inputs(options: GenerationOptions, workspace: Workspace) -> dict[str, str]:
    """Digests of the leaves with their documents, of the models, of the flow and of the replay."""
    flow = load_flow(choose_flow(options)[0])
    replay = replay_file(flow)
    return {
        "leaves": digest_leaves(changed_leaves(options, workspace), workspace.cache),
        "flow": digest_bytes(flow.source.encode()),
        "replay": digest_file(replay) if replay else "",
        **model_digests(options, workspace.models),
    }


def generate(options: GenerationOptions, run: Run, attempt: Attempt, stop: Stop) -> dict[str, Any]:
    """Generate, hold out, mix; returns what the manifest records. Every answer is journalled before it is used."""
    workspace = Workspace(run.folder.parent.parent)
    name, why = choose_flow(options)
    flow = load_flow(name)
    leaves = changed_leaves(options, workspace)
    attempt.events.emit("flow", flow=flow.name, reason=why)
    with (
        closing(Journal(run.artifacts / "journal.jsonl")) as journal,
        open_exchange(options, journal, workspace.models) as (exchange, teacher),
    ):
        works = leaf_works(leaves, flow, teacher, options.chunk_tokens, workspace.cache)
        production = Production(works, options.num_instructions, options.near_duplicate, exchange, stop)
        _produce(production, attempt)
        outcome = Outcome(run, options, flow, production.shelves)
        outcome.write_samples()
        production.check_yield()
        outcome.hold_out(exchange, stop)
        made = {"flow": flow.name, "model": teacher.name, "requests": journal.requests}
        return made | {"generated_tokens": journal.tokens} | outcome.finish(teacher)


def _produce(production: Production, attempt: Attempt) -> None:
    total = sum(shelf.quota for shelf in production.shelves.values())
    said = 0.0
    for shelf in production.run():
        kept = sum(one.kept for one in production.shelves.values())
        sentence = _sentence(shelf, production)
        attempt.events.emit(
            "generate",
            done=kept,
            total=total,
            leaf=shelf.work.path,
            kept=shelf.kept,
            made=len(shelf.decided),
            sentence=sentence,
        )
        # The state is synced to the disk each time, which a small model would outrun.
        if shelf.full or time.monotonic() - said > _SECONDS_BETWEEN_SENTENCES:
            attempt.say(sentence)
            said = time.monotonic()


def _sentence(shelf: LeafShelf, production: Production) -> str:
    """The words of the managed service."""
    done = sum(one.full for one in production.shelves.values())
    return (
        f"Generating data for taxonomy path {shelf.work.path.replace('/', '->')}: "
        f"{round(100 * shelf.kept / shelf.quota)}% {shelf.kept}/{shelf.quota} "
        f"(total qna processed {done}/{len(production.shelves)})"
    )
