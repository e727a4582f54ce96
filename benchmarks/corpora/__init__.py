"""Compare tasks from different corpora on one encoder: scheduled, alone, and in stock spaCy."""
