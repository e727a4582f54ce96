"""The package is laid out as in docs/architecture.md: imports run one way, files are small."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median
from typing import Dict, Iterator, List, Set

import pytest
from setup_entry_points import entry_points_of_setup

import spacy_mtl
from spacy_mtl.corpus.convert import FORMATS

ROOT = Path(spacy_mtl.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
#: What each folder may import from, besides itself and the modules at the top.
MAY_IMPORT: Dict[str, Set[str]] = {
    "compat": set(),
    "types": set(),
    "calibration": set(),
    "ranks": {"compat"},
    "tasks": {"compat"},
    "teachers": {"compat"},
    "encoder": {"compat"},
    "sharing": {"compat", "encoder"},
    "weighting": {"compat"},
    "joint": {"compat", "ranks", "tasks", "encoder", "sharing"},
    "heads": {"compat", "ranks", "tasks", "joint", "encoder", "teachers", "calibration"},
    "corpus": {"compat", "tasks", "joint"},
    "evaluation": {"compat", "tasks", "heads", "calibration"},
    "report": {
        *("compat", "tasks", "joint", "corpus", "weighting", "train"),
        *("calibration", "evaluation"),
    },
    "recommend": {"compat", "tasks", "report"},
    "train": {"compat", "ranks", "tasks", "joint", "corpus"},
    "comparison": {"tasks", "joint", "train", "evaluation", "report"},
    "deploy": {"compat", "tasks", "joint", "encoder", "sharing", "heads", "calibration"},
    "growing": {
        *("tasks", "joint", "heads", "train", "evaluation", "report", "recommend", "comparison"),
    },
    "cli": {
        *("compat", "calibration", "comparison", "corpus", "deploy", "evaluation", "growing"),
        *("joint", "ranks", "recommend", "report", "tasks", "train"),
    },
}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, *, nested: bool = False) -> Iterator[str]:
    """The package's modules that a file imports at the top, or anywhere if `nested`."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    package = name_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(tree) if nested else tree.body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            module = ".".join([*base, node.module] if node.module else base)
            names = [f"{module}.{alias.name}" for alias in node.names]
            found = [name for name in names if name in MODULES]
            yield from found or [module]


MODULES = {name_of(path) for path in FILES}


def folder_of(module: str) -> str:
    parts = module.split(".")
    is_station = len(parts) > 1 and (ROOT / parts[1]).is_dir() and parts[1] != "types"
    return parts[1] if is_station else ""


def test_no_circular_imports() -> None:
    graph = {name_of(path): set(imports_of(path)) - {name_of(path)} for path in FILES}
    order = list(TopologicalSorter(graph).static_order())
    assert set(order) >= MODULES


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES} - {ROOT}))
def test_imports_run_one_way(folder: Path) -> None:
    station = folder.relative_to(ROOT).parts[0]
    for path in folder.glob("*.py"):
        others = {folder_of(module) for module in imports_of(path, nested=True)} - {station, ""}
        assert others <= MAY_IMPORT[station], path


def test_modules_at_the_top_know_no_station() -> None:
    for path in ROOT.glob("*.py"):
        if path.name != "__init__.py":
            others = {folder_of(module) for module in imports_of(path, nested=True)}
            assert others <= {"", "compat"}, path


def test_no_imports_only_for_type_checking() -> None:
    for path in FILES:
        assert "TYPE_CHECKING" not in path.read_text(encoding="utf8"), path


def test_files_are_small() -> None:
    sizes: Dict[str, int] = {}
    for path in FILES:
        sizes[name_of(path)] = len(path.read_text(encoding="utf8").splitlines())
    large: List[str] = [name for name, size in sizes.items() if size > 300]
    assert all(name.endswith(".component") for name in large), large
    for name in large:
        path = ROOT.parent / (name.replace(".", "/") + ".py")
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf8")))
        assert doc is not None
        assert "Longer than other files" in doc
    assert median(sizes.values()) < 100


def test_tests_are_small() -> None:
    for path in Path(__file__).parent.rglob("*.py"):
        assert len(path.read_text(encoding="utf8").splitlines()) <= 300, path


def test_schedules_and_formats_have_tests() -> None:
    """In a file that is called like theirs."""
    lines = entry_points_of_setup()["spacy_mtl_schedules"]
    schedules = {line.split(" = ")[1].split(":")[0] for line in lines}
    readers = {getattr(each.read, "func", each.read).__module__ for each in FORMATS.values()}
    for module in schedules | readers:
        *folders, name = module.split(".")[1:]
        path = Path(__file__).parent.joinpath(*folders, f"test_{name}.py")
        assert path.is_file(), path
