"""Many machines: how fast collections are annotated by the workers of an engine."""
