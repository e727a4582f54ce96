"""The workflow `scale` of the project: annotation by several engines, and what checks it."""

import json
import runpy
import shutil
from pathlib import Path
from typing import Any, Callable, Dict

import pyarrow.parquet
import pytest
from engines_here import HAS_RAY, HAS_SPARK
from spacy.language import Language
from weasel.cli.run import project_run

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "assets/scripts"


def run_here(monkeypatch: pytest.MonkeyPatch, script: str, *args: str) -> None:
    """Run a script in this process, which already has its imports."""
    monkeypatch.setattr("sys.argv", [script, *args])
    runpy.run_path(str(SCRIPTS / script), run_name="__main__")


def test_texts_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All texts, without the annotation."""
    monkeypatch.chdir(tmp_path)
    corpus = ROOT / "assets/corpus/test.jsonl"
    run_here(monkeypatch, "texts.py", str(corpus), "texts", "--files", "3")
    files = sorted(Path("texts").iterdir())
    assert [path.name for path in files] == ["0.jsonl", "1.jsonl", "2.jsonl"]
    rows = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    expected = [json.loads(line)["text"] for line in corpus.read_text().splitlines()]
    by_id = {row["id"]: row["text"] for row in rows}
    assert [by_id[i] for i in range(len(rows))] == expected
    assert {tuple(row) for row in rows} == {("id", "text")}


ROW: Dict[str, Any] = {
    **{"id": 0, "text": "Anna reads", "tags": ["A", "B"], "error": None},
    "ents": [{"start": 0, "end": 4, "score": 0.5}],
    "cats": {"a": 0.25},
}


def write(folder: str, *rows: Dict[str, Any]) -> None:
    """Write rows to a file each."""
    Path(folder).mkdir()
    for row in rows:
        table = pyarrow.Table.from_pylist([row])
        pyarrow.parquet.write_table(table, Path(folder) / f"{row['id']}.parquet")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tags": ["A", "A"]}, "other differs in tags of 'Anna reads'"),
        ({"ents": [{"start": 0, "end": 5, "score": 0.5}]}, "differs in ents"),
        ({"ents": []}, "differs in ents"),
        ({"cats": {"a": 0.251}}, "differs in cats"),
        ({"error": "failed"}, "differs in error"),
        ({"pos": ["X"]}, "other has the columns .*pos, not"),
        ({}, ""),
        ({"cats": {"a": 0.25 + 1e-6}}, ""),
    ],
)
def test_same_tables_script(
    change: Dict[str, Any],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    write("first", ROW, {**ROW, "id": 1})
    write("other", ROW, {**ROW, "id": 1, **change})
    if message:
        with pytest.raises(SystemExit, match=message):
            run_here(monkeypatch, "same_tables.py", "first", "other")
    else:
        run_here(monkeypatch, "same_tables.py", "first", "other")
        assert "Same annotation of 2 texts: first, other" in capsys.readouterr().out


def test_same_tables_script_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of other sizes, and such that prove nothing."""
    monkeypatch.chdir(tmp_path)
    write("first", ROW, {**ROW, "id": 1})
    write("short", ROW)
    write("failed", {**ROW, "error": "OSError: full"})
    write("nothing", {**ROW, "tags": ["", ""], "ents": [], "cats": None})
    write("empty")
    for folders, message in (
        (("first", "short"), "short has 1 rows, not 2"),
        (("failed", "failed"), "failed has 1 rows with an error, such as: OSError: full"),
        (("nothing", "nothing"), "nothing has no predictions"),
        (("first", "empty"), "empty has no rows"),
    ):
        with pytest.raises(SystemExit, match=message):
            run_here(monkeypatch, "same_tables.py", *folders)


@pytest.mark.slow
@pytest.mark.engines
@pytest.mark.skipif(not (HAS_RAY and HAS_SPARK), reason="needs spacy-mtl[ray,spark] and Java")
def test_annotate(
    make_nlp: Callable[..., Language],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:
    """The command as `make demo-scale` runs it, on a few texts."""
    for name in ("texts.py", "same_tables.py"):
        (tmp_path / "assets/scripts").mkdir(parents=True, exist_ok=True)
        shutil.copy(SCRIPTS / name, tmp_path / "assets/scripts")
    shutil.copy(ROOT / "project.yml", tmp_path)
    (tmp_path / "assets/corpus").mkdir()
    lines = (ROOT / "assets/corpus/test.jsonl").read_text(encoding="utf8").splitlines()
    (tmp_path / "assets/corpus/test.jsonl").write_text("\n".join(lines[:20]), encoding="utf8")
    (tmp_path / "training/scale").mkdir(parents=True)
    make_nlp().to_disk(tmp_path / "training/scale/model-best")
    project_run(tmp_path, "annotate")
    folders = ", ".join(f"corpus/scale/{name}" for name in ("local", "ray", "spark"))
    assert f"Same annotation of 20 texts: {folders}" in capfd.readouterr().out
