"""Other libraries for multi-task learning, each in an environment of its own."""
