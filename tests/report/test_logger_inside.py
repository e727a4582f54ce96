"""Another logger inside ours, and ours inside another."""

import io
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Dict

import pytest
from logged_trainings import (
    OURS,
    SCORES,
    TASKS,
    Recorder,
    make_info,
    step,
    train_with,
)
from spacy.util import registry

from spacy_mtl.report.logger import create_console_logger


def test_scores_of_the_pipeline_are_spacys_own(
    tmp_path: Path, encoder_dir: str, recorder: Recorder
) -> None:
    """Figures for the other logger don't end up in meta.json."""
    train_with(
        {"@loggers": OURS, "logger": {"@loggers": "tests.recorder.v1"}}, tmp_path, encoder_dir
    )
    first, *calls, last = recorder.calls
    assert (first, last) == ("setup", "finalize")
    assert [call and call["step"] for call in calls] == [0, None, 2, None, 4]
    assert calls[0]["other_scores"]["mtl_weight_ner"] == 2.0
    meta = (tmp_path / "output/model-best/meta.json").read_text(encoding="utf8")
    assert "ents_f" in meta
    assert "mtl_weight" not in meta


@pytest.mark.parametrize("ours", ["logger1", "logger2"])
def test_chain_of_loggers(
    tmp_path: Path,
    encoder_dir: str,
    recorder: Recorder,
    ours: str,
    capsys: pytest.CaptureFixture,
) -> None:
    other = "logger2" if ours == "logger1" else "logger1"
    logger = {
        "@loggers": "spacy.ChainLogger.v1",
        ours: {"@loggers": OURS},
        other: {"@loggers": "tests.recorder.v1"},
    }
    train_with(logger, tmp_path, encoder_dir)
    assert "-- TAGGER --" in capsys.readouterr().out
    assert recorder.calls[0] == "setup"
    assert [call["step"] for call in recorder.calls if isinstance(call, dict)] == [0, 2, 4]
    assert recorder.calls[-1] == "finalize"


def test_other_logger_gets_every_call(make_nlp: Any, recorder: Recorder) -> None:
    nlp = make_nlp()
    setup = create_console_logger(logger=recorder, console_output=False)
    log_step, finalize = setup(nlp, io.StringIO(), io.StringIO())
    losses: Dict[str, float] = {}
    log_step(None)
    step(nlp, losses)
    info = make_info(losses)
    log_step(info)
    finalize()
    first, without, seen, last = recorder.calls
    assert (first, without, last) == ("setup", None, "finalize")
    assert info == make_info(losses)
    added = {key: seen["other_scores"][key] for key in set(seen["other_scores"]) - set(SCORES)}
    assert all(isinstance(value, float) for value in added.values())
    assert set(added) == {
        *[f"mtl_{figure}_{task}" for figure in ("loss", "weight", "norm") for task in TASKS],
        *["mtl_cosine_tagger_ner", "mtl_cosine_tagger_textcat", "mtl_cosine_ner_textcat"],
    }
    assert added["mtl_loss_ner"] == pytest.approx(losses["ner"])
    assert {**seen, "other_scores": SCORES} == info
    assert seen["losses"] is losses


def test_figures_reach_weights_and_biases(make_nlp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests spacy-loggers' own code with a stand-in for the library, which isn't installed."""
    logged: Dict[str, Any] = {}
    wandb: Any = ModuleType("wandb")
    wandb.init = lambda **_: None
    wandb.log = logged.update
    wandb.join = lambda: logged.update(joined=True)
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    other = registry.get("loggers", "spacy.WandbLogger.v5")("project")
    nlp = make_nlp()
    log_step, finalize = create_console_logger(logger=other)(nlp, io.StringIO(), io.StringIO())
    losses: Dict[str, float] = {}
    step(nlp, losses)
    log_step(make_info(losses))
    finalize()
    assert logged["mtl_weight_ner"] == 1.0
    assert logged["loss_ner"] == losses["ner"]
    assert logged["ents_f"] == 0.25
    assert logged["joined"]


def test_failing_logger_leaves_nothing_behind(make_nlp: Any, tmp_path: Path) -> None:
    def fail(*args: Any) -> Any:
        raise OSError("no network")

    nlp = make_nlp()
    path = tmp_path / "log.jsonl"
    with pytest.raises(OSError, match="no network"):
        create_console_logger(logger=fail, output_file=path)(nlp, io.StringIO(), io.StringIO())
    assert not path.exists()
    assert nlp.get_pipe("mtl").monitor is None


def test_other_logger_is_finalized_if_the_table_fails(make_nlp: Any, recorder: Recorder) -> None:
    nlp = make_nlp()
    out = io.StringIO()
    out.close()
    with pytest.raises(ValueError, match="closed file"):
        create_console_logger(logger=recorder)(nlp, out, io.StringIO())
    assert recorder.calls == ["setup", "finalize"]
    assert nlp.get_pipe("mtl").monitor is None


def test_two_loggers_of_this_kind(make_nlp: Any) -> None:
    nlp = make_nlp()
    twice = create_console_logger(logger=create_console_logger())
    with pytest.raises(ValueError, match="'mtl' already has a monitor"):
        twice(nlp, io.StringIO(), io.StringIO())
    assert nlp.get_pipe("mtl").monitor is None
