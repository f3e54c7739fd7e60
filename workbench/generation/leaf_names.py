"""Names of leaves where a path cannot stand: `knowledge/a/b` as `knowledge_a_b`."""

from collections import Counter
from collections.abc import Sequence

from workbench.records import digest_bytes


def flat_names(paths: Sequence[str]) -> dict[str, str]:
    """A file name for each path: `/` as `_`, with six digits of the path's digest behind it where two would be one."""
    flat = {path: path.replace("/", "_") for path in paths}
    several = Counter(name.casefold() for name in flat.values())
    return {
        path: name if several[name.casefold()] == 1 else f"{name}-{digest_bytes(path.encode())[:6]}"
        for path, name in flat.items()
    }


def service_names(paths: Sequence[str]) -> dict[str, str]:
    """As the managed service counts them: `knowledge_a_b`, `compositional_c`; with `/` kept where two would be one."""
    flat = {path: _service(path).replace("/", "_") for path in paths}
    several = Counter(flat.values())
    return {path: name if several[name] == 1 else _service(path) for path, name in flat.items()}


def _service(path: str) -> str:
    kind, _, rest = path.partition("/")
    return f"{'knowledge' if kind == 'knowledge' else 'compositional'}_{rest}"
