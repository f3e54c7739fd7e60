"""The processes that train one model together, and the few things that they tell each other.

Tensors of the model travel by themselves (`sharding.py`); here are the counts, wishes and plans of the loop.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")
# A rank that waits this long for another has lost it: saving a large model takes minutes, nothing takes longer.
_PATIENCE = timedelta(minutes=30)


@dataclass(frozen=True)
class World:
    """`size` processes, of which this is number `rank`; alone it needs nothing of torch.distributed.

    Every method that asks the others must be called by all of them, in the same order.
    """

    rank: int = 0
    size: int = 1

    @property
    def main(self) -> bool:
        """Whether this process writes files and speaks for all."""
        return self.rank == 0

    def sum(self, values: Sequence[float]) -> list[float]:
        """Each value summed over the processes, in float64; every process gets the same sums."""
        if self.size == 1:
            return [float(value) for value in values]
        import torch
        from torch.distributed import all_reduce

        total = torch.tensor([float(value) for value in values], dtype=torch.float64)
        all_reduce(total)
        return [float(value) for value in total]

    def any(self, flag: bool) -> bool:
        """Whether one of them said yes; all of them get the same answer."""
        return self.sum([float(flag)])[0] > 0

    def first(self, text: str) -> str:
        """The first text among theirs, in the order of their ranks, that is not empty; all get the same."""
        if self.size == 1:
            return text
        from torch.distributed import all_gather_object

        texts = [""] * self.size
        all_gather_object(texts, text)
        return next(filter(None, texts), "")

    def share(self, value: T) -> T:
        """What the main process has, in all of them; the others' own values are ignored."""
        if self.size == 1:
            return value
        from torch.distributed import broadcast_object_list

        box = [value]
        broadcast_object_list(box, src=0)
        return box[0]

    def barrier(self) -> None:
        """Comes back once all of them are here."""
        self.sum([0.0])

    def wait_for_all(self, patience: timedelta) -> None:
        """Comes back once all of them are here, or are lost, or have not come in time."""
        if self.size == 1:
            return
        import torch
        from torch.distributed import all_reduce

        with suppress(RuntimeError):  # What gloo raises for a lost process and for one that is late.
            all_reduce(torch.zeros(1), async_op=True).wait(patience)


ALONE = World()


@contextmanager
def joined(device: str, environment: Mapping[str, str] = os.environ) -> Iterator[World]:
    """The world that torchrun's variables in the environment describe, left at a good end.

    `device` is cpu or cuda. Counts always travel over gloo, so that asking for them never waits for a GPU's queue;
    tensors on CUDA travel over NCCL (untested: there was one GPU at most).
    """
    from torch import cuda, distributed

    world = World(int(environment["RANK"]), int(environment["WORLD_SIZE"]))
    if device == "cuda":
        cuda.set_device(int(environment["LOCAL_RANK"]))
    backend = "cpu:gloo,cuda:nccl" if device == "cuda" else "gloo"
    distributed.init_process_group(backend, rank=world.rank, world_size=world.size, timeout=_PATIENCE)
    yield world
    # Not behind an error: the others may never come, and leaving with a GPU's collectives under way waits for them.
    distributed.destroy_process_group()
