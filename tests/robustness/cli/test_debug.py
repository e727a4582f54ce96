"""`--debug` raises every error of a command."""

from pathlib import Path

import pytest
import spacy
from cases import Case, name_of
from spacy.cli._util import app
from thinc.api import ConfigValidationError
from typer.testing import CliRunner

from spacy_mtl.cli.errors import CommandError
from spacy_mtl.corpus.convert import ConversionError
from spacy_mtl.deploy.quantize import QuantizationError
from spacy_mtl.deploy.saved import NoPipelineError
from spacy_mtl.files import WriteError
from spacy_mtl.report.training_log import LogError
from spacy_mtl.train.checkpoint import CheckpointError

DEBUGGED = [
    Case("a number", "train config.cfg -o out --training.patience=-1", ValueError),
    Case("of a config", "train config.cfg -o out --training.dropout=x", ConfigValidationError),
    Case("of a block", "train config.cfg -o out --paths.train=${paths.x}", ConfigValidationError),
    Case("a corpus", "train config.cfg -o out --corpora.train.path=x.spacy", ValueError),
    Case("a checkpoint", "train config.cfg -o left --resume", CheckpointError),
    Case("a folder", "train config.cfg -o a-file", CommandError),
    Case("already started", "train config.cfg -o left", CommandError),
    Case("data", "debug-data config.cfg --corpora.train.path=x.spacy", ValueError),
    Case("data: a config", "debug-data config.cfg --training.seed=x", ConfigValidationError),
    Case("quantize: no corpus", "quantize trained out -d x.spacy", QuantizationError),
    Case("quantize: onto itself", "quantize trained trained", CommandError),
    Case("quantize: here", "quantize trained out", WriteError),
    Case("convert: a format", "convert a-file out -f no", ConversionError),
    Case("convert: options", "convert a-file out --no-ner --ner-column 1", ValueError),
    Case("evaluate", "evaluate trained x.spacy", CommandError),
    Case("report: no folder", "report nowhere", CommandError),
    Case("report: no log", "report left", LogError),
    Case("check", "check nowhere", NoPipelineError),
]


@pytest.mark.parametrize("case", DEBUGGED, ids=name_of)
def test_debug_raises(case: Case, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It raises errors of any class; without --debug they end with a message."""
    spacy.blank("en").to_disk("trained")
    (here / "left" / "checkpoint-3").mkdir(parents=True)
    if case.answer is WriteError:
        monkeypatch.setattr("os.path.ismount", lambda path: str(path) == str(here / "out"))
    args = ["mtl", *case.given.split()]
    result = CliRunner().invoke(app, [*args, "--debug"])
    assert isinstance(result.exception, case.answer), result.output
    said = CliRunner().invoke(app, args)
    assert isinstance(said.exception, SystemExit)
    assert said.exit_code == 1
    words = str(result.exception).split()[:3]
    assert " ".join(words) in " ".join(said.output.split())


def test_debug_shows_the_traceback(here: Path) -> None:
    """It raises the original Python error."""
    args = ["mtl", "train", "config.cfg", "-o", "out", "--training.eval_frequency=0", "--debug"]
    result = CliRunner().invoke(app, args)
    assert isinstance(result.exception, ValueError)
    assert "'eval_frequency' is 0" in str(result.exception)


@pytest.mark.parametrize("command", ["train", "debug-data", "quantize"])
def test_help_has_debug(command: str) -> None:
    """typer still shows the options."""
    text = CliRunner().invoke(app, ["mtl", command, "--help"]).output
    assert "--debug" in text
    assert "--code" in text
