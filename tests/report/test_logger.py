"""The logger in spaCy's training loop, and call by call."""

import io
from pathlib import Path
from typing import Any, Dict, Optional

import pytest
import spacy
from logged_trainings import (
    OURS,
    TASKS,
    cells,
    make_info,
    read_lines,
    step,
    train_with,
)
from spacy.util import registry
from tiny_corpus import make_examples
from tiny_pipelines import CNN

from spacy_mtl.report.logger import create_console_logger


def test_table_and_file_of_a_training(
    tmp_path: Path, encoder_dir: str, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / "logs" / "new" / "log.jsonl"
    logger = {"@loggers": OURS, "output_file": str(path), "progress_bar": "eval"}
    train_with(logger, tmp_path, encoder_dir)
    printed = capsys.readouterr().out.splitlines()
    (top,) = (i for i, line in enumerate(printed) if line.startswith("E    #"))
    groups, titles, rule, *rows = printed[top - 1 : top + 5]
    figures = ["LOSS", "WEIGHT", "NORM"]
    assert cells(groups.replace("-", "")) == ["TRANSFORMER", "MTL", "TAGGER", "NER", "TEXTCAT"]
    assert cells(titles) == [
        *["E", "#", "LOSS", "SUM", "LOSS"],
        *[*figures, "TAG_ACC"],
        *[*figures, "ENTS_F", "ENTS_P", "ENTS_R"],
        *[*figures, "CATS_SCORE"],
        "SCORE",
    ]
    assert set(rule) == {"-", " "}
    assert all(len(line) == len(rule) for line in (titles, *rows))

    lines = read_lines(path)
    assert [line["step"] for line in lines] == [0, 2, 4]
    for line, row in zip(lines, rows):
        found = dict(zip(("epoch", "step", "transformer", "mtl"), cells(row)))
        assert (found["epoch"], found["step"]) == (str(line["epoch"]), str(line["step"]))
        assert float(found["transformer"]) == pytest.approx(line["losses"]["transformer"], abs=0.01)
        n_steps = 1 if line["step"] == 0 else 2
        assert float(found["mtl"]) == pytest.approx(line["losses"]["mtl"] / n_steps, rel=0.01)
        numbers = list(map(float, cells(row)[4:]))
        for task, n_scores, key in zip(TASKS, (1, 3, 1), ("tag_acc", "ents_f", "cats_score")):
            means = line["tasks"][task]
            assert numbers[:3] == pytest.approx(
                [means["loss"], means["weight"], means["norm"]], rel=0.01
            )
            assert numbers[3] == pytest.approx(100 * line["other_scores"][key], abs=0.01)
            numbers = numbers[3 + n_scores :]
        assert numbers == [pytest.approx(line["score"], abs=0.01)]


def test_frozen_task_has_no_columns(make_nlp: Any, tmp_path: Path) -> None:
    nlp = make_nlp()
    path = tmp_path / "log.jsonl"
    out = io.StringIO()
    # As in `spacy train`.
    with nlp.select_pipes(disable=["ner"]):
        log_step, finalize = create_console_logger(output_file=path)(nlp, out, io.StringIO())
    log_step(make_info({}))
    finalize()
    titles = cells(out.getvalue().splitlines()[-3])
    assert titles.count("NORM") == 2
    # Its scores belong to no trained task.
    assert titles[-5:] == ["CATS_SCORE", "ENTS_F", "ENTS_P", "ENTS_R", "SCORE"]
    assert list(read_lines(path)[0]["tasks"]) == ["tagger", "textcat"]


def test_sourced_heads_have_columns(make_nlp: Any) -> None:
    """With a new joint component before trained heads, spaCy doesn't link them."""
    source, nlp = make_nlp(), make_nlp((), initialize=False)
    for name in ("tagger", "ner", "textcat"):
        nlp.add_pipe(name, source=source)
    with nlp.select_pipes(disable=["tagger", "ner", "textcat"]):
        nlp.initialize(lambda: make_examples(nlp))
    out = io.StringIO()
    _, finalize = create_console_logger()(nlp, out, io.StringIO())
    finalize()
    assert cells(out.getvalue().splitlines()[-2]).count("NORM") == 3


def test_frozen_joint_component_is_not_watched(make_nlp: Any) -> None:
    nlp = make_nlp()
    out = io.StringIO()
    with nlp.select_pipes(disable=["transformer", "mtl"]):
        _, finalize = create_console_logger()(nlp, out, io.StringIO())
    assert nlp.get_pipe("mtl").monitor is None
    assert "LOSS TAGGER" in out.getvalue()
    finalize()


def test_monitor_is_removed_after_the_training(make_nlp: Any) -> None:
    nlp = make_nlp()
    mtl = nlp.get_pipe("mtl")
    _, finalize = create_console_logger()(nlp, io.StringIO(), io.StringIO())
    assert mtl.monitor is not None
    finalize()
    assert mtl.monitor is None
    finalize()


def test_absent_task_shows_a_dash(make_nlp: Any, tmp_path: Path) -> None:
    nlp = make_nlp()
    path = tmp_path / "log.jsonl"
    out = io.StringIO()
    log_step, finalize = create_console_logger(output_file=path)(nlp, out, io.StringIO())
    losses: Dict[str, float] = {}
    step(nlp, losses, keep="tag")
    # Without annotation, `ner` has neither loss nor score.
    del losses["ner"]
    log_step(make_info(losses, other_scores={"tag_acc": 0.5, "ents_f": None}))
    # No step since then.
    log_step(make_info({}, other_scores={}))
    first, second = (cells(line) for line in out.getvalue().splitlines()[-2:])
    assert first[4:7] != ["-"] * 3
    assert first[7:] == ["50.00", *["-"] * 10, "0.50"]
    assert second == ["1", "20", *["-"] * 16, "0.50"]
    finalize()
    for line in read_lines(path):
        absent = {"n_steps": 0, "loss": None, "weight": None, "norm": None}
        assert line["tasks"]["ner"] == absent
        assert line["cosines"] == []
    assert line["tasks"]["tagger"] == absent


@pytest.mark.parametrize("progress_bar", [None, "train", "eval"])
def test_pipeline_without_joint_component_has_spacys_table(
    progress_bar: Optional[str], tmp_path: Path
) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": CNN}})
    nlp.config["training"]["score_weights"] = {"tag_acc": 1.0}
    path = tmp_path / "log.jsonl"
    printed = []
    for setup in (
        create_console_logger(progress_bar, output_file=path),
        registry.get("loggers", "spacy.ConsoleLogger.v3")(progress_bar),
    ):
        out = io.StringIO()
        log_step, finalize = setup(nlp, out, io.StringIO())
        log_step(make_info({"tagger": 12.0}))
        log_step(None)
        finalize()
        printed.append(out.getvalue())
    assert printed[0].endswith(printed[1])
    assert "LOSS TAGGER" in printed[1]
    (line,) = read_lines(path)
    assert line["losses"] == {"tagger": 12.0}
    assert (line["tasks"], line["cosines"]) == ({}, [])


@pytest.mark.parametrize("progress_bar", ["train", "eval"])
def test_progress_bar(make_nlp: Any, progress_bar: str) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    nlp = make_nlp()
    nlp.config["training"].update(max_steps=40, eval_frequency=10)
    err = Terminal()
    log_step, finalize = create_console_logger(progress_bar)(nlp, io.StringIO(), err)
    log_step(None)
    log_step(make_info({}))
    log_step(None)
    finalize()
    expected = "Last Eval Epoch: 1:  50%" if progress_bar == "train" else "Epoch 2:   0%"
    assert expected in err.getvalue()
    assert err.getvalue().endswith("\r")


@pytest.mark.parametrize("progress_bar", ["trian", "", False])
def test_unknown_progress_bar(progress_bar: Any) -> None:
    with pytest.raises(ValueError, match=r"'progress_bar' in \[training.logger\] is"):
        create_console_logger(progress_bar)
