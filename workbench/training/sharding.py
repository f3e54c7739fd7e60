"""A model, its gradients and its optimizer states in equal parts over several processes, by torch's FSDP2.

Every function that moves tensors between processes must be called by all of them, in the same order.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.training.world import World

if TYPE_CHECKING:
    from torch import Tensor
    from torch.distributed.tensor import DTensor
    from torch.nn import Module, Parameter
    from torch.optim import Optimizer


def shard(learner: "Module", world: World, device: str, dtype: str) -> None:
    """Cut every decoder layer, and what is left in the learner, into one part a process; `dtype` as in Settings.

    Parameters become other objects, so optimizers are made afterwards. A layer computes with weights in `dtype` and its
    gradients are added up in float32; embeddings, head and last norm stay as they are and leave the rest to autocast,
    so that the numbers are those of one process. `device` is cpu or cuda.
    """
    import torch
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    mesh = init_device_mesh(device, (world.size,))
    half = None if dtype == "float32" else getattr(torch, dtype)
    # What goes into a layer is autocast's affair: casting here would round the loss weights and the positions too.
    policy = MixedPrecisionPolicy(param_dtype=half, reduce_dtype=torch.float32, cast_forward_inputs=False)
    for layer in decoder_layers(learner):
        fully_shard(layer, mesh=mesh, mp_policy=policy)
    fully_shard(learner, mesh=mesh)


def decoder_layers(learner: "Module") -> list["Module"]:
    """The blocks that the model itself says must stay in one piece; adapters inside them belong to them."""
    kinds = {kind for module in learner.modules() for kind in (getattr(module, "_no_split_modules", None) or ())}
    return [module for module in learner.modules() if type(module).__name__ in kinds]


def is_sharded(tensor: "Tensor") -> bool:
    """Whether this process holds only a part of it."""
    return hasattr(tensor, "full_tensor")


def clip(weights: Iterable["Parameter"], limit: float) -> float:
    """Scale the gradients down to the norm `limit`; returns their norm before, over all processes."""
    from torch.nn.utils import clip_grad_norm_

    norm: Any = clip_grad_norm_(weights, limit)
    return float(norm.full_tensor() if is_sharded(norm) else norm)


def wholes(tensors: Mapping[str, "Tensor"]) -> Iterator[tuple[str, "Tensor"]]:
    """Each tensor put together, one at a time: a process needs room for its parts and one whole tensor."""
    for name, value in tensors.items():
        whole: Any = value.detach()
        yield name, whole.full_tensor() if is_sharded(whole) else whole


def gathered(tensors: Mapping[str, "Tensor"], main: bool) -> dict[str, "Tensor"]:
    """All tensors whole, in the main process' memory; nothing in the others."""
    kept = {}
    for name, whole in wholes(tensors):
        if main:
            kept[name] = whole.cpu()
        del whole  # Before the next one is put together.
    return kept


def own_state(
    tensors: Mapping[str, "Tensor"], model: "Module", optimizers: Sequence["Optimizer"]
) -> dict[str, "Tensor"]:
    """Of whole tensors, named as a checkpoint names them, the parts of this process; what is not cut stays as it is."""
    likes: dict[str, Tensor] = {f"model.{name}": value for name, value in model.state_dict().items()}
    for number, optimizer in enumerate(optimizers):
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        likes |= {f"optimizer.{number}.{index}": weight for index, weight in enumerate(weights)}
    found = {name: likes.get(name, likes.get(name.rpartition(".")[0])) for name in tensors}
    return {name: own_part(value, found[name]) for name, value in tensors.items()}


def own_part(whole: "Tensor", like: "Tensor | None") -> "Tensor":
    """What belongs to this process where a tensor is cut as `like` is; all of it if that has another shape or is whole.

    Only that part is read: of a tensor in a mapped file the rest stays on the disk.
    """
    if like is None or not is_sharded(like) or whole.shape != like.shape:
        return whole
    cut: Any = like
    local = cut.to_local()
    start = cut.device_mesh.get_local_rank() * _rows(cut)
    # Of an empty tensor the part is on no device yet.
    return _as(whole[start : start + len(local)].to(cut.device_mesh.device_type, copy=True), cut)


def orthogonal_parts(momenta: Sequence["DTensor"], orthogonal: "Callable[[Tensor], Tensor]") -> list["DTensor"]:
    """`orthogonal` of matrices of one shape `[rows, columns]` that are cut by rows, each cut again as it came.

    The matrices are dealt out: each process puts its share of them together, orthogonalises those, and sends their
    parts back. It then holds, beside its parts, as many whole matrices as its parts make up.
    """
    import torch

    size, rank = momenta[0].device_mesh.size(), momenta[0].device_mesh.get_local_rank()
    found = [_collect(momentum, number % size) for number, momentum in enumerate(momenta)]
    own = [matrix for matrix in found if matrix is not None]
    done = iter(orthogonal(torch.stack(own)) if own else ())
    return [
        _deal(next(done) if number % size == rank else None, momentum, number % size)
        for number, momentum in enumerate(momenta)
    ]


def _rows(cut: "DTensor") -> int:
    """Rows of a part; the last parts may be shorter, or empty."""
    return -(-cut.shape[0] // cut.device_mesh.size())


def _as(part: "Tensor", like: "DTensor") -> "DTensor":
    from torch.distributed.tensor import DTensor

    return DTensor.from_local(
        part, like.device_mesh, like.placements, run_check=False, shape=like.shape, stride=like.stride()
    )


def _collect(cut: "DTensor", owner: int) -> "Tensor | None":
    """The whole matrix in the process `owner`; None in the others."""
    import torch
    from torch.distributed import gather

    local, mesh = cut.to_local(), cut.device_mesh
    part = local.new_zeros(_rows(cut), cut.shape[1])
    part[: len(local)] = local
    parts = [torch.empty_like(part) for _ in range(mesh.size())] if mesh.get_local_rank() == owner else None
    gather(part, parts, dst=owner)
    return torch.cat(parts)[: cut.shape[0]] if parts else None


def _deal(whole: "Tensor | None", like: "DTensor", owner: int) -> "DTensor":
    """Sends the parts of the owner's matrix to where they belong."""
    from torch.distributed import scatter

    local, rows, size = like.to_local(), _rows(like), like.device_mesh.size()
    parts = None
    if whole is not None:
        padded = whole.new_zeros(rows * size, like.shape[1])
        padded[: like.shape[0]] = whole
        parts = list(padded.chunk(size))
    part = local.new_empty(rows, like.shape[1])
    scatter(part, parts, src=owner)
    return _as(part[: len(local)], like)
