"""Speed of this package and of stock spaCy, relative to the bare encoder."""
