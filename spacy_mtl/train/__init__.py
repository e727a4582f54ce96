"""spaCy's training loop with checkpoints, so that training can be interrupted and resumed."""
