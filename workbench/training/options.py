"""What any training can be told, beside its data, its base and the figures of a phase."""

from workbench.options import Options, option


class TrainingOptions(Options):
    """Options that every training shares; what cannot change the weights is no part of a run's fingerprint."""

    optimizer: str = option(
        "muon",
        "optimizer, muon for the layers' matrices with adamw for the rest",
        choices=("muon", "adamw", "adamw_8bit"),
    )
    schedule: str = option(
        "cosine", "course of the learning rate behind the warm-up", choices=("cosine", "linear", "constant")
    )
    warmup_share: float = option(0.1, "share of the steps with a rising rate", minimum=0.0, maximum=1.0)
    weight_decay: float = option(0.0, "weight decay, apart from the gradient", minimum=0.0, maximum=1.0)
    clip: float = option(1.0, "longest gradient, longer ones are cut to it", minimum=0.001, maximum=1000.0)
    max_length: int = option(512, "longest row in tokens", minimum=8, maximum=131072)
    min_length: int = option(0, "shortest row in tokens", minimum=0, maximum=131072)
    most_left_out: float = option(0.1, "share of rows that may be left out", minimum=0.0, maximum=1.0)
    validation_share: float = option(0.0, "share of rows set aside to validate on", minimum=0.0, maximum=0.9)
    validate_every: int = option(0, "steps between validations, 0 takes each epoch", minimum=0)
    save_every_samples: int = option(0, "rows between checkpoints, 0 takes each epoch", minimum=0)
    keep_checkpoints: str = option(
        "all",
        "checkpoints that stay, of chosen all until one is chosen",
        choices=("all", "chosen", "last", "best"),
    )
    pack_whole_set: bool = option(False, "pack rows over the whole set, not within each step's batch")
    precision: str = option(
        "auto", "numbers that are computed with", choices=("auto", "float32", "bfloat16", "bfloat16_weights")
    )
    attention: str = option(
        "auto", "how packed rows are kept apart", choices=("auto", "ragged", "padded"), result=False
    )
    lora_rank: int = option(0, "rank of LoRA adapters, 0 trains all weights", minimum=0, maximum=4096)
    lora_alpha: float = option(32.0, "scale of the adapters, divided by their rank", minimum=0.0, maximum=4096.0)
    lora_dropout: float = option(0.0, "dropout before the adapters", minimum=0.0, maximum=0.9)
    lora_targets: list[str] = option([], "layers with adapters, none named takes all linear ones of the decoder")
    quantize_base: str = option("none", "how a base under adapters is held", choices=("none", "nf4"))
    micro_batch_tokens: int = option(0, "tokens computed at once, 0 takes what fits", minimum=0, result=False)
    activation_checkpointing: str = option(
        "auto", "compute activations again instead of keeping them", choices=("auto", "on", "off"), result=False
    )
    compile: bool = option(False, "compile the model with torch, which pays in long runs", result=False)
    processes: int = option(1, "processes that train together, one a GPU", minimum=1, maximum=1024, result=False)
    seed: int = option(42, "seed of the order of rows", minimum=0)
    device: str = option("auto", "device to train on", choices=("auto", "cpu", "cuda", "mps"), result=False)
    threads: int = option(0, "threads, 0 takes the processors of the machine", minimum=0, result=False)
