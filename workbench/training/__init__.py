"""One phase of training: conversations to tokens, packed batches, the loop, checkpoints.

In: JSONL rows of `messages` and a model in memory. Out: the model trained, a state to go on from, events of every step.
"""
