"""The bare encoder by each engine that is installed: what a user could get without spaCy."""
