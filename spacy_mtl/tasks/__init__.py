"""What a task is: of heads of this package and of components of spaCy."""
