"""Multi-task learning for spaCy: several heads on one shared encoder, trained jointly.

Importing this package is cheap. spaCy finds the factories and architectures by
their entry points and imports what a config names, when it names it.
"""

__version__ = "0.1.0"
