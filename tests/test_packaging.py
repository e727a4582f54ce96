"""The installed wheel: entry points, requirements, pins, configs that train."""

import ast
import importlib
import importlib.metadata
import pkgutil
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, Iterator, Set

import pytest
import spacy
from installed_requirements import requirements
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from setup_entry_points import entry_points_of_setup
from spacy.cli.package import get_third_party_dependencies
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.util import load_config, registry
from tiny_corpus import make_docs

import spacy_mtl

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "spacy_mtl").rglob("*.py"))
CONFIGS = sorted((ROOT / "configs").glob("*.cfg"))
DISTRIBUTION = importlib.metadata.distribution("spacy-mtl")
ENTRY_POINTS = [ep for ep in DISTRIBUTION.entry_points if ep.group.startswith("spacy_")]


def registered() -> Iterator[str]:
    """Yield group and name of everything the package registers."""
    for module in pkgutil.walk_packages(spacy_mtl.__path__, "spacy_mtl."):
        importlib.import_module(module.name)
    for group in registry.get_registry_names():
        catalogue = getattr(registry, group)
        for name, function in catalogue.get_all().items():
            module = getattr(function, "__module__", None) or ""
            if module.split(".")[0] == "spacy_mtl" and group != "_entry_point_factories":
                yield f"{group} {name.removeprefix('en.')}"


@pytest.mark.parametrize("entry_point", ENTRY_POINTS, ids=lambda ep: ep.name)
def test_entry_point_resolves(entry_point: importlib.metadata.EntryPoint) -> None:
    assert entry_point.load() is not None
    group = entry_point.group.removeprefix("spacy_")
    if group == "factories":
        assert Language.has_factory(entry_point.name)
        assert entry_point.name in registry.factories
    elif group != "cli":
        assert entry_point.name in getattr(registry, group)


def test_entry_points_are_those_of_setup_py() -> None:
    """Otherwise the installation is stale, and does not test the sources."""
    assert ENTRY_POINTS
    listed = {f"{ep.name} = {ep.value}" for ep in ENTRY_POINTS}
    found = {line for lines in entry_points_of_setup().values() for line in lines}
    assert listed == found, "Install the package again: make install"
    assert DISTRIBUTION.version == spacy_mtl.__version__


def test_everything_registered_is_an_entry_point() -> None:
    listed = {f"{ep.group.removeprefix('spacy_')} {ep.name}" for ep in ENTRY_POINTS}
    assert set(registered()) - {"_cli mtl"} <= listed


def test_import_adds_the_registries_and_is_cheap() -> None:
    """Every `spacy` command imports the package, which must not import more libraries."""
    code = (
        "import spacy, sys; before = set(sys.modules); import spacy_mtl, spacy_mtl.cli;"
        "new = {name.split('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(new), hasattr(spacy.registry, 'mtl_weightings'))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['spacy_mtl'] True"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_source_is_python_310(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf8"), feature_version=(3, 10))
    assert bool(tree.body) == bool(path.stat().st_size)


def imported_by(path: Path, *, nested: bool) -> Iterator[str]:
    """Libraries that a file imports at the top, or anywhere if `nested`."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    for node in ast.walk(tree) if nested else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize(
    "nested, extras", [(False, set()), (True, {"openvino", "plots", "ray", "spark"})]
)
def test_imports_are_required(nested: bool, extras: Set[str]) -> None:
    """All imports of the sources are in setup.py, not just installed by spaCy.

    Those of an extra are inside functions.
    """
    imported = {name for path in SOURCES for name in imported_by(path, nested=nested)}
    third_party = imported - set(sys.stdlib_module_names) - {"spacy_mtl"}
    required = {canonicalize_name(req.name) for req in requirements("spacy-mtl", extras)}
    assert {canonicalize_name(name) for name in third_party} <= required


def pins() -> Dict[str, Requirement]:
    found = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf8").splitlines():
        text = line.split("#")[0].strip()
        if text:
            req = Requirement(text)
            if not req.marker or req.marker.evaluate():
                assert canonicalize_name(req.name) not in found, f"pinned twice: {text}"
                found[canonicalize_name(req.name)] = req
    return found


def test_everything_is_pinned_within_the_bounds() -> None:
    """constraints.txt pins every distribution that the package and its extras need."""
    pinned = pins()
    seen: Set[str] = set()
    # Those that `make install` leaves out, only where they are installed.
    others = (("openvino", "openvino"), ("ray", "ray"), ("spark", "pyspark"))
    queue = [
        Requirement("spacy-mtl[solvers,plots,test,package,benchmarks]"),
        *(Requirement(f"spacy-mtl[{extra}]") for extra, module in others if find_spec(module)),
        *map(Requirement, ["pip", "setuptools"]),
    ]
    while queue:
        req = queue.pop()
        name = canonicalize_name(req.name)
        if name != "spacy-mtl":
            if name not in pinned and name.startswith("nvidia-"):
                continue  # comes with CUDA builds of torch, which pin them
            assert name in pinned, f"not in constraints.txt: {req}"
            version = Version(str(pinned[name].specifier).removeprefix("=="))
            assert req.specifier.contains(version, prereleases=True), f"{req} but {pinned[name]}"
        key = f"{name}{sorted(req.extras)}"
        if key not in seen:
            seen.add(key)
            queue += requirements(name, req.extras)


@pytest.mark.slow
def test_wheel_is_complete(tmp_path: Path) -> None:
    """The wheel has every module, the type marker, the license and the entry points."""
    source = tmp_path / "source"
    shutil.copytree(
        ROOT / "spacy_mtl", source / "spacy_mtl", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [*command, "--wheel-dir", str(tmp_path), str(source)], check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {str(path.relative_to(ROOT)) for path in SOURCES} <= names
    assert "spacy_mtl/py.typed" in names
    info = f"spacy_mtl-{spacy_mtl.__version__}.dist-info"
    assert {f"{info}/entry_points.txt", f"{info}/top_level.txt"} <= names
    assert any(name.startswith(info) and name.endswith("LICENSE") for name in names)


@pytest.fixture
def overrides(encoder_dir: str, tmp_path: Path) -> Dict[str, Any]:
    corpus = tmp_path / "corpus.spacy"
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(corpus)
    return {
        "paths.train": str(corpus),
        "paths.dev": str(corpus),
        "components.transformer.model.name": encoder_dir,
        "training.max_steps": 1,
        "training.eval_frequency": 1,
    }


def train_a_step(path: Path, output: Path, overrides: Dict[str, Any]) -> Language:
    """Train a config for a step, and return the scored and saved pipeline."""
    if "transformer" not in load_config(path)["components"]:
        overrides = {k: v for k, v in overrides.items() if ".transformer." not in k}
    train(path, output, overrides=overrides)
    return spacy.load(output / "model-best")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_config_trains(path: Path, overrides: Dict[str, Any], tmp_path: Path) -> None:
    nlp = train_a_step(path, tmp_path / "output", overrides)
    assert "mtl" in nlp.pipe_names
    score = nlp.meta["performance"]
    assert any(
        score[key] is not None for key in ("tag_acc", "ents_f", "cats_score") if key in score
    )
    required = get_third_party_dependencies(nlp.config)
    assert any(req.startswith("spacy-mtl>=") for req in required)


@pytest.mark.parametrize(
    ("factory", "score"),
    [
        ("mtl_ner", "ents_f"),
        ("mtl_tagger", "tag_acc"),
        ("mtl_textcat", "cats_score"),
        ("mtl_textcat_multilabel", "cats_score"),
    ],
)
def test_single_config_trains_any_task(
    factory: str, score: str, overrides: Dict[str, Any], tmp_path: Path
) -> None:
    changes = {**overrides, "components.task.factory": factory}
    nlp = train_a_step(ROOT / "configs/single.cfg", tmp_path / "output", changes)
    assert nlp.pipe_factories["task"] == factory
    assert score in nlp.meta["performance"]
    assert nlp.config["training"]["score_weights"][score] == 1.0


def test_joint_config_trains_a_part_of_its_tasks(overrides: Dict[str, Any], tmp_path: Path) -> None:
    changes = {
        **overrides,
        "nlp.pipeline": ["transformer", "mtl", "ner", "textcat"],
        "training.score_weights.tag_acc": None,
    }
    nlp = train_a_step(ROOT / "configs/joint.cfg", tmp_path / "output", changes)
    assert nlp.pipe_names == ["transformer", "mtl", "ner", "textcat"]
