"""Confidences: how well they are calibrated, how to mend them, and when to believe them."""
