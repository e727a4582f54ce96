"""Checking and quantizing trained pipelines."""
