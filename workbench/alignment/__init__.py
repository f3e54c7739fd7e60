"""What the managed service calls a model: phase 1 on knowledge, phase 2 on skills with replay, weights and GGUF.

In: a run of generated data and a base model. Out: `trained_models/<run>/` with checkpoints, `Model/` and `GGUF/`.
"""
