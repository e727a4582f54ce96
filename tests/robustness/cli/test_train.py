"""Input of `train`, and what it leaves behind."""

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
    Case("valid", "", says("Saved pipeline")),
    Case("several corpora", "multi.cfg", says("Saved pipeline")),
    # Once it is wrapped, its settings move to another block.
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
        Refused("[corpora.train] is empty", "the folder folder has no .spacy files"),
    ),
    Case("no words", "--corpora.train.path=wordless.spacy", Refused("Cannot train")),
    Case(
        "no texts", f"{MULTI}.one.path=empty.spacy", Refused("corpora.one] is empty", "empty.spacy")
    ),
    Case(
        "development corpus: no texts",
        "--corpora.dev.path=empty.spacy",
        says("Saved pipeline", "development corpus 'corpora.dev' has no texts", "Fix its 'path'"),
    ),
    Case(
        "development corpus: no words",
        "--corpora.dev.path=wordless.spacy",
        says("Saved pipeline", "development corpus 'corpora.dev' has no texts"),
    ),
    Case("no block of training", "no-training.cfg", Refused("[training]", "init fill-config")),
    Case(
        "an output that is a file",
        "--output a-file",
        Refused("write to the folder --output a-file"),
    ),
    Case("an output in a file", "--output a-file/x", Refused("to the folder --output a-file/x")),
    Case("no such GPU", "--gpu-id 63", Refused("--gpu-id 63", "-1 for the CPU")),
    Case("a GPU below the CPU", "--gpu-id -2", Refused("--gpu-id", "-1")),
    Case("no steps between", "--every 0", Refused("--every", "1")),
    Case("all too long", NO_BATCH, Refused("over 4 texts", "discard_oversize = false")),
    Case(
        "all too long, streamed",
        f"{NO_BATCH} --training.max_epochs=-1",
        Refused("a whole pass over 4 texts", "[training.batcher]", "discard_oversize = false"),
    ),
    Case(
        "all too long, of several",
        ["multi.cfg", *OF_CORPUS],
        Refused("makes no batch", "discard_oversize = false"),
    ),
    Case(
        "all too long, of several, streamed",
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


def test_interrupt_says_how_to_resume(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(spacy.language.Language, "update", interrupted)
        with pytest.raises(
            ValueError, match="Interrupted.*--resume continues from out/checkpoint-0"
        ):
            run("train", "")
    assert "Saved pipeline" in run("train", "--resume")


def test_separate_process(here: Path) -> None:
    """Called as a command, it exits with 1 and the message, without a traceback."""
    args = [sys.executable, "-m", "spacy", "mtl", "train", "config.cfg", "--output", "out"]
    args.append("--corpora.dev.path=cut.spacy")
    result = subprocess.run(args, capture_output=True, text=True)
    assert result.returncode == 1
    text = " ".join((result.stdout + result.stderr).split())
    assert "Traceback" not in text
    assert "[corpora.dev] is damaged" in text
