"""A flow that splits, compares, filters and gathers rows, and answers for it: good, bad, repeated and unreadable."""

import random
import re

from workbench.engines.engine import Request
from workbench.generation.flow import read_flow
from workbench.generation.rows import LeafWork, Source

WIDE = r"""
name: wide
prompts:
  tidy: "{{ document }} Tidy."
  ask: "{{ document }} {{ manner }} Ask."
  say: "{{ document }} {{ question }} Say."
  weigh: "{{ question }} {{ answer }} Weigh."
  judge: "{{ original }} {{ question }} {{ answer }} True?"
knowledge:
  - {name: tidied, prompt: tidy, writes: tidied, once: true, temperature: 0.7}
  - {name: original, copy: {document: original}}
  - {name: manners, fill: {by: leaf_node_type, entries: {knowledge: {manner: plain}}}}
  - {name: versions, rows_of: {columns: [tidied, document], value: document, name: dataset_type}}
  - {name: questions, prompt: ask, parse: '(?m)^\d\. (?P<question>\S[^\n]*)', many: 3, temperature: 0.8}
  - {name: new, distinct: [question]}
  - {name: answers, prompt: say, writes: answer, samples: 2, temperature: 0.8}
  - {name: weight, prompt: weigh, takes: {weight: 'w=(\S+)'}, critic: true, types: {weight: float}}
  - {name: heavy, filter: {column: weight, test: at_least, values: [2], type: float}, drops: [weight]}
  - {name: judgement, prompt: judge, verdict: "(YES|NO)$", keep: ["YES"]}
"""
WORDS = (
    "bell crane door elm fern gate hill inn jar key lamp moss net oar pond quilt reed sail tide urn vine well".split()
)


def wide_work(path: str = "knowledge/wide", sources: int = 3) -> LeafWork:
    """A leaf of a few passages that goes through all of it."""
    passages = tuple(Source(f"a.md#{n}", {"document": f"{WORDS[n].title()} stands there."}) for n in range(sources))
    return LeafWork(path, "knowledge", passages, read_flow(WIDE, "wide.yaml").for_kind("knowledge"))


def answering(request: Request, rng: random.Random) -> str:
    """What follows from the request alone."""
    asked = request.messages[0]["content"]
    if asked.endswith("Tidy."):
        return f"{asked.split()[0]} {rng.choice(WORDS)} tidied"
    if asked.endswith("Ask."):
        return "\n".join(f"{n}. {rng.choice(WORDS)} {rng.choice(WORDS)}?" for n in range(1, rng.choice((1, 3, 4, 6))))
    if asked.endswith("Say."):
        return " ".join(rng.choices(WORDS, k=4)) if rng.random() < 0.9 else ""
    if asked.endswith("Weigh."):
        return rng.choice(("w=1", "w=2", "w=3", "w=heavy", "hm"))
    return rng.choice(("YES", "YES", "YES", "NO", "maybe")) if re.search("True", asked) else "?"
