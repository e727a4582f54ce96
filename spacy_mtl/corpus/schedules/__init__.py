"""Schedules decide which corpus the next batch comes from."""
