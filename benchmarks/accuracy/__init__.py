"""Scores of joint training, of each task alone, and of stock spaCy."""
