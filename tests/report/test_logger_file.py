"""The file of the logger: where it goes, and that it matches the losses."""

import io
from pathlib import Path
from typing import Any, Dict

import pytest
from logged_trainings import (
    OURS,
    TASKS,
    make_info,
    read_lines,
    step,
    train_with,
)

from spacy_mtl.report.logger import create_console_logger


def test_file_agrees_with_the_losses_and_weights(tmp_path: Path, encoder_dir: str) -> None:
    path = tmp_path / "log.jsonl"
    logger = {"@loggers": OURS, "output_file": str(path), "console_output": False}
    train_with(logger, tmp_path, encoder_dir, accumulate_gradient=2)
    weights = {"tagger": 0.25, "ner": 2.0, "textcat": 1.0}
    for line, n_steps in zip(read_lines(path), (2, 4, 4)):
        assert set(line) == {
            *["epoch", "step", "score", "other_scores", "losses", "seconds", "words"],
            *["tasks", "cosines", "corpora", "auxiliary", "sharing"],
        }
        assert list(line["tasks"]) == TASKS
        for task, means in line["tasks"].items():
            assert means["weight"] == weights[task]
            assert means["loss"] == pytest.approx(line["losses"][task] / means["n_steps"])
            assert means["norm"] > 0
        assert line["tasks"]["tagger"]["n_steps"] == n_steps
        summed = sum(weights[task] * line["losses"][task] for task in TASKS)
        assert line["losses"]["mtl"] == pytest.approx(summed)
        assert [each["tasks"] for each in line["cosines"]] == [
            ["tagger", "ner"],
            ["tagger", "textcat"],
            ["ner", "textcat"],
        ]
        assert all(-1 <= each["cosine"] <= 1 for each in line["cosines"])
        assert isinstance(line["other_scores"]["ents_per_type"], dict)


def test_batches_of_corpora(make_nlp: Any, tmp_path: Path) -> None:
    nlp = make_nlp()
    path = tmp_path / "log.jsonl"
    setup = create_console_logger(output_file=path, console_output=False)
    log_step, finalize = setup(nlp, io.StringIO(), io.StringIO())
    losses: Dict[str, float] = {}
    for _ in range(2):
        step(nlp, losses)
    log_step(make_info(losses))
    step(nlp, losses)
    log_step(make_info(losses))
    finalize()
    found = [line["corpora"] for line in read_lines(path)]
    # Half of the tiny corpus's documents are from each.
    assert found == [{"odd": 1.0, "even": 1.0}, {"odd": 0.5, "even": 0.5}]


def test_file_that_is_a_folder(make_nlp: Any, tmp_path: Path) -> None:
    nlp = make_nlp()
    with pytest.raises(ValueError, match=r"'output_file' in \[training.logger\] .* is a folder"):
        create_console_logger(output_file=tmp_path)(nlp, io.StringIO(), io.StringIO())
    assert nlp.get_pipe("mtl").monitor is None


def test_file_below_a_file(make_nlp: Any, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("no folder", encoding="utf8")
    setup = create_console_logger(output_file=tmp_path / "logs/new/log.jsonl")
    with pytest.raises(ValueError, match=r"'output_file' in .*logs' is a file. Choose another"):
        setup(make_nlp(), io.StringIO(), io.StringIO())


def test_file_in_the_home_folder(
    make_nlp: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    _, finalize = create_console_logger(output_file="~/log.jsonl")(
        make_nlp(), io.StringIO(), io.StringIO()
    )
    finalize()
    assert (tmp_path / "log.jsonl").is_file()


def test_message_says_where_the_file_is(make_nlp: Any, tmp_path: Path) -> None:
    nlp = make_nlp()
    path = tmp_path / "log.jsonl"
    path.write_text("an earlier log", encoding="utf8")
    out = io.StringIO()
    setup = create_console_logger(output_file=str(path), console_output=False)
    _, finalize = setup(nlp, out, io.StringIO())
    finalize()
    assert "log.1.jsonl" in out.getvalue()
    assert path.read_text(encoding="utf8") == "an earlier log"
