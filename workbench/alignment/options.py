"""What an alignment can be told."""

from workbench.options import Options, option

# Those of llama.cpp's formats that keep a model usable; `workbench model quantize` knows all of them.
QUANTIZATIONS = ("Q3_K_M", "Q4_0", "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K", "Q8_0")


class AlignmentOptions(Options):
    """Options of `workbench model train` and of the notebook 04_train."""

    data: str = option("demo", "data run to train on, by name or id", result=False)
    base_model: str = option(
        "seedling-base", "student, an embedded model's name or a Hugging Face folder", result=False
    )
    phase_1_epochs: int = option(8, "times through the knowledge rows", minimum=0, maximum=1000)
    phase_1_learning_rate: float = option(0.003, "peak learning rate of phase 1", minimum=0.0, maximum=1.0)
    phase_1_effective_batch_size: int = option(32, "rows a step of phase 1", minimum=1, maximum=100000)
    phase_2_epochs: int = option(4, "times through the skills rows", minimum=0, maximum=1000)
    phase_2_learning_rate: float = option(0.002, "peak learning rate of phase 2", minimum=0.0, maximum=1.0)
    phase_2_effective_batch_size: int = option(32, "rows a step of phase 2", minimum=1, maximum=100000)
    optimizer: str = option("muon", "optimizer of the layers' matrices", choices=("muon", "adamw"))
    max_length: int = option(512, "longest row in tokens", minimum=8, maximum=131072)
    most_left_out: float = option(0.1, "share of rows that may be too long or empty", minimum=0.0, maximum=1.0)
    quantization: str = option("Q4_K_M", "kind of the quantised GGUF", choices=QUANTIZATIONS)
    seed: int = option(42, "seed of the order of rows", minimum=0)
    name: str = option("demo", "name of the run", result=False)
    device: str = option("auto", "device to train on", choices=("auto", "cpu", "cuda", "mps"), result=False)
    threads: int = option(0, "threads, 0 takes the processors of the machine", minimum=0, result=False)
