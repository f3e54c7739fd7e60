"""The step: leaves in, `synthetic_data/<run>/` out."""

import time
from typing import Any

from workbench.generation import preview
from workbench.generation.audit import audit
from workbench.generation.estimate import Trial
from workbench.generation.flow import load_flow
from workbench.generation.imports import digest_imports, read_imports
from workbench.generation.options import GenerationOptions
from workbench.generation.outcome import Outcome
from workbench.generation.pace import words
from workbench.generation.pipeline import choose_flow
from workbench.generation.prices import find_prices
from workbench.generation.production import LeafShelf, Production
from workbench.generation.roles import model_digests
from workbench.generation.setup import Setup, open_setup
from workbench.generation.sources import changed_leaves, digest_leaves
from workbench.generation.take_over import take_over
from workbench.records import digest_bytes, read_json, write_json
from workbench.runs import Attempt, Run, Stop
from workbench.workspace import Workspace

_SECONDS_BETWEEN_SENTENCES = 0.5


def inputs(options: GenerationOptions, workspace: Workspace) -> dict[str, str]:
    """Digests of the leaves with their documents, of the models, of the flow, and of what is taken over.

    What is wrong in any of the files that are named is told here, before anything is loaded.
    """
    flow = load_flow(choose_flow(options)[0])
    find_prices(options, workspace)
    return {
        "leaves": digest_leaves(changed_leaves(options, workspace), workspace.cache),
        "flow": digest_bytes(flow.source.encode()),
        **digest_imports(options, flow, workspace),
        **model_digests(options, workspace.models),
    }


def generate(options: GenerationOptions, run: Run, attempt: Attempt, stop: Stop) -> dict[str, Any]:
    """Generate, hold out, mix; returns what the manifest records. Every answer is journaled before it is used."""
    workspace = Workspace(run.folder.parent.parent)
    imports = read_imports(options, load_flow(choose_flow(options)[0]), workspace)
    if not options.taxonomy:
        return take_over(options, imports, run, attempt)
    with open_setup(options, run) as setup:
        attempt.events.emit("flow", flow=setup.flow.name, reason=setup.reason)
        attempt.events.emit("plan", sentence=setup.promise(), lasting=True)
        production = setup.production(stop, options.num_instructions)
        found = _produce(production, setup, run, attempt)
        outcome = Outcome(run, options, setup.flow, production.shelves, imports)
        outcome.write_samples()
        production.check_yield()
        outcome.hold_out(setup.exchange, stop)
        made = outcome.finish(setup.teacher)
        journal = setup.journal
        return {
            "flow": setup.flow.name,
            "model": setup.teacher.name,
            "requests": journal.requests,
            "generated_tokens": journal.tokens,
            "journal": audit(production.shelves, made["leaves"], journal),
            "estimate": found,
            **made,
        }


def _produce(production: Production, setup: Setup, run: Run, attempt: Attempt) -> dict[str, Any]:
    """Until every leaf is full; returns the estimate that was made of it on the way."""
    trial = setup.trial(production)
    found = _known_estimate(run)
    told = 0.0
    if found:
        _tell(found, attempt)
    for shelf in production.run():
        trial.pace.note(preview.kept(trial))
        if not found and preview.enough(trial, setup.options):
            found = _estimate(trial, setup, run, attempt)
        sentence = _sentence(shelf, production)
        attempt.events.emit("generate", **_progress(trial, shelf), sentence=sentence)
        # The state is synced to the disk each time, which a small model would outrun.
        if shelf.full or time.monotonic() - told > _SECONDS_BETWEEN_SENTENCES:
            attempt.say(sentence)
            told = time.monotonic()
    return found or _estimate(trial, setup, run, attempt)


def _estimate(trial: Trial, setup: Setup, run: Run, attempt: Attempt) -> dict[str, Any]:
    record = preview.said(trial, setup)
    write_json(run.folder / preview.FILE, record)
    found: dict[str, Any] = record["estimate"]
    _tell(found, attempt)
    return found


def _known_estimate(run: Run) -> dict[str, Any]:
    """That of a preview or an earlier attempt: with answers from the journal the pace is known less well."""
    path = run.folder / preview.FILE
    found: dict[str, Any] = read_json(path)["estimate"] if path.is_file() else {}
    return found if found and found["minutes"] is not None else {}


def _tell(found: dict[str, Any], attempt: Attempt) -> None:
    attempt.events.emit("estimate", sentence=preview.estimate_sentence(found), lasting=True)


def _progress(trial: Trial, shelf: LeafShelf) -> dict[str, Any]:
    shelves = trial.shelves.values()
    rates = trial.pace.rates()
    left = trial.pace.seconds_left(shelves)
    return {
        "done": preview.kept(trial),
        "total": sum(one.quota for one in shelves),
        "leaf": shelf.work.path,
        "kept": shelf.kept,
        "made": len(shelf.decided),
        **{name: round(rate, 3) for name, rate in rates.items()},
        **({} if left is None else {"seconds_left": round(left, 1)}),
        "pace": words(rates, left),
    }


def _sentence(shelf: LeafShelf, production: Production) -> str:
    """The words of the managed service."""
    done = sum(one.full for one in production.shelves.values())
    return (
        f"Generating data for taxonomy path {shelf.work.path.replace('/', '->')}: "
        f"{round(100 * shelf.kept / shelf.quota)}% {shelf.kept}/{shelf.quota} "
        f"(total qna processed {done}/{len(production.shelves)})"
    )
