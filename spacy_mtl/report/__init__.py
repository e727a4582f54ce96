"""Report losses, weights, gradient norms and conflicts of each task during training."""
