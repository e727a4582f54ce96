"""The entry points in setup.py, read without an installation."""

import ast
from pathlib import Path
from typing import Dict, List

SETUP = Path(__file__).parent.parent.parent / "setup.py"


def entry_points_of_setup() -> Dict[str, List[str]]:
    """RETURNS (Dict[str, List[str]]): Lines "name = module:function" by group."""
    for node in ast.parse(SETUP.read_text(encoding="utf8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ENTRY_POINTS":
            found: Dict[str, List[str]] = ast.literal_eval(node.value)
            return found
    raise AssertionError(f"{SETUP} has no ENTRY_POINTS")
