"""Finding pipelines by name, without importing their packages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cases import Case, Refused, check, name_of
from saved_changes import in_config

from spacy_mtl.deploy.check import check_pipeline
from spacy_mtl.deploy.findings import NOTE
from spacy_mtl.deploy.saved import NoPipelineError
from spacy_mtl.files import write_checksums

NAMES = [
    Case("no such thing", "no_such_pipeline", Refused("no_such_pipeline", error=NoPipelineError)),
    Case("dots", "os.path", Refused("os.path", "package", error=NoPipelineError)),
    Case("a module", "json", Refused("config.cfg", "model-best", error=NoPipelineError)),
    Case("a folder without one", "tests", Refused("config.cfg", "none", error=NoPipelineError)),
    Case("no name", "", Refused("config.cfg", error=NoPipelineError)),
    Case("a long name", "a/" * 3000, Refused("neither a folder", error=NoPipelineError)),
    Case("an invalid name", "a\0b", Refused("neither a folder", error=NoPipelineError)),
    Case("a file", "a.whl", Refused("a.whl", "file", "zipfile", error=NoPipelineError)),
]


@pytest.mark.parametrize("case", NAMES, ids=name_of)
def test_names(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "a.whl").touch()
    check(case, check_pipeline)


def test_package_is_not_imported(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "en_of_others"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('imported')\n")
    shutil.copytree(saved, package / "en_of_others-1.0.0")
    monkeypatch.syspath_prepend(tmp_path)
    checked = check_pipeline("en_of_others")
    assert checked.folder.name == "en_of_others-1.0.0"
    assert checked.is_good


EVIL = """
from pathlib import Path
(Path(__file__).parent.parent / "imported").touch()
def make(*args, **kwargs): ...
"""


POINTS = """
[spacy_factories]
evil = xx_evil:make
ner = xx_evil:make
[spacy_architectures]
evil.Model.v1 = xx_evil:make
[spacy_languages]
en = xx_evil:make
[spacy_mtl_weightings]
spacy_mtl.Constant.v1 = xx_evil:make
[thinc_layers]
evil.Layer.v1 = xx_evil:make
[srsly_msgpack_decoders]
evil = xx_evil:make
"""


def test_nothing_that_is_installed_is_imported(saved: Path, tmp_path: Path) -> None:
    """The package that is checked offers factories, functions and decoders."""
    package = tmp_path / "xx_evil"
    package.mkdir()
    (package / "__init__.py").write_text(EVIL)
    info = tmp_path / "xx_evil-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: xx-evil\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    folder = Path(shutil.copytree(saved, package / "xx_evil-1.0.0"))
    in_config('factory = "mtl_ner"', 'factory = "evil"')(folder)
    in_config("spacy_mtl.HardSharing.v1", "evil.Model.v1")(folder)
    in_config("spacy_mtl.Constant.v1", "registered.OnImport.v1")(folder)
    write_checksums(folder)
    code = (
        "from spacy_mtl.deploy.check import check_pipeline\n"
        "for each in check_pipeline('xx_evil').findings: print(each.kind, each.where, each.text)\n"
    )
    paths = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "imported").exists()
    # The offered functions are known. Those that an import might add are notes, not damage.
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{NOTE} config.cfg [components.mtl.weighting]")
    assert "registered.OnImport.v1" in line
    assert "xx_evil" in line
