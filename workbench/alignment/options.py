"""What an alignment can be told."""

from workbench.options import option
from workbench.training.options import TrainingOptions

# Those of llama.cpp's formats that keep a model usable; `workbench model quantize` knows all of them.
QUANTIZATIONS = ("Q3_K_M", "Q4_0", "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K", "Q8_0")


class AlignmentOptions(TrainingOptions):
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
    training_file: list[str] = option(
        [], "train on this file in one phase, with the figures of phase 1; may be given again", result=False
    )
    quantization: str = option("Q4_K_M", "kind of the quantised GGUF", choices=QUANTIZATIONS)
    tensorboard: bool = option(False, "also write the figures for TensorBoard", result=False)
    name: str = option("demo", "name of the run", result=False)
