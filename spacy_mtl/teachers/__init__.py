"""Teachers: trained pipelines whose probabilities a head learns from."""
