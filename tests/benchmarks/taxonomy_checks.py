"""How long a taxonomy's check takes, beside the upstream parser called on each of its files.

    python tests/benchmarks/taxonomy_checks.py [--leaves 1000] [--rounds 2] [--upstream-files 1000]

A taxonomy is written: of three leaves, one is knowledge with its document, one a freeform skill and one a grounded
one. Arms take turns in slices of 50 leaves: upstream's parser as it is, with the yamllint process that it starts for
each file; this package's check of whole leaves, which also reads attributions and looks for contexts in documents,
with an empty cache; and the same again over unchanged files. Beside the cached arm's slices stands one call over the
whole taxonomy, as the command makes it. Of each arm the best round counts, by the time on the clock.
"""

import argparse
import contextlib
import io
import json
import logging
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

import yaml
from instructlab.schema.taxonomy import TaxonomyParser

from workbench.taxonomy.attribution import Attribution, write_attribution
from workbench.taxonomy.findings import Findings
from workbench.taxonomy.lint import LintRules
from workbench.taxonomy.tree import Leaf, Taxonomy, read_taxonomy
from workbench.taxonomy.validation import check_leaves, check_taxonomy

SLICE = 50
GOALS = {"first run": 20, "unchanged files": 100}
_PLACES = "harbour mill bridge tower market garden school library station theatre bakery quarry".split()
_THINGS = "lamp rope bell boat stone wheel clock door ladder barrel window anchor kettle mast chain".split()
_VERBS = "holds repairs paints sells keeps carries measures counts cleans borrows".split()


@dataclass
class Arm:
    """Seconds of each round."""

    name: str
    run: Callable[[Sequence[Leaf]], object]
    seconds: list[float] = field(default_factory=list)


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "taxonomy"
        write_taxonomy(root, arguments.leaves)
        taxonomy = read_taxonomy(root)
        _say(settings=_settings(arguments, taxonomy))
        for found in compare(taxonomy, Path(folder) / "cache", arguments.rounds, arguments.upstream_files):
            _say(**found)


def compare(taxonomy: Taxonomy, cache: Path, rounds: int, upstream_files: int) -> list[dict[str, object]]:
    """One record an arm; the ratio is upstream's time a file by the arm's."""
    leaves = list(taxonomy)
    upstream = Arm("upstream", _upstream)
    arms = [
        Arm("first run", lambda some: check_leaves(some, cache=cache)),
        Arm("unchanged files", lambda some: check_leaves(some, cache=cache)),
    ]
    whole: list[float] = []
    every = max(1, len(leaves) // max(1, upstream_files))
    with _yamllint_on_path():
        for _ in range(rounds):
            shutil.rmtree(cache, ignore_errors=True)
            for arm in (upstream, *arms):
                arm.seconds.append(0.0)
            for start in range(0, len(leaves), SLICE):
                _take(upstream, leaves[start : start + SLICE : every])
                for arm in arms:
                    _take(arm, leaves[start : start + SLICE])
            whole.append(_clocked(lambda: check_taxonomy(taxonomy, cache=cache)))
    asked = sum(len(leaves[start : start + SLICE : every]) for start in range(0, len(leaves), SLICE))
    slow = min(upstream.seconds) / asked
    records = [_record("upstream", slow, asked, 1)]
    for name, seconds in [*((arm.name, min(arm.seconds)) for arm in arms), ("unchanged, one call", min(whole))]:
        records.append(_record(name, seconds / len(leaves), len(leaves), slow / (seconds / len(leaves))))
    return records


def write_taxonomy(root: Path, leaves: int) -> None:
    """The same files for the same number."""
    random = Random(7)
    for number in range(leaves):
        kind = ("knowledge", "freeform", "grounded")[number % 3]
        top = "knowledge" if kind == "knowledge" else "compositional_skills"
        folder = root / top / f"part_{number // 100}" / f"leaf_{number}"
        folder.mkdir(parents=True)
        contents, document = _knowledge(random) if kind == "knowledge" else (_skill(random, kind == "grounded"), "")
        text = yaml.dump(contents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)
        (folder / "qna.yaml").write_text(text)
        if document:
            (folder / "document.md").write_text(document)
        write_attribution(folder / "attribution.txt", Attribution("A town", "-", "", "Apache-2.0", "somebody"))


def _knowledge(random: Random) -> tuple[dict[str, Any], str]:
    passages = ["\n".join(" ".join(_sentence(random) for _ in range(6)) for _ in range(3)) for _ in range(6)]
    document = "# A town\n\n" + "\n\n".join(f"## Part {n}\n\n{text}" for n, text in enumerate(passages)) + "\n"
    seeds = [{"context": text, "questions_and_answers": [_pair(random) for _ in range(3)]} for text in passages[:5]]
    contents = {
        "version": 3,
        "created_by": "somebody",
        "domain": "Towns",
        "document_outline": _sentence(random),
        "seed_examples": seeds,
        "document": {"repo": ".", "commit": "HEAD", "patterns": ["*.md"]},
    }
    return contents, document


def _skill(random: Random, grounded: bool) -> dict[str, Any]:
    seeds = []
    for _ in range(5):
        context = {"context": "\n".join(_sentence(random) for _ in range(5))} if grounded else {}
        seeds.append(context | _pair(random))
    return {"version": 3, "created_by": "somebody", "task_description": _sentence(random), "seed_examples": seeds}


def _pair(random: Random) -> dict[str, str]:
    what, where = random.choice(_THINGS), random.choice(_PLACES)
    return {
        "question": f"Who {random.choice(_VERBS)} the {what} of number {random.randrange(10**6)} at the {where}?",
        "answer": " ".join(_sentence(random) for _ in range(random.randint(1, 3))),
    }


def _sentence(random: Random) -> str:
    return (
        f"The {random.choice(_PLACES)} of {random.choice(_PLACES)} street {random.choice(_VERBS)} "
        f"{random.randrange(2, 999)} {random.choice(_THINGS)}s for the {random.choice(_PLACES)}."
    )


class _Dumper(yaml.SafeDumper):
    """Lists indented, texts of several lines as blocks: how people write these files."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def _upstream(leaves: Sequence[Leaf]) -> int:
    parser = TaxonomyParser(schema_version=0, yamllint_strict=True, message_format="standard")
    with contextlib.redirect_stdout(io.StringIO()):
        return sum(parser.parse(leaf.qna_file).errors for leaf in leaves)


def _take(arm: Arm, leaves: Sequence[Leaf]) -> None:
    found: list[object] = []
    arm.seconds[-1] += _clocked(lambda: found.append(arm.run(leaves)))
    # Both sides have to find the files valid, or they are not doing the same work.
    assert found[0] == 0 or (isinstance(found[0], Findings) and found[0].valid), found[0]


def _clocked(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


@contextlib.contextmanager
def _yamllint_on_path() -> Any:
    """Upstream looks for yamllint on the path and, where it is not there, only logs a warning."""
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{before}"
    assert shutil.which("yamllint"), "there is no yamllint on the path"
    # It logs a traceback for each file where yq is missing, which is only for the line numbers of schema errors.
    logging.getLogger("instructlab.schema.taxonomy").setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        os.environ["PATH"] = before


def _record(name: str, each: float, files: int, ratio: float) -> dict[str, object]:
    goal = {"goal": GOALS[name]} if name in GOALS else {}
    rates = {"milliseconds_per_file": round(each * 1000, 3), "files_per_second": round(1 / each, 1)}
    return {"arm": name, "files": files, **rates, "ratio": round(ratio, 1), **goal}


def _settings(arguments: argparse.Namespace, taxonomy: Taxonomy) -> dict[str, object]:
    names = ("instructlab-schema", "yamllint", "PyYAML", "jsonschema", "rapidfuzz")
    sizes = sorted(leaf.qna_file.stat().st_size for leaf in taxonomy)
    return {
        **{name: version(name) for name in names},
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "rules": LintRules().text,
        "leaves": len(taxonomy),
        "bytes": {"least": sizes[0], "middle": sizes[len(sizes) // 2], "most": sizes[-1]},
        "rounds": arguments.rounds,
        "upstream_files": arguments.upstream_files,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="time of a taxonomy's check beside upstream's parser")
    parser.add_argument("--leaves", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--upstream-files", type=int, default=1000, help="how many of them upstream's parser reads")
    return parser.parse_args()


def _say(**record: object) -> None:
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
