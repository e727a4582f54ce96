"""Which corpus gives the next batch."""
