"""What a model knows: benchmarks asked of the base and of the trained model, and what changed, leaf by leaf.

In: a model, its base, a data run, a taxonomy's seeds. Out: a journal of every item, `Artifacts/<benchmark>.json`, the
managed service's `model_metrics`, and a report. Nothing heavy is imported until a model is opened.
"""
