"""How far a training moved a model's weights."""

from pathlib import Path

# Of a large model some matrices, evenly spread over it, say as much as all.
_MOST = 24


def drift(base: Path, trained: Path) -> float | None:
    """The median over matrices of `|trained - base| / |base|`, lengths of their numbers; None where the two folders
    have no matrix in common."""
    import torch
    from safetensors import safe_open

    shapes = {name: path for path in sorted(trained.glob("*.safetensors")) for name in _names(path)}
    before = {name: path for path in sorted(base.glob("*.safetensors")) for name in _names(path)}
    common = sorted(shapes.keys() & before.keys())
    moved = []
    for name in common[:: max(1, len(common) // _MOST)]:
        with safe_open(before[name], "pt") as old, safe_open(shapes[name], "pt") as new:
            was, now = old.get_tensor(name).float(), new.get_tensor(name).float()
        if was.ndim == 2 and was.shape == now.shape and float(was.norm()):
            moved.append(float((now - was).norm() / was.norm()))
    return float(torch.tensor(moved).median()) if moved else None


def _names(path: Path) -> list[str]:
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        return list(file.keys())
