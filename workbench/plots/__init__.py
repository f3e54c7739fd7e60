"""Events and results as figures with captions: plain data in, a `Figure` out that shows itself in a notebook.

Every caption says the numbers that the figure shows, so that nothing is told by colour or shape alone.
"""

from workbench.plots.answers import before_after
from workbench.plots.course import phases
from workbench.plots.distribution import distribution
from workbench.plots.figure import Figure
from workbench.plots.flowchart import flow_diagram
from workbench.plots.learning import learning
from workbench.plots.losses import loss_curves
from workbench.plots.sieve import funnel
from workbench.plots.spread import lengths
from workbench.plots.tree import taxonomy_tree

__all__ = [
    "Figure",
    "before_after",
    "distribution",
    "flow_diagram",
    "funnel",
    "learning",
    "lengths",
    "loss_curves",
    "phases",
    "taxonomy_tree",
]
