"""Synthetic data: a teacher asks and answers, a critic weeds, and every sample can be traced to its leaf and seed.

In: the leaves of a taxonomy, their documents, a flow. Out: `synthetic_data/<run>/` with samples per leaf, training
files, held-out questions and counts that add up.
"""
