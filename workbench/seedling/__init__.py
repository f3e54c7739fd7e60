"""The recipe of the embedded models: its invented world, the exercises drawn from it, the training, the trial.

In: `world.yaml` and the prompts of the compact flow. Out: the folder seedling-base and seedling-teacher-Q4_K_M.gguf.
"""
