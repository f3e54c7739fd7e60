"""A run opened for work: its flow, leaves, models, journal, and the file that holds what was decided."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

from workbench.engines.engine import Engine
from workbench.errors import EndpointError
from workbench.generation.estimate import Terms, Trial
from workbench.generation.exchange import Exchange
from workbench.generation.fit import check_fit
from workbench.generation.flow import Flow, load_flow
from workbench.generation.imports import find_replay
from workbench.generation.journal import Journal
from workbench.generation.ledger import Ledger, Spool
from workbench.generation.options import GenerationOptions
from workbench.generation.pace import Pace
from workbench.generation.pipeline import choose_flow
from workbench.generation.prices import find_prices
from workbench.generation.production import Production
from workbench.generation.roles import open_exchange
from workbench.generation.rows import LeafWork
from workbench.generation.sources import changed_leaves, leaf_works
from workbench.generation.summary import flow_outline
from workbench.records import write_json, write_text
from workbench.runs import Run, Stop
from workbench.workspace import Workspace


@dataclass(frozen=True)
class Setup:
    """Open until the block of `open_setup` ends; `engines` are by role, `reason` says why this flow is followed."""

    options: GenerationOptions
    flow: Flow
    reason: str
    works: list[LeafWork]
    engines: Mapping[str, Engine]
    exchange: Exchange
    journal: Journal
    spool: Spool
    terms: Terms

    @property
    def teacher(self) -> Engine:
        return self.engines["teacher"]

    def production(self, stop: Stop, quota: int) -> Production:
        """All leaves from their first sample on, each until it has so many. What they decide goes to the disk."""
        production = Production(self.works, quota, self.options.near_duplicate, self.exchange, stop)
        for shelf in production.shelves.values():
            shelf.decided = Ledger(self.spool)
        return production

    def trial(self, production: Production, pace: Pace | None = None) -> Trial:
        """A production to learn from, at a pace measured from now on or since an earlier trial."""
        return Trial(production, self.journal, pace or Pace(self.journal))

    def promise(self) -> str:
        """What `num_instructions` comes to."""
        leaves, each = len(self.works), self.options.num_instructions
        of_leaves = "1 leaf" if leaves == 1 else f"{leaves} leaves"
        return f"{of_leaves} x {each:,} samples each: {leaves * each:,} samples are to be kept."


@contextmanager
def open_setup(options: GenerationOptions, run: Run) -> Iterator[Setup]:
    """Models are loaded, and every request is known to fit: ContextError lists those that do not.

    EndpointError, where one is lost on the way, says how much is kept.
    """
    workspace = Workspace(run.folder.parent.parent)
    name, reason = choose_flow(options)
    flow = load_flow(name)
    leaves = changed_leaves(options, workspace)
    prices, replay = find_prices(options, workspace), find_replay(options, flow, workspace)
    write_text(run.artifacts / "flow.yaml", flow.source)
    write_json(run.artifacts / "flow.json", flow_outline(flow))
    with (
        closing(Journal(run.artifacts / "journal.jsonl")) as journal,
        closing(Spool(run.artifacts / "decided.part")) as spool,
        open_exchange(options, journal, workspace.models) as (exchange, engines),
    ):
        teacher = engines["teacher"]
        works = leaf_works(leaves, flow, teacher, options.chunk_tokens, workspace.cache, options.chunk_overlap)
        check_fit(works, flow, engines, options.chunk_tokens)
        terms = Terms(teacher.count_tokens, prices, replay)
        try:
            yield Setup(options, flow, reason, works, engines, exchange, journal, spool, terms)
        except EndpointError as error:
            kept = f"the {journal.requests:,} answers so far are kept, and starting again goes on from there"
            raise EndpointError(error.message, hint=f"{error.hint}; {kept}") from error
