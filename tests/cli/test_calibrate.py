"""`spacy mtl calibrate`: calibrates a trained pipeline, and chooses thresholds."""

import json
import re
from pathlib import Path
from typing import Any, Callable
from xml.etree import ElementTree

import pytest
import spacy
from noisy_corpus import noisy_docs, sure_pipeline
from spacy.cli._util import app
from spacy.tokens import DocBin
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command)
from spacy_mtl.files import CHECKSUMS, damaged_files

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a pipeline and corpora. Don't write to it."""
    folder = tmp_path_factory.mktemp("saved")
    nlp = sure_pipeline()
    nlp.to_disk(folder / "trained")
    corpora = {
        "dev": noisy_docs(nlp),
        "tags": noisy_docs(nlp, keep="tag"),
        "few": noisy_docs(nlp, [1]),
        "none": noisy_docs(nlp, keep="none"),
    }
    for name, docs in corpora.items():
        DocBin(docs=docs, store_user_data=True).to_disk(folder / f"{name}.spacy")
    return folder


@pytest.fixture
def run(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    for path in saved.iterdir():
        Path(path.name).symlink_to(path)
    return lambda *args: CliRunner().invoke(app, ["mtl", "calibrate", *map(str, args)])


def said(result: Any) -> str:
    """RETURNS (str): The output in one line, without colors."""
    return " ".join(re.sub("\x1b.*?m", "", result.output).split())


def test_calibrate(run: Run) -> None:
    """A table, diagrams, and a pipeline that predicts the same with other confidences."""
    result = run("trained", "dev.spacy", "--output", "out", "--diagram", "calibration.svg")
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line.split() for line in result.output.splitlines() if line.strip()}
    assert "head n NLL NLL after ECE ECE after Brier Brier after temperature" in said(result)
    for name in ("tagger", "ner", "textcat"):
        before, after = map(float, rows[name][2:4])
        assert after <= before
    assert "'ner' doesn't set confidences: set confidence = true" in said(result)
    assert (
        len(list(ElementTree.parse("calibration.svg").iter("{http://www.w3.org/2000/svg}path")))
        == 6
    )
    before, after = spacy.load("trained"), spacy.load("out")
    assert (Path("out") / CHECKSUMS).is_file()
    assert not damaged_files(Path("out"))
    textcat: Any = after.get_pipe("textcat")
    assert f"{textcat.calibration.temperature:.2f}" == rows["textcat"][-1]
    for gold in noisy_docs(before, [1]):
        one, other = before(gold.text), after(gold.text)
        assert [t.tag_ for t in one] == [t.tag_ for t in other]
        assert [(e.start, e.end, e.label_) for e in one.ents] == [
            (e.start, e.end, e.label_) for e in other.ents
        ]
        assert one.cats != other.cats


def test_thresholds_as_json(run: Run) -> None:
    result = run("trained", "dev.spacy", "-o", "out", "--precision", 0.7, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["output"] == "out"
    assert found["left_out"] == {}
    assert found["heads"]["tagger"]["thresholds"] is None
    chosen = found["heads"]["ner"]["thresholds"]
    assert chosen["common"]["precision"] >= 0.7
    assert found["heads"]["ner"]["after"]["n"] == found["heads"]["ner"]["before"]["n"]
    ner: Any = spacy.load("out").get_pipe("ner")
    expected = {
        label: chosen["by_label"].get(label, chosen["common"])["threshold"] for label in ner.labels
    }
    assert ner.threshold == pytest.approx(expected)
    doc = spacy.load("out")("Anna books a room in Berlin .")
    assert all(0 < ent._.confidence < 1 for ent in doc.ents)


def test_heads_without_annotation(run: Run) -> None:
    """It goes on with the others, and says so."""
    result = run("trained", "tags.spacy", "-o", "out", "--best-f1")
    assert result.exit_code == 0, result.output
    assert "'ner' stays as it is: the corpus has no annotation for it (entities)" in said(result)
    nlp = spacy.load("out")
    calibrated = [n for n in nlp.pipe_names if getattr(nlp.get_pipe(n), "calibration", None)]
    assert calibrated == ["tagger"]


def test_calibrated_already(run: Run) -> None:
    assert run("trained", "dev.spacy", "-o", "out", "-H", "textcat", "--quiet").output == ""
    result = run("out", "dev.spacy", "-o", "again")
    assert result.exit_code == 1
    assert "Calibrated already: textcat. To begin anew, as if it weren't, use --force" in said(
        result
    )
    result = run("out", "dev.spacy", "-o", "again", "--heads", "textcat", "--force")
    assert result.exit_code == 0, result.output
    first, again = (spacy.load(name).get_pipe("textcat") for name in ("out", "again"))
    assert first.calibration == again.calibration


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ("dev.spacy -o out -p 0.9 -r 0.9", "Only one of --precision, --recall and --best-f1"),
        (
            "dev.spacy -o out -p 0.99 -H ner",
            "'ner' can't reach what is wanted: no threshold gives it",
        ),
        ("dev.spacy -o out -r 1 -H ner", "a recall of 1. The best is 0.75"),
        (
            "dev.spacy -o trained -f",
            "the pipeline 'trained' itself It is needed to calibrate anew.",
        ),
        ("dev.spacy -o dev.spacy", "'dev.spacy' is a file"),
        ("dev.spacy -o out -d out.png", "--diagram 'out.png' does not end in .svg"),
        ("dev.spacy -o out -d old.svg", "--diagram 'old.svg' already exists Name another file"),
        ("dev.spacy -o out -H texcat", "no head 'texcat' Did you mean 'textcat'?"),
        ("dev.spacy -o out -H parser,ner", "no head 'parser' Its heads: tagger, ner, textcat"),
        ("few.spacy -o out", "'ner': the corpus is too small for it"),
        ("none.spacy -o out", "'ner': the corpus has no annotation for it (entities)"),
        ("no.spacy -o out", "There is no corpus 'no.spacy'"),
        ("broken.spacy -o out", "'broken.spacy' can't be read. Name a .spacy file"),
    ],
)
def test_refusals(run: Run, args: str, says: str) -> None:
    Path("broken.spacy").write_text("x")
    Path("old.svg").write_text("")
    result = run("trained", *args.split())
    assert result.exit_code == 1
    assert says in said(result)
    assert not Path("out").exists()


@pytest.mark.parametrize("value", ["0", "-0.5", "1.01", "90", "nan", "x"])
@pytest.mark.parametrize("option", ["--precision", "--recall"])
def test_bad_shares(run: Run, option: str, value: str) -> None:
    result = run("trained", "dev.spacy", "-o", "out", option, value)
    assert result.exit_code == 2
