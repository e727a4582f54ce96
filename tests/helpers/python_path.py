"""Where processes that are started find modules."""

import os
import sys


def python_path() -> str:
    """RETURNS: The value of PYTHONPATH with which they find what this process finds."""
    return os.pathsep.join(filter(None, sys.path))
