"""What an alignment can be told."""

from typing import Any

from workbench.evaluation.options import BENCHMARKS, QuestionOptions
from workbench.options import option
from workbench.training.options import TrainingOptions

# Those of llama.cpp's formats that keep a model usable; `workbench model quantize` knows all of them.
QUANTIZATIONS = ("Q3_K_M", "Q4_0", "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K", "Q8_0")
STRATEGIES = ("lab-multiphase", "lab-skills-only")
# The questions with their passage show whether the base can read, and training rows can be learned by rote.
CHOOSERS = ("auto", "last", "validation_loss", *(name for name in BENCHMARKS if name not in ("reading", "rows")))


class AlignmentOptions(TrainingOptions, QuestionOptions):
    """Options of `workbench model train` and `model align`, and of the notebook 04_train.

    Figures of a phase that are None are those that suit the size of the base.
    """

    data: str = option("demo", "data run to train on, by name or id", result=False)
    base_model: str = option(
        "seedling-base", "student, an embedded model's name or a Hugging Face folder", result=False
    )
    strategy: str = option("lab-multiphase", "knowledge and then skills, or the skills alone", choices=STRATEGIES)
    phase_1_epochs: int | None = option(
        None, "times through the knowledge rows, left open it suits the base", minimum=0, maximum=1000
    )
    phase_1_learning_rate: float | None = option(
        None, "peak learning rate of phase 1, left open it suits the base", minimum=0.0, maximum=1.0
    )
    phase_1_effective_batch_size: int | None = option(
        None, "rows a step of phase 1, left open it suits the base", minimum=1, maximum=100000
    )
    phase_2_epochs: int | None = option(
        None, "times through the skills rows, left open it suits the base", minimum=0, maximum=1000
    )
    phase_2_learning_rate: float | None = option(
        None, "peak learning rate of phase 2, left open it suits the base", minimum=0.0, maximum=1.0
    )
    phase_2_effective_batch_size: int | None = option(
        None, "rows a step of phase 2, left open it suits the base", minimum=1, maximum=100000
    )
    optimizer: str = option(
        "auto",
        "optimizer, muon for the layers' matrices with adamw for the rest, auto takes what suits the base",
        choices=("auto", "muon", "adamw", "adamw_8bit"),
    )
    choose_by: str = option("auto", "what chooses the checkpoint of each phase", choices=CHOOSERS)
    evaluate: bool = option(False, "ask base and trained model the benchmarks in the end", result=False)
    training_file: list[str] = option(
        [], "train on this file in one phase, with the figures of phase 1; may be given again", result=False
    )
    quantization: str = option("Q4_K_M", "kind of the quantised GGUF", choices=QUANTIZATIONS)
    tensorboard: bool = option(False, "also write the figures for TensorBoard", result=False)
    name: str = option("demo", "name of the run", result=False)

    def result_values(self) -> dict[str, Any]:
        """What is asked in the end changes no weights; what chooses a checkpoint is among the inputs."""
        found = super().result_values()
        return {name: value for name, value in found.items() if name not in QuestionOptions.model_fields}
