"""Pages that open offline: the report of a training, and the evaluation of a pipeline."""
