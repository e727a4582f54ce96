"""What training reports of each task: losses, weights, gradient norms, conflicts."""
