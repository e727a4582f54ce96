"""Training that can be interrupted and continued: spaCy's loop, with checkpoints."""
