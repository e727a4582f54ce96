"""Where batches of rows are annotated: in this process, in others, or by Ray or Spark."""
