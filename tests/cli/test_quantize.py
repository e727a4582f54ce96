"""`spacy mtl quantize`: converts a trained pipeline to int8."""

import errno
import os
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Callable, Dict

import numpy
import pytest
import spacy
from helpers.transformer_pipelines import THEIRS, with_stock_tagger
from methods import registered
from spacy.cli._util import app
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.util import import_file
from thinc.api import Adam
from tiny_corpus import make_docs, make_examples
from tiny_pipelines import add_joint, constant, inner
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command)
from spacy_mtl.files import CHECKSUMS, damaged_files

pytest.importorskip("openvino")
pytestmark = pytest.mark.openvino

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    return lambda *args: CliRunner().invoke(app, ["mtl", "quantize", *map(str, args)])


def trained(nlp: Language, path: Path) -> Path:
    nlp.initialize(lambda: make_examples(nlp))
    sgd = Adam(0.01)
    for _ in range(40):
        nlp.update(make_examples(nlp), sgd=sgd)
    nlp.to_disk(path)
    DocBin(docs=make_docs(nlp), store_user_data=True).to_disk(path.parent / "dev.spacy")
    return path


def add_heads(nlp: Language) -> None:
    for name in ("tagger", "ner", "textcat"):
        nlp.add_pipe(f"mtl_{name}", name=name)


@pytest.fixture(params=["inside mtl", "a scheme", "our model", "stock model", "for a GPU"])
def pipeline(request: pytest.FixtureRequest, encoder_dir: str, tmp_path: Path) -> Path:
    nlp = spacy.blank("en")
    nlp.config["paths"]["dev"] = "dev.spacy"
    if request.param == "inside mtl":
        add_joint(nlp, inner(encoder_dir))
    elif request.param == "a scheme":
        block = {"@architectures": "spacy_mtl.MMoE.v1", "width": 4, "tok2vec": inner(encoder_dir)}
        nlp.add_pipe("mtl", config={"model": block})
    else:
        config = {"@architectures": "spacy_mtl.TransformerModel.v1", "name": encoder_dir}
        stock: Dict[str, Any] = {"name": encoder_dir}
        if request.param == "for a GPU":
            stock.update(mixed_precision=True, grad_scaler_config={"enabled": False})
        model = config if request.param == "our model" else stock
        nlp.add_pipe("transformer", config={"model": model})
        # Mixed precision needs a weighting that works at the representation.
        nlp.add_pipe("mtl", config={"weighting": constant()})
    add_heads(nlp)
    return trained(nlp, tmp_path / "trained")


def test_quantize(run: Run, pipeline: Path, tmp_path: Path) -> None:
    result = run("trained", "int8", "--max-loss", 100)
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.output.splitlines()]
    found = {row[0]: row for row in rows if row and row[0] in ("tagger", "ner", "textcat")}
    keys = {task: row[1] for task, row in found.items()}
    assert keys == {"tagger": "tag_acc", "ner": "ents_f", "textcat": "cats_score"}
    assert found["tagger"][2] == "100.00"
    before, after = spacy.load("trained"), spacy.load("int8")
    assert "int8" in (tmp_path / "int8/config.cfg").read_text()
    text = make_docs(before)[0].text
    exact, rough = before(text).tensor, after(text).tensor
    cosine = (exact * rough).sum(1) / numpy.linalg.norm(exact, axis=1)
    assert 0.9 < (cosine / numpy.linalg.norm(rough, axis=1)).min() < 1 - 1e-7
    # The result stays the same after saving it again.
    after.to_disk("again")
    numpy.testing.assert_array_equal(spacy.load("again")(text).tensor, rough)
    with pytest.raises(ValueError, match='"int8" can\'t be trained'):
        after.update(make_examples(after))


@pytest.fixture
def inside(encoder_dir: str, tmp_path: Path) -> Path:
    nlp = spacy.blank("en")
    add_joint(nlp, inner(encoder_dir))
    add_heads(nlp)
    return trained(nlp, tmp_path / "trained")


def test_refusals(run: Run, inside: Path, tmp_path: Path) -> None:
    # Pipelines that weren't trained by `spacy train` have no corpus in their config.
    result = run("trained", "int8")
    assert result.exit_code == 1
    assert "--data corpus.spacy" in " ".join(result.output.split())
    assert "There is no corpus 'none.spacy'" in run("trained", "int8", "-d", "none.spacy").output
    # This requires an improvement.
    result = run("trained", "int8", "-d", "dev.spacy", "--max-loss", -1)
    assert result.exit_code == 1
    assert "points, more than -1. Nothing was written" in result.output
    assert not (tmp_path / "int8").exists()
    assert run("trained", "int8", "-d", "dev.spacy", "-m", 100).exit_code == 0
    result = run("trained", "int8", "-d", "dev.spacy")
    assert "not empty" in result.output
    assert "--force" in result.output
    assert run("trained", "int8", "-d", "dev.spacy", "-m", 100, "--force").exit_code == 0
    assert "already in int8" in run("int8", "other", "-d", "dev.spacy").output
    assert "is a file" in run("trained", "dev.spacy").output
    assert "nowhere" in run("nowhere", "other").output


def test_writing(run: Run, inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything or nothing is written, over a pipeline or not, with checksums."""
    args = ("-d", "dev.spacy", "-m", 100)

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    spacy.blank("en").to_disk("elsewhere")
    Path("int8").symlink_to("elsewhere")
    before = sorted(path.name for path in Path("elsewhere").iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for folder, more in (("int8", ["--force"]), ("new", [])):
            result = run("trained", folder, *args, *more)
            assert result.exit_code == 1
            text = " ".join(result.output.split())
            assert f"{folder} cannot be written: [Errno 28] No space left" in text
            assert "Its previous content is unchanged" in text
    assert not list(Path().glob("new*"))
    assert not list(Path().glob("*.new"))
    assert sorted(path.name for path in Path("int8").iterdir()) == before
    assert spacy.load("int8").pipe_names == []
    result = run("trained", "int8", *args, "--force")
    assert result.exit_code == 0, result.output
    # The link still points there, and the previous content is gone.
    assert Path("int8").is_symlink()
    assert spacy.load("elsewhere").pipe_names == spacy.load("trained").pipe_names
    assert (Path("elsewhere") / CHECKSUMS).is_file()
    assert not damaged_files(Path("elsewhere"))


def test_unmeasurable_input(run: Run, inside: Path) -> None:
    spacy.blank("en").to_disk("blank")
    result = run("blank", "other", "-d", "dev.spacy")
    assert result.exit_code == 1
    assert "no transformer that can be quantized" in result.output
    bare = [spacy.blank("en").make_doc(doc.text) for doc in make_docs(spacy.blank("en"))]
    DocBin(docs=bare).to_disk("bare.spacy")
    assert "no annotation for any task" in run("trained", "other", "-d", "bare.spacy").output


def test_a_task_without_score(run: Run, encoder_dir: str, tmp_path: Path) -> None:
    """Coarse tags have a different score than the factory's; the corpus has none."""
    nlp = spacy.blank("en")
    add_joint(nlp, inner(encoder_dir))
    nlp.add_pipe("mtl_tagger", name="pos", config={"attribute": "pos"})
    nlp.add_pipe("mtl_ner", name="ner")
    examples = make_examples(nlp)
    for eg in examples:
        for token in eg.reference:
            token.pos_ = "NOUN"
    nlp.initialize(lambda: examples)
    nlp.to_disk(tmp_path / "trained")
    DocBin(docs=[eg.reference for eg in examples]).to_disk("both.spacy")
    DocBin(docs=make_docs(nlp)).to_disk("ner.spacy")
    result = run("trained", "int8", "-d", "ner.spacy", "-m", 100)
    assert result.exit_code == 1
    assert "Not measured: pos" in result.output
    assert run("trained", "int8", "-d", "ner.spacy", "-m", 100, "--unmeasured").exit_code == 0
    result = run("trained", "other", "-d", "both.spacy", "-m", 100)
    assert result.exit_code == 0, result.output
    assert "pos_acc" in result.output
    assert "--gold-preproc needs --data" in run("trained", "third", "-G").output
    Path("broken.spacy").write_text("x")
    assert "'broken.spacy' can't be read" in run("trained", "third", "-d", "broken.spacy").output


def test_custom_weighting(run: Run, encoder_dir: str, tmp_path: Path) -> None:
    """Its function is in a separate file; its learned state is only for training."""
    code = tmp_path / "weighting.py"
    code.write_text(
        "import spacy_mtl.registry\n"
        "from spacy_mtl.weighting.db_mtl import DBMTL\n\n"
        '@spacy_mtl.registry.mtl_weightings("quantized.v1")\n'
        "def create():\n    return DBMTL(beta=0.9, decay=0.5)\n",
        encoding="utf8",
    )
    import_file("own", code)
    with registered("quantized.v1") as own:
        nlp = spacy.blank("en")
        nlp.config["paths"]["dev"] = "dev.spacy"
        add_joint(nlp, inner(encoder_dir), weighting=own, gradients="parameters")
        add_heads(nlp)
        path = trained(nlp, tmp_path / "trained")
    result = run(path, "int8", "--max-loss", 100)
    assert result.exit_code == 1
    assert "quantized.v1" in result.output
    result = run(path, "int8", "--max-loss", 100, "--code", code)
    assert result.exit_code == 0, result.output
    sizes = [(tmp_path / name / "mtl/weighting").stat().st_size for name in ("trained", "int8")]
    assert sizes[0] > 10_000 > 1000 > sizes[1]


def test_replaced_listener_of_a_stock_component(run: Run, encoder_dir: str, tmp_path: Path) -> None:
    nlp = with_stock_tagger(encoder_dir, THEIRS)
    nlp.replace_listeners("transformer", "tagger", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    nlp.to_disk(tmp_path / "trained")
    DocBin(docs=make_docs(nlp)).to_disk("dev.spacy")
    result = run("trained", "int8", "-d", "dev.spacy", "-m", 100)
    assert result.exit_code == 0, result.output
    config = spacy.load("int8").config["components"]["tagger"]["model"]["tok2vec"]
    assert config["@architectures"] == "spacy_mtl.Tok2VecTransformer.v1"
    assert config["precision"] == "int8"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("nan", "nan", "no annotation for any task"),
        ("nan", "0.5", "no annotation for any task"),
        ("0.5", "nan", "'tagger' no longer has a score: 'tag_acc' is nan, and was 0.5"),
        ("0.5", "0.4", "'tagger' loses 10.00 points"),
    ],
)
def test_scores_that_are_not_numbers(
    run: Run,
    tmp_path: Path,
    encoder_dir: str,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
    after: str,
    says: str,
) -> None:
    """A custom scorer may return NaN, which compares as neither lower nor higher."""
    nlp = spacy.blank("en")
    add_joint(nlp, inner(encoder_dir))
    nlp.add_pipe("mtl_tagger", name="tagger")
    trained(nlp, tmp_path / "trained")
    found = [{"tag_acc": float(score), "speed": 1.0} for score in (before, after)]
    # After the first, all attempts have the same scores.
    scores = chain(found[:1], repeat(found[1]))
    monkeypatch.setattr("spacy_mtl.deploy.quantize._score", lambda *_: next(scores))
    result = run("trained", "int8", "-d", "dev.spacy")
    assert result.exit_code == 1
    assert says in " ".join(result.output.split())
    assert not Path("int8").exists()
