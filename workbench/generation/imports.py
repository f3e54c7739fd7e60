"""What a job takes over instead of generating it: earlier runs and people's own files, in any mix."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.errors import OptionsError, RecordError
from workbench.generation.earlier_runs import EarlierRun, find_runs
from workbench.generation.flow import Flow
from workbench.generation.options import GenerationOptions
from workbench.generation.own_samples import own_samples
from workbench.generation.pipeline import replay_file
from workbench.generation.recipes import ENDINGS, drawn, read_recipe
from workbench.generation.row_files import BadLine, FileRows, read_rows
from workbench.generation.row_forms import Conversation
from workbench.generation.training_rows import plain_row
from workbench.records import digest_file, digest_json, write_text
from workbench.workspace import Workspace

Record = dict[str, Any]
_SHOWN = 10


@dataclass(frozen=True)
class Imports:
    """Samples of `files` and of `runs`; `held` are samples that those runs held out, `heldout` their questions.

    `replay` and `precomputed` are training rows; `sources` says for the manifest what came from where.
    """

    files: Sequence[Record] = ()
    runs: Sequence[Record] = ()
    held: Sequence[Record] = ()
    heldout: Sequence[Record] = ()
    questions: Sequence[Record] = ()
    replay: Sequence[Record] = ()
    precomputed: Sequence[Record] = ()
    sources: Sequence[Record] = ()
    bad: Sequence[BadLine] = ()
    models: Sequence[str] = ()


def wants_imports(options: GenerationOptions) -> bool:
    """Whether there is anything to take over."""
    return bool(options.internal_ids or options.knowledge_paths or options.skills_paths)


def digest_imports(options: GenerationOptions, flow: Flow, workspace: Workspace) -> dict[str, str]:
    """SHA-256 of what is read of runs and files, by contents; RecordError lists bad lines before anything is written.

    Without such sources there is the digest of the replay alone.
    """
    if not options.taxonomy and not wants_imports(options):
        hint = "name earlier runs with internal_ids, or files with knowledge_paths and skills_paths"
        raise OptionsError("there is nothing to make data of: no taxonomy, no run and no file", hint=hint)
    replay = find_replay(options, flow, workspace)
    digests = {"replay": digest_json(_file_digests(replay)) if replay else ""}
    if wants_imports(options):
        runs = [[digest_file(path) for path in run.files] for run in find_runs(options.internal_ids, workspace)]
        digests["runs"] = digest_json(runs)
        for phase, path in _paths(options, workspace):
            _read(path, options, workspace)
            digests[phase] = digest_json([digests.get(phase, ""), path.stem, *_file_digests(path)])
    if options.precomputed_skills:
        digests["precomputed"] = digest_json(_file_digests(workspace.resolve(options.precomputed_skills)))
    return digests


def read_imports(options: GenerationOptions, flow: Flow, workspace: Workspace) -> Imports:
    """All of it, read anew from where it lies."""
    runs = find_runs(options.internal_ids, workspace)
    files = [(phase, path, _read(path, options, workspace)) for phase, path in _paths(options, workspace)]
    taken = [run.samples() for run in runs]
    brought = [(phase, [_without_replay(part) for part in parts]) for phase, _, parts in files]
    samples = [[one for part in parts for one in own_samples(part, phase)] for phase, parts in brought]
    replayed = [row for _, _, parts in files for part in parts for _, row in part.rows if _is_replay(row)]
    replay = find_replay(options, flow, workspace)
    named = options.precomputed_skills
    return Imports(
        files=[one for each in samples for one in each],
        runs=[one for trained, _ in taken for one in trained],
        held=[one for _, held in taken for one in held],
        heldout=[row for run in runs for row in run.heldout()],
        questions=[row for run in runs for row in run.questions()],
        replay=_rows("replay", replay, runs, replayed),
        precomputed=_rows("precomputed", workspace.resolve(named) if named else None, runs),
        sources=[
            *map(_run_source, runs),
            *(_file_source(*file, each) for file, each in zip(files, samples, strict=True)),
        ],
        bad=[line for _, _, parts in files for part in parts for line in part.bad],
        models=[run.model for run in runs],
    )


def find_replay(options: GenerationOptions, flow: Flow, workspace: Workspace) -> Path | None:
    """The file of rows that keep what the student knows; what the flow brings goes with generated samples only."""
    if options.replay == "auto":
        return replay_file(flow) if options.taxonomy else None
    return None if options.replay in ("", "none") else workspace.resolve(options.replay)


def _paths(options: GenerationOptions, workspace: Workspace) -> list[tuple[str, Path]]:
    """Each file with the phase that it is for."""
    found = []
    for phase, texts in (("knowledge", options.knowledge_paths), ("skills", options.skills_paths)):
        found += [
            (phase, workspace.resolve(part.strip())) for text in texts for part in text.split(",") if part.strip()
        ]
    return found


def _read(path: Path, options: GenerationOptions, workspace: Workspace) -> list[FileRows]:
    """A file's rows, or those that a recipe draws; RecordError where more of it is bad than was allowed."""
    parts = _parts(path, options.seed)
    bad = [line for part in parts for line in part.bad]
    hopeless = [part for part in parts if part.hopeless]
    if not any(part.rows for part in parts) and not bad:
        raise RecordError(
            f"{path} holds no rows", hint='a row is {"messages": [...]}, or {"question": ..., "answer": ...}'
        )
    if bad and (hopeless or not options.skip_bad):
        raise _refused(path, bad, sum(len(part.rows) for part in parts), workspace)
    return parts


def _parts(path: Path, seed: int) -> list[FileRows]:
    if path.suffix.casefold() not in ENDINGS:
        return [read_rows(path)]
    recipe = read_recipe(path)
    parts = []
    for one in recipe.datasets:
        found = read_rows(one.path)
        size = min(one.count(len(found.rows)), len(found.rows))
        rows = drawn(found.rows, size, random.Random(f"{seed}:recipe:{one.path.name}"))
        parts.append(replace(found, rows=[(line, row.under(recipe.system_prompt)) for line, row in rows]))
    return parts


def _refused(path: Path, bad: Sequence[BadLine], good: int, workspace: Workspace) -> RecordError:
    """Names the first bad lines; all of them are written to a file in the cache."""
    lines = [str(line) for line in bad]
    report = workspace.cache / "imports" / f"{path.stem}-{digest_json(lines)[:8]}.txt"
    write_text(report, "".join(f"{line}\n" for line in lines))
    shown = "\n".join(f"  {line}" for line in lines[:_SHOWN])
    more = f"\n  and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
    hint = f"all of them are listed in {report}; "
    hint += "is it the right file?" if len(bad) > good else "correct them, or leave them out with --skip-bad"
    return RecordError(f"{path}: {len(bad):,} of {good + len(bad):,} rows cannot be read:\n{shown}{more}", hint=hint)


def _is_replay(row: Conversation) -> bool:
    """Whether a run mixed it in to keep what the student knew; such rows are samples of no leaf."""
    return str(row.metadata.get("dataset", "")).startswith("replay")


def _without_replay(part: FileRows) -> FileRows:
    return replace(part, rows=[(line, row) for line, row in part.rows if not _is_replay(row)])


def _rows(
    name: str, path: Path | None, runs: Iterable[EarlierRun], others: Iterable[Conversation] = ()
) -> list[Record]:
    """Rows of a file or recipe, of earlier runs and others, each once; RecordError for a bad line."""
    parts = _parts(path, 0) if path else []
    bad = [line for part in parts for line in part.bad]
    if bad:
        raise RecordError(f"{bad[0]}", hint=f"{name}: every line must be a row; {len(bad)} are not")
    rows = [plain_row(row, str(row.metadata.get("dataset") or name)) for part in parts for _, row in part.rows]
    rows += [row for run in runs for row in run.rows(name)]
    rows += [plain_row(row, name) for row in others]
    return list({digest_json(row["messages"]): row for row in reversed(rows)}.values())[::-1]


def _file_digests(path: Path) -> list[str]:
    """Of a file, or of a recipe and the files that it names."""
    named = [one.path for one in read_recipe(path).datasets] if path.suffix.casefold() in ENDINGS else []
    return [digest_file(one) for one in (path, *named)]


def _run_source(run: EarlierRun) -> Record:
    one = run.run
    return {"from": "run", "name": one.name, "folder": one.folder.name, "id": one.id, "fingerprint": one.fingerprint}


def _file_source(phase: str, path: Path, parts: Sequence[FileRows], samples: Sequence[Record]) -> Record:
    bad = sum(len(part.bad) for part in parts)
    return {"from": "file", "phase": phase, "name": path.name, "rows": len(samples), "bad_lines": bad}
