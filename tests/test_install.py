"""What pip installs for the package and its extras, also the pip bundled with Python."""

import importlib.metadata
import json
import subprocess
import sys
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from installed_requirements import closure
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EXTRAS = ["", "solvers", "test", "package", "benchmarks"]
# Only where they are installed.
EXTRAS += [
    extra
    for extra, module in (("openvino", "openvino"), ("ray", "ray"), ("spark", "pyspark"))
    if find_spec(module)
]
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_stub(name: str, folder: Path) -> None:
    """Make a wheel with only the metadata of an installed distribution."""
    distribution = importlib.metadata.distribution(name)
    stem = f"{canonicalize_name(name).replace('-', '_')}-{distribution.version}"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as file:
        file.writestr(f"{stem}.dist-info/METADATA", distribution.read_text("METADATA") or "")
        file.writestr(f"{stem}.dist-info/WHEEL", WHEEL)
        file.writestr(f"{stem}.dist-info/RECORD", "")


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with stubs of all distributions that extras need."""
    folder = tmp_path_factory.mktemp("stubs")
    for name in {name for extra in EXTRAS for name in closure(extra)}:
        make_stub(name, folder)
    return folder


@pytest.fixture(scope="module")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment, with the pip bundled with Python."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    return folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"


@pytest.mark.slow
@pytest.mark.parametrize("extra", EXTRAS)
def test_bundled_pip_installs_all_of_an_extra(extra: str, stubs: Path, old_python: Path) -> None:
    target = f"spacy-mtl[{extra}]" if extra else "spacy-mtl"
    command = [str(old_python), "-I", "-m", "pip", "install", "--quiet", "--dry-run", "--no-index"]
    command += ["--isolated", "--find-links", str(stubs), "--report", "-", target]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "does not provide the extra" not in done.stderr
    report = json.loads(done.stdout)
    installed = {canonicalize_name(each["metadata"]["name"]) for each in report["install"]}
    # The environment already has these.
    assert installed >= set(closure(extra)) - {"pip", "setuptools", "wheel"}


def test_extras_are_spelled_as_in_their_projects() -> None:
    """pip before 23.3 compares the spellings."""
    required = importlib.metadata.distribution("spacy-mtl").requires or []
    for req in filter(lambda req: req.extras, map(Requirement, required)):
        provided = importlib.metadata.metadata(req.name).get_all("Provides-Extra") or []
        assert req.extras <= set(provided), f"{req}, which has {provided}"
