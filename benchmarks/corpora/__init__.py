"""Tasks from different corpora under one encoder: scheduled, each alone, and by stock spaCy."""
