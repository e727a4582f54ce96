"""Tasks: one interface to this package's heads and spaCy's components."""
