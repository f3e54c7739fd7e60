"""What the managed service calls a model: phase 1 on knowledge, phase 2 on skills with replay, the checkpoint of each
chosen, weights and GGUF, base and trained model compared.

In: a run of generated data and a base model. Out: `trained_models/<run>/` with checkpoints, `Model/`, `GGUF/`, `Eval/`.
"""
