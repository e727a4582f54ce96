"""Adding tasks to a trained pipeline: three ways, and what they do to the old tasks."""
