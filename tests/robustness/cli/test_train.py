"""What `train` is given, and what it leaves behind."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
from cases import Case, Refused, check, name_of
from command_cases import run, says

from spacy_mtl.files import damaged_files

MULTI = "multi.cfg --corpora.train.corpora"


NO_BATCH = "--training.batcher.size=1 --training.batcher.tolerance=0.0"


NO_BATCH += " --training.batcher.discard_oversize=true"


OF_CORPUS = ["--training.batcher.batcher.size=1", "--training.batcher.batcher.tolerance=0.0"]


OF_CORPUS += ["--training.batcher.batcher.discard_oversize=true"]


TRAIN = [
    Case("as it should be", "", says("Saved pipeline")),
    Case("several corpora", "multi.cfg", says("Saved pipeline")),
    # It is put inside of another, and is another setting then.
    Case(
        "a batcher that is wrapped",
        "unwrapped.cfg --training.batcher.size=9",
        says("Saved pipeline"),
    ),
    Case(
        "a component from elsewhere",
        "sourced.cfg --components.sentences.source=source",
        says("Saved pipeline"),
    ),
    Case(
        "training corpus: no texts",
        "--corpora.train.path=empty.spacy",
        Refused("[corpora.train] is empty", "empty.spacy has no documents"),
    ),
    Case(
        "training corpus: a stream of no texts",
        "--corpora.train.path=empty.spacy --training.max_epochs=-1",
        Refused("[corpora.train] is empty", "empty.spacy has no documents"),
    ),
    Case(
        "training corpus: no files",
        "--corpora.train.path=folder",
        Refused("[corpora.train] is empty", "the folder folder has no files *.spacy"),
    ),
    Case("no words", "--corpora.train.path=wordless.spacy", Refused("Cannot train")),
    Case(
        "no texts", f"{MULTI}.one.path=empty.spacy", Refused("corpora.one] is empty", "empty.spacy")
    ),
    Case(
        "development corpus: no texts",
        "--corpora.dev.path=empty.spacy",
        says("Saved pipeline", "development corpus 'corpora.dev' gives no text", "Mend its 'path'"),
    ),
    Case(
        "development corpus: no words",
        "--corpora.dev.path=wordless.spacy",
        says("Saved pipeline", "development corpus 'corpora.dev' gives no text"),
    ),
    Case("no block of training", "no-training.cfg", Refused("[training]", "init fill-config")),
    Case("an output that is a file", "--output a-file", Refused("--output a-file is no folder")),
    Case("an output in a file", "--output a-file/x", Refused("--output a-file/x is no folder")),
    Case("no such GPU", "--gpu-id 63", Refused("--gpu-id 63", "-1 for the CPU")),
    Case("a GPU below the CPU", "--gpu-id -2", Refused("--gpu-id", "-1")),
    Case("no steps between", "--every 0", Refused("--every", "1")),
    Case("all too long", NO_BATCH, Refused("over 4 texts", "discard_oversize = false")),
    Case(
        "all too long, without end",
        f"{NO_BATCH} --training.max_epochs=-1",
        Refused("a whole pass over 4 texts", "[training.batcher]", "discard_oversize = false"),
    ),
    Case(
        "all too long, of several",
        ["multi.cfg", *OF_CORPUS],
        Refused("makes no batch", "discard_oversize = false"),
    ),
    Case(
        "all too long, of several, without end",
        ["multi.cfg", *OF_CORPUS, "--training.max_epochs=-1"],
        Refused("makes no batch", "discard_oversize = false"),
    ),
    Case(
        "all too long, mixed",
        ["mixed.cfg", *OF_CORPUS],
        Refused("makes no batch of the corpora", "discard_oversize = false"),
    ),
]


@pytest.mark.parametrize("case", TRAIN, ids=name_of)
def test_train(case: Case, here: Path) -> None:
    check(case, lambda given: run("train", given))
    if isinstance(case.answer, Refused):
        assert not (here / "out").exists() or not list((here / "out").iterdir())
    else:
        assert not damaged_files(here / "out/model-best")


def test_an_interrupt_says_how_to_go_on(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(spacy.language.Language, "update", interrupted)
        with pytest.raises(ValueError, match="Interrupted.*--resume goes on from out/checkpoint-0"):
            run("train", "")
    assert "Saved pipeline" in run("train", "--resume")


def test_a_process_of_its_own(here: Path) -> None:
    """As it is called: status 1, the message, no traceback."""
    args = [sys.executable, "-m", "spacy", "mtl", "train", "config.cfg", "--output", "out"]
    args.append("--corpora.dev.path=cut.spacy")
    result = subprocess.run(args, capture_output=True, text=True)
    assert result.returncode == 1
    text = " ".join((result.stdout + result.stderr).split())
    assert "Traceback" not in text
    assert "[corpora.dev] is damaged" in text
