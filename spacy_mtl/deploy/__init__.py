"""What happens to a pipeline after it is trained."""
