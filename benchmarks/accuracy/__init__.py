"""Compare scores of joint training, each task alone, and stock spaCy."""
