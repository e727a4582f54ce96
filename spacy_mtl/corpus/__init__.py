"""Decide which examples come next, and which tasks they annotate."""
