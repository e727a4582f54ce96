"""`spacy mtl add-task`: a new head for a trained pipeline, in three ways."""

import shutil
from pathlib import Path
from typing import Any, Dict, List

import numpy
import pytest
import spacy
from grown_pipelines import (
    FAST,
    SHORT,
    add_task,
    added,
    given,
    probabilities,
    said,
    trained,
    write_texts,
)
from inside_pipelines import HARD
from short_training import values
from unsynced_disk import leave_unsynced

from spacy_mtl.cli import add_task as command
from spacy_mtl.files import CHECKSUMS, WriteError, damaged_files

OLD = ["tagger", "ner", "textcat"]


@pytest.fixture(scope="module")
def saved(encoder_dir: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pipelines and corpora. Don't write to it."""
    folder = tmp_path_factory.mktemp("saved")
    write_texts(folder)
    pipelines = {"cnn": trained(), "bert": trained(HARD), "stock": trained(transformer=encoder_dir)}
    for name, nlp in pipelines.items():
        reader = {"@readers": "spacy.Corpus.v1", "gold_preproc": False, "max_length": 0}
        reader = {**reader, "limit": 0, "augmenter": None, "path": str(folder / "old.spacy")}
        nlp.config["corpora"] = {"train": reader, "dev": reader}
        nlp.meta["performance"] = {"tag_acc": 0.5}
        nlp.to_disk(folder / name)
    return folder


@pytest.fixture(autouse=True)
def here(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    leave_unsynced(monkeypatch)
    for path in saved.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("pipeline", "way"), [("cnn", "--freeze"), ("bert", "--adapter"), ("stock", "--freeze")]
)
def test_old_tasks_are_kept(pipeline: str, way: str) -> None:
    """To the bit, while the new head learns."""
    found = added(pipeline, "genre.cfg", "-o", "out", way, *FAST)
    assert found["kept"]
    assert found["new"] == ["genre"]
    tasks: Dict[str, Any] = found["tasks"]
    assert list(tasks) == [*OLD, "genre"]
    for task in OLD:
        assert tasks[task]["identical"]
        assert tasks[task]["same"] == 1.0
    for task in ("tagger", "ner"):
        assert tasks[task]["before"] == tasks[task]["after"]
        assert tasks[task]["scored_on"] == "corpora.dev of the old pipeline"
    assert tasks["tagger"]["after"] > 0
    # The encoder is random, and stays so.
    assert tasks["genre"]["after"] > (0.8 if pipeline != "stock" else 0.7)
    before, after = spacy.load(pipeline), spacy.load("out")
    for task in OLD:
        assert numpy.array_equal(probabilities(before, task), probabilities(after, task))
    old, new = values(before), values(after)
    assert all(numpy.array_equal(new[name], value) for name, value in old.items())
    assert not Path("out.training").exists()
    assert after.meta["performance"]["tag_acc"] == 0.5
    performance = after.meta["performance"]
    assert performance["genre_cats_score"] == pytest.approx(tasks["genre"]["after"], abs=1e-6)


@pytest.mark.parametrize(
    "way", [["--freeze"], ["--adapter"], ["--rehearse", "new"], ["--rehearse", "old.spacy"]]
)
def test_the_finished_pipeline_needs_no_other(way: List[str], here: Path) -> None:
    config = given().to_str() + '\n[components.genre.teacher]\npath = "alone"\nweight = 0.5\n'
    added("bert", "genre.cfg", "-o", "alone", "--freeze", *SHORT)
    Path("taught.cfg").write_text(config, encoding="utf8")
    added("bert", "taught.cfg", "-o", "out", *way, *SHORT)
    docs = [(doc.cats, doc.ents) for doc in map(spacy.load("out"), ["Bo runs", "old Rome"])]
    moved = here / "elsewhere/moved"
    moved.parent.mkdir()
    shutil.move("out", moved)
    for name in ("bert", "alone", "old.spacy", "new.spacy"):
        path = Path(name)
        path.unlink() if path.is_symlink() else shutil.rmtree(path)
    nlp = spacy.load(moved)
    for text, (cats, ents) in zip(["Bo runs", "old Rome"], docs):
        assert nlp(text).cats == cats
        assert [str(ent) for ent in nlp(text).ents] == [str(ent) for ent in ents]
    text = (moved / "config.cfg").read_text(encoding="utf8")
    assert "source" not in text
    assert "[components.genre.teacher]" not in text
    assert nlp.config["training"]["frozen_components"] == []
    assert nlp.config["training"]["annotating_components"] == []
    assert not any("teacher" in getattr(pipe, "cfg", {}) for _, pipe in nlp.components)
    assert (moved / CHECKSUMS).is_file()
    assert not damaged_files(moved)
    result = command_of("check", str(moved))
    assert result.exit_code == 0, result.output


def command_of(*args: str) -> Any:
    from spacy.cli._util import app
    from typer.testing import CliRunner

    return CliRunner().invoke(app, ["mtl", *args])


def test_table() -> None:
    result = add_task("cnn", "genre.cfg", "-o", "out", "--rehearse", "old.spacy", *FAST)
    assert result.exit_code == 0, result.output
    assert "task before after difference same predictions scored on" in said(result)
    assert "genre new 100.00 - - corpora.dev" in said(result)
    assert "Saved the pipeline with genre: out" in said(result)
    assert "exactly" not in said(result)


def test_test_file() -> None:
    """It scores the tasks that it annotates."""
    found = added("cnn", "genre.cfg", "-o", "out", "--freeze", "-t", "old.spacy", *SHORT)
    sources = {name: task["scored_on"] for name, task in found["tasks"].items()}
    assert sources == {**dict.fromkeys(OLD, "old.spacy"), "genre": "corpora.dev"}


@pytest.mark.parametrize("way", [["--freeze"], ["--rehearse", "old.spacy"]], ids=lambda w: w[0])
def test_interrupted(way: List[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It resumes to the bit, in the same words."""
    args = ["cnn", "genre.cfg", *way, *SHORT]
    update = spacy.language.Language.update
    n_updates = 0

    def interrupting(*args: Any, **kwargs: Any) -> Any:
        nonlocal n_updates
        n_updates += 1
        if n_updates == 15:
            raise KeyboardInterrupt
        return update(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(spacy.language.Language, "update", interrupting)
        result = add_task(*args, "-o", "out")
    assert result.exit_code == 130
    assert "--resume continues from out.training/checkpoint-11" in said(result)
    assert not Path("out").exists()
    result = add_task(*args, "-o", "out")
    assert result.exit_code == 1
    assert "There is a training to resume: out.training/checkpoint-11" in said(result)
    other = ["--adapter"] if way == ["--freeze"] else ["--freeze"]
    result = add_task("cnn", "genre.cfg", *other, *SHORT, "-o", "out", "--resume")
    assert "The config differs from that of out.training/checkpoint-11: add_task" in said(result)
    added(*args, "-o", "out", "--resume")
    added(*args, "-o", "at-once")
    first, second = (values(spacy.load(name)) for name in ("out", "at-once"))
    assert list(first) == list(second)
    assert all(numpy.array_equal(first[name], second[name]) for name in first)
    assert not Path("out.training").exists()


def test_a_full_disk_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The training is kept, and only the end is repeated."""

    def full(write: Any, path: Path) -> None:
        raise WriteError(f"{path} cannot be written: No space left.")

    with monkeypatch.context() as patch:
        patch.setattr(command, "write_in_place", full)
        result = add_task("cnn", "genre.cfg", "-o", "out", "--freeze", *SHORT)
    assert result.exit_code == 1
    assert "No space left" in said(result)
    assert Path("out.training/model-best").is_dir()
    assert added("cnn", "genre.cfg", "-o", "out", "--freeze", *SHORT, "--resume")["kept"]
    assert not Path("out.training").exists()


def test_a_broken_promise_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    from spacy_mtl.growing import finishing

    load = finishing.load_changed

    def changed(*args: Any, **kwargs: Any) -> Any:
        nlp: Any = load(*args, **kwargs)
        nlp.get_pipe("tagger").model.get_ref("output_layer").get_param("b")[0] += 1e-6
        return nlp

    monkeypatch.setattr(finishing, "load_changed", changed)
    result = add_task("cnn", "genre.cfg", "-o", "out", "--freeze", *SHORT)
    assert result.exit_code == 1
    assert "The parameters of 'tagger' have changed, though --freeze trains nothing" in said(result)
    assert "an internal error of spacy_mtl: please report it. Nothing was written" in said(result)
    assert not Path("out").exists()
