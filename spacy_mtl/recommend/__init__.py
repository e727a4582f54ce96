"""Recommend a config for given tasks, corpora and encoder, with the reasons as comments.

The numbers are those that were found to work by measuring: see benchmarks/README.md.
"""
