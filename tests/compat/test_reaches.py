"""Private parts of other libraries are only used in `compat`."""

import ast
from pathlib import Path
from typing import Dict, Iterator, Set

import pytest

import spacy_mtl

ROOT = Path(spacy_mtl.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if path.parent.name != "compat")
#: Ways into closures, counters and memory, and non-public modules.
WAYS = {"closurevars", "getclosurevars", "get_objects", "get_referrers", "global_id"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def own_names() -> Set[str]:
    """Collect the private names that the package's classes and modules define."""
    found = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                found.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                    found.add(node.attr)
    return found


def reaches(tree: ast.AST, own: Set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if node.attr in WAYS or (is_private(node.attr) and node.attr not in own):
                yield f"line {node.lineno}: {ast.unparse(node)}"
            # Reading `__class__` is fine.
            elif node.attr in ("__class__", "__closure__") and isinstance(node.ctx, ast.Store):
                yield f"line {node.lineno}: {ast.unparse(node)} is set"
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            if any(map(is_private, node.module.split("."))):
                yield f"line {node.lineno}: {node.module}"


def all_reaches() -> Dict[str, str]:
    own = own_names()
    # These are set on "self" in a subclass of a library's class, but belong to the library.
    own -= {"_model", "_hfmodel", "_func", "_config", "_params"}
    found = {}
    for path in FILES:
        texts = list(reaches(ast.parse(path.read_text(encoding="utf8")), own))
        where = path.relative_to(ROOT).as_posix()
        if texts:
            found[where] = "; ".join(texts)
    return found


def test_no_private_use_outside_of_compat() -> None:
    assert all_reaches() == {}, "move them to compat, each with a test of the part that it uses"


@pytest.mark.parametrize(
    "code",
    [
        "network = shim._model",
        "from spacy.cli._util import app",
        "inspect.getclosurevars(callback)",
        "gc.get_objects()",
        "Model.global_id += 1",
        "shim.__class__ = Own",
    ],
)
def test_private_uses_are_found(code: str) -> None:
    assert len(list(reaches(ast.parse(code), {"_own"}))) == 1


@pytest.mark.parametrize("code", ["self._own = 1", "x.__class__", "from .a._b import c"])
def test_own_names_are_not_reported(code: str) -> None:
    assert list(reaches(ast.parse(code), {"_own"})) == []
