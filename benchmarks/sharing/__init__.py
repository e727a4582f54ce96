"""Compare sharing schemes: their scores and what they cost."""
