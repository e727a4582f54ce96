"""`spacy mtl train`: what it does with the folder, the config and the machine that it finds."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
import spacy
import srsly
from short_training import assert_same, config_of, set_corpora
from spacy.cli._util import app
from spacy.tokens import DocBin
from thinc.api import ConfigValidationError
from tiny_corpus import make_docs
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command)
from spacy_mtl import checksums
from spacy_mtl.checksums import CHECKSUMS
from spacy_mtl.train.checkpoint import find_checkpoints, find_latest

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command on a short training, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "1000")
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk("corpus.spacy")
    config_of("corpus.spacy", max_steps=6, eval_frequency=2).to_disk("config.cfg")

    def invoke(*args: str, config: str = "config.cfg") -> Any:
        return CliRunner().invoke(app, ["mtl", "train", config, "-o", "out", *args])

    return invoke


def assert_goes_on_as_uninterrupted(run: Run) -> None:
    result = run("--resume")
    assert result.exit_code == 0, result.output
    after = spacy.load("out/model-last")
    Path("out").rename("other")
    assert run().exit_code == 0
    assert_same(after, spacy.load("out/model-last"))


def test_trains_and_is_over(run: Run) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    found = find_checkpoints(Path("out"))
    assert [each.step for each in found] == [7]
    before = spacy.load("out/model-last")
    # One that is over has nothing to do.
    again = run("--resume")
    assert again.exit_code == 0, again.output
    assert "Going on after 7 steps" in again.output
    assert_same(before, spacy.load("out/model-last"))


def test_resume_without_a_checkpoint(run: Run) -> None:
    result = run("--resume")
    assert result.exit_code == 0, result.output
    assert "No checkpoint in out: training from the beginning" in result.output
    assert "⚠" in result.output
    assert find_latest(Path("out")) is not None


def test_a_checkpoint_is_not_overwritten(run: Run) -> None:
    assert run().exit_code == 0
    result = run()
    assert result.exit_code == 1
    assert "There is a training to go on with: out/checkpoint-7" in result.output
    assert "--resume" in result.output
    assert [each.step for each in find_checkpoints(Path("out"))] == [7]


@pytest.mark.parametrize(
    "change", ["--training.dropout=0.3", "--components.ner.learn_rate_scale=2.0"], ids=str
)
def test_another_config(run: Run, change: str) -> None:
    assert run().exit_code == 0
    result = run("--resume", change)
    assert result.exit_code == 1
    name = change.split("=")[0].removeprefix("--")
    text = " ".join(result.output.split())
    assert f"The config is another than that of out/checkpoint-7: {name}" in text


def test_an_unchanged_config(run: Run) -> None:
    """spaCy rounds weights, and drops "source": that is no change."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk("source")
    config: Any = config_of("corpus.spacy", max_steps=4, eval_frequency=2)
    config["training"]["score_weights"] = {"tag_acc": 1.0, "ents_f": 1.0, "cats_score": 1.0}
    config["components"]["sentences"] = {"source": "source", "component": "sentencizer"}
    config["nlp"]["pipeline"] = ["sentences", *config["nlp"]["pipeline"]]
    config.to_disk("changed.cfg")
    assert run(config="changed.cfg").exit_code == 0
    result = run("--resume", config="changed.cfg")
    assert result.exit_code == 0, result.output


def test_a_longer_training(run: Run) -> None:
    """Where it ends may be changed: it goes on as one that was as long from the beginning."""
    assert run("--training.max_steps=4").exit_code == 0
    assert_goes_on_as_uninterrupted(run)


def test_other_data(run: Run) -> None:
    assert run().exit_code == 0
    DocBin(docs=make_docs(spacy.blank("en"))[:2]).to_disk("corpus.spacy")
    result = run("--resume")
    assert result.exit_code == 1
    assert "corpus.spacy" in result.output
    assert "bytes" in result.output


@pytest.mark.parametrize("is_multi", [False, True])
def test_fewer_texts(run: Run, is_multi: bool) -> None:
    """Its batches cannot be drawn again, whatever it is told."""
    config = config_of("corpus.spacy", max_steps=6, eval_frequency=2, max_epochs=2)
    if is_multi:
        schedule = {"@mtl_schedules": "spacy_mtl.Uniform.v1"}
        set_corpora(config, "corpus.spacy", schedule, mixed=False)
    config.to_disk("config.cfg")
    DocBin(docs=make_docs(spacy.blank("en")) * 6).to_disk("corpus.spacy")
    assert run().exit_code == 0
    DocBin(docs=make_docs(spacy.blank("en"))[:1]).to_disk("corpus.spacy")
    result = run("--resume", "--differ", "--training.max_steps=9")
    assert result.exit_code == 1
    text = " ".join(result.output.split())
    assert "The batches of 7 steps cannot be drawn from the corpora again" in text
    assert "Put back the texts" in text


@pytest.mark.parametrize("part", ["meta.json", "state.msgpack", "pipeline/mtl/model"])
@pytest.mark.parametrize("how", ["gone", "cut"])
def test_damaged_checkpoint(run: Run, part: str, how: str) -> None:
    assert run().exit_code == 0
    file = Path("out/checkpoint-7", part)
    content = file.read_bytes()
    file.unlink()
    if how == "cut":
        file.write_bytes(content[: len(content) // 2])
    shutil.copytree("out/checkpoint-7", "out/checkpoint-4.old")
    result = run("--resume")
    assert result.exit_code == 1
    text = " ".join(result.output.split())
    assert f"out/checkpoint-7/{part.split('/')[0]} cannot be read" in text
    assert "rename checkpoint-4.old to go on from there" in text
    assert Path("out/checkpoint-7").is_dir()


def test_pipelines_without_a_checkpoint(run: Run) -> None:
    """Of another training: they are not written over."""
    assert run().exit_code == 0
    shutil.rmtree("out/checkpoint-7")
    before = spacy.load("out/model-last")
    result = run("--resume")
    assert result.exit_code == 1
    assert "There is no checkpoint in out to go on from" in " ".join(result.output.split())
    assert_same(before, spacy.load("out/model-last"))


def test_output_that_is_no_folder(run: Run) -> None:
    Path("out").write_text("")
    result = run()
    assert result.exit_code == 1
    assert "--output out is no folder to write to" in " ".join(result.output.split())


def set_machine(**changes: Any) -> None:
    path = Path("out/checkpoint-7/meta.json")
    meta: Dict[str, Any] = srsly.read_json(path)
    meta["machine"].update(changes)
    srsly.write_json(path, meta)


def test_another_machine(run: Run) -> None:
    """Refused, as its figures may differ; unless it is told that they may."""
    assert run().exit_code == 0
    set_machine(threads=96, torch="1.0")
    result = run("--resume")
    assert result.exit_code == 1
    assert "instead of 96" in result.output
    assert "instead of 1.0" in result.output
    assert "--differ" in result.output
    result = run("--resume", "--differ")
    assert result.exit_code == 0, result.output
    assert "may differ" in result.output


@pytest.mark.parametrize("part", ["state.msgpack", "pipeline/mtl/model", CHECKSUMS])
def test_damage_is_no_difference(run: Run, part: str) -> None:
    """Nor does --differ go on from a checkpoint that is not what was written."""
    assert run().exit_code == 0
    path = Path("out/checkpoint-7", part)
    data = bytearray(path.read_bytes())
    data[0 if part == CHECKSUMS else len(data) // 2] ^= 1
    path.write_bytes(data)
    for more in ([], ["--differ"]):
        result = run("--resume", *more, "--training.max_steps=9")
        assert result.exit_code == 1
        text = " ".join(result.output.split())
        assert f"out/checkpoint-7/{part.split('/')[0]} cannot be read" in text
        assert "remove its folder to begin anew" in text


def test_files_are_hashed_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run().exit_code == 0
    hashed: List[str] = []
    checksum = checksums._checksum

    def counted(path: Path) -> str:
        hashed.append(path.as_posix())
        return checksum(path)

    monkeypatch.setattr(checksums, "_checksum", counted)
    assert run("--resume", "--training.max_steps=9").exit_code == 0
    assert hashed.count("out/checkpoint-7/state.msgpack") == 1


def test_no_hint_to_fill_what_is_filled(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing when a pipeline is initialized is nothing that a config has by default."""

    def missing(*args: Any, **kwargs: Any) -> None:
        error = {"loc": ["a"], "msg": "field required", "type": "value_error.missing"}
        raise ConfigValidationError(errors=[error])

    monkeypatch.setattr("spacy_mtl.cli.train.init_nlp", missing)
    result = run()
    assert result.exit_code == 1
    assert "field required" in result.output
    assert "init fill-config" not in result.output


def test_config_with_a_mistake(run: Run) -> None:
    """spaCy's own messages, and nothing is begun."""
    result = run("--training.max_steps=lots")
    assert result.exit_code == 1
    assert "max_steps" in result.output
    assert not list(Path("out").iterdir())


def test_training_that_fails_leaves_its_checkpoint(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error in a step, such as one for want of memory."""
    update = spacy.language.Language.update
    n_updates = 0

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal n_updates
        n_updates += 1
        if n_updates == 4:
            raise MemoryError
        return update(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(spacy.language.Language, "update", failing)
        assert isinstance(run().exception, MemoryError)
    latest = find_latest(Path("out"))
    assert latest is not None
    assert latest.step == 3
    assert_goes_on_as_uninterrupted(run)


@pytest.mark.parametrize("folder", ["checkpoint-3.new", "model-last.new", "model-best.new"])
def test_disk_that_is_full(run: Run, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """What was whole before still is, nothing half written is left, and the training goes on."""
    fsync = os.fsync

    def full(number: int) -> None:
        if f"/{folder}/" in os.readlink(f"/proc/self/fd/{number}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        result = run("--every", "1")
    assert result.exit_code == 1
    text = " ".join(result.output.split())
    assert f"out/{folder.removesuffix('.new')} cannot be written: [Errno 28] No space left" in text
    assert "--resume" in text
    assert not list(Path("out").glob("*.new"))
    assert find_latest(Path("out")) is not None
    assert_goes_on_as_uninterrupted(run)
