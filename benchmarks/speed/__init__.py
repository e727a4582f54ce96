"""Compare the speed of this package and stock spaCy with the bare encoder."""
