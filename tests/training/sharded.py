"""Trainings that one process and two must do alike; torchrun's ranks run `python -m tests.training.sharded FOLDER`."""

import atexit
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from workbench.errors import Checkpointed
from workbench.runs import Stop
from workbench.training.encoding import Sample
from workbench.training.epochs import Epochs
from workbench.training.world import ALONE, World, joined

STEPS = 12
STOP = 5
# Rows of matrices are odd where they may be, so that parts are of unequal length.
_SIZES = {"vocab_size": 63, "hidden_size": 32, "intermediate_size": 49, "num_hidden_layers": 2}


@dataclass(frozen=True)
class Case:
    """What is trained and how; `changes` go into the model's config."""

    optimizer: str = "adamw"
    dtype: str = "float32"
    clip: float = 1.0
    tied: bool = True
    lora: int = 0
    checkpointing: bool = False
    changes: dict[str, Any] = field(default_factory=dict)


CASES = {
    "adamw": Case(),
    "clipped hard": Case(clip=0.1),
    "muon": Case(optimizer="muon", tied=False),
    "adapters": Case(lora=1),
    "activation checkpointing": Case(checkpointing=True),
    "bfloat16": Case(dtype="bfloat16"),
}
# Those whose state is also taken from two processes to one, and back.
MOVED = ("adamw", "muon", "adapters")
# Folders that two processes read: how they are written, how they are read, and what lies over them.
READ: dict[str, dict[str, Any]] = {
    "tied": {},
    "in several files": {"tied": False, "written": "bfloat16"},
    "in half precision": {"read": "bfloat16"},
    "under adapters": {"read": "bfloat16", "lora": 4},
}


def make_samples() -> list[Sample]:
    """Twelve of 2 to 13 tokens, most with weights of their own."""
    rng = random.Random(4)
    made = []
    for length in range(2, 14):
        tokens = tuple(rng.randrange(1, 63) for _ in range(length))
        made.append(Sample(tokens, (*rng.choices((0.0, 0.1, 1.0), k=length - 1), 1.0)))
    return made


def make_learner(case: Case, world: World) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from workbench.training.adapters import with_adapters
    from workbench.training.learner import Learner
    from workbench.training.options import TrainingOptions
    from workbench.training.sharding import shard

    torch.manual_seed(1)
    config = LlamaConfig(num_attention_heads=2, pad_token_id=0, tie_word_embeddings=case.tied, **_SIZES, **case.changes)
    model: Any = LlamaForCausalLM(config)
    if case.checkpointing:
        model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    if case.lora:
        targets = ["q_proj", "v_proj", "down_proj"]
        model = with_adapters(model, TrainingOptions(lora_rank=case.lora, lora_alpha=8.0, lora_targets=targets))
    learner = Learner(model)
    if world.size > 1:
        shard(learner, world, "cpu", case.dtype)
    return learner


def train(name: str, world: World, state: Path, stop_at: int = 0) -> dict[str, Any]:
    """Losses and gradient norms by step, and in the main process sums that tell the last weights; on from `state`.

    With `stop_at` the last process alone asks for a stop behind that step.
    """
    from workbench.training.loop import Phase, Settings
    from workbench.training.sharding import gathered

    case, stop = CASES[name], Stop()
    events: list[dict[str, Any]] = []

    def report(event: dict[str, Any]) -> None:
        events.append(event)
        if event["step"] == stop_at and world.rank == world.size - 1:
            stop.request("a test")

    settings = Settings(
        learning_rate=1e-2, optimizer=case.optimizer, warmup=2, clip=case.clip, micro_batch_tokens=20, dtype=case.dtype
    )
    # Three steps an epoch: the last has two samples, fewer than two processes' micro-batches.
    learner = make_learner(case, world)
    phase = Phase(learner, Epochs(make_samples(), 5, STEPS // 3, seed=1), settings, state, world)
    why = ""
    try:
        phase.run(report, stop)
    except Checkpointed as error:
        why = error.message
    weights = gathered(learner.model.state_dict(), world.main)
    _write(state.with_name(f"{name} written by {world.size}"), learner, world)
    return {
        "why": why,
        "losses": [event["loss"] for event in events],
        "norms": [event["gradient_norm"] for event in events],
        "weights": {key: value.double().flatten().tolist() for key, value in sorted(weights.items())},
    }


def _write(folder: Path, learner: Any, world: World) -> None:
    """As a checkpoint for use."""
    from workbench.training.adapters import save_weights
    from workbench.training.model_folder import whole_weights

    weights = whole_weights(learner, world)
    if world.main:
        save_weights(learner.model, folder, weights)


def as_one(name: str, folder: Path) -> dict[str, Any]:
    """The same training in this process."""
    import torch

    torch.set_num_threads(1)
    return train(name, ALONE, folder / "alone")


@cache
def as_two() -> tuple[dict[str, Any], Path]:
    """What two processes found, once a test session, and the folder with the states that they left."""
    folder = Path(tempfile.mkdtemp(prefix="workbench-sharded-"))
    atexit.register(shutil.rmtree, folder)
    for name in MOVED:
        train(name, ALONE, folder / f"{name} of one", STOP)
    for name, values in READ.items():
        write_folder(folder / name, values)
    launch(__name__, folder)
    return dict(json.loads((folder / "found.json").read_text())), folder


def launch(module: str, folder: Path) -> None:
    """Two processes of a module under torchrun, each with one thread."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
    command += ["--nproc-per-node", "2", "-m", module, str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    subprocess.run(command, check=True, env=environment, cwd=Path(__file__).parents[2])


def main(folder: Path) -> None:
    """One rank: everything once, the main process writes what came of it."""
    with joined("cpu") as world:
        found: dict[str, Any] = {name: train(name, world, folder / "none") for name in CASES}
        for name in MOVED:
            found[f"{name}, stopped"] = train(name, world, folder / f"{name} of two", STOP)
            found[f"{name}, from one"] = train(name, world, folder / f"{name} of one")
        found["world"] = _talk(world)
        found["parts"] = _parts(world)
        found["most at once"] = _most_at_once(world)
        found["read"] = {name: _read(folder / name, values, world) for name, values in READ.items()}
        if world.main:
            (folder / "found.json").write_text(json.dumps(found))


def write_folder(folder: Path, values: dict[str, Any]) -> None:
    """One of those that are read."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(num_attention_heads=2, pad_token_id=0, tie_word_embeddings=values.get("tied", True), **_SIZES)
    torch.manual_seed(3)
    model: Any = LlamaForCausalLM(config).to(getattr(torch, values.get("written", "float32")))
    model.generation_config.max_new_tokens = 77
    model.save_pretrained(folder, max_shard_size=20_000 if "written" in values else "5GB")


def _read(folder: Path, values: dict[str, Any], world: World) -> dict[str, Any]:
    """What is otherwise than in a model that one process loads whole, and how much the second process holds."""
    import torch
    from transformers import AutoModelForCausalLM

    from workbench.training.adapters import with_adapters
    from workbench.training.learner import Learner, check_forward
    from workbench.training.options import TrainingOptions
    from workbench.training.sharding import gathered, is_sharded, shard
    from workbench.training.weights import empty_model, fill, fits, is_empty

    options = TrainingOptions(lora_rank=values.get("lora", 0), seed=9)
    name = values.get("read", "float32")
    dtype = getattr(torch, name)
    learner = Learner(with_adapters(empty_model(folder, dtype), options))
    empty = is_empty(learner) and fits(folder, empty_model(folder, dtype))
    shard(learner, world, "cpu", name)
    fill(learner, folder, options.seed)
    with torch.autocast("cpu", dtype=dtype, enabled=name != "float32"):
        check_forward(learner)
    cut = all(map(is_sharded, learner.parameters()))
    whole: Any = with_adapters(AutoModelForCausalLM.from_pretrained(folder, dtype=dtype), options)
    here, there = gathered(learner.model.state_dict(), world.main), whole.state_dict()
    wrong = [key for key in here if here[key].dtype != there[key].dtype or not torch.equal(here[key], there[key])]
    buffers = dict(whole.named_buffers())
    wrong += [key for key, value in learner.model.named_buffers() if not torch.equal(value, buffers[key])]
    ends = (learner.base.get_input_embeddings().weight, learner.base.get_output_embeddings().weight)
    parts: list[Any] = list(learner.parameters())
    learned = [key for key, weight in learner.model.named_parameters() if weight.requires_grad]
    return {
        "cut": cut,
        "empty": empty and not is_empty(learner),
        "wrong": wrong,
        "names": len(here) == len(there),
        "learned": learned == [key for key, weight in whole.named_parameters() if weight.requires_grad],
        "tied": ends[0] is ends[1],
        "says": learner.base.generation_config.max_new_tokens,
        "share": _of_the_other(sum(part.to_local().numel() for part in parts), world) / sum(p.numel() for p in parts),
    }


def _talk(world: World) -> dict[str, Any]:
    """What the second process hears from the first, told to the first."""
    heard = {
        "sum": world.sum([1.0, 10.0 * world.rank, 2.0**-40]),
        "any of none": world.any(False),
        "any of one": world.any(not world.main),
        "shared": world.share({"from": world.rank}),
        "first": world.first("a wish" if world.rank else ""),
        "main": world.main,
    }
    return dict(_of_the_other(heard, world))


def _of_the_other(value: Any, world: World) -> Any:
    from torch.distributed import broadcast_object_list

    box = [value]
    broadcast_object_list(box, src=world.size - 1)
    return box[0]


def _parts(world: World) -> dict[str, Any]:
    """Elements of the decoder's weights in this process and in all, and the modules that were cut for themselves."""
    from torch.distributed.fsdp import FSDPModule

    learner = make_learner(CASES["adamw"], world)
    mine = sum(weight.to_local().numel() for weight in learner.parameters())
    whole = sum(weight.numel() for weight in learner.parameters())
    kinds = [type(module).__name__ for module in learner.modules() if isinstance(module, FSDPModule)]
    return {"shares": [mine, _of_the_other(mine, world)], "whole": whole, "kinds": kinds}


def _most_at_once(world: World) -> list[int]:
    """How many whole tensors the second process ever has at once while the first is given all of them."""
    from torch.distributed.tensor import DTensor

    from workbench.training.sharding import gathered

    tensors = make_learner(CASES["adamw"], world).state_dict()
    alive, most = set[int](), [0]
    put_together: Callable[..., Any] = DTensor.full_tensor

    def counted(tensor: Any, **settings: Any) -> Any:
        import weakref

        whole = put_together(tensor, **settings)
        alive.add(id(whole))
        weakref.finalize(whole, alive.discard, id(whole))
        most[0] = max(most[0], len(alive))
        return whole

    DTensor.full_tensor = counted  # type: ignore[method-assign,assignment]
    kept = gathered(tensors, world.main)
    DTensor.full_tensor = put_together  # type: ignore[method-assign]
    return [len(kept), *_of_the_other([len(kept), most[0]], world), len(tensors)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
