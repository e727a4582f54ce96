"""What a sharing scheme adds to the log: its own losses, and what it has learned."""

import io
from pathlib import Path
from typing import Any, Dict, List

import pytest
from fixed_structure import RELATIONS, TITLE, TREE, WITHOUT_TABLES, make_sharing
from logged_trainings import OURS, cells, make_info, read_lines, step, train_with
from mixed_sharing import make_nlp as make_mixed
from spacy.util import registry
from tiny_corpus import make_examples

from spacy_mtl.report.logger import create_console_logger
from spacy_mtl.report.structure import structure_json, structure_text

CONSTANT = {"@mtl_weightings": "spacy_mtl.Constant.v1"}


def set_up(nlp: Any, **settings: Any) -> Any:
    out = io.StringIO()
    return (out, *create_console_logger(**settings)(nlp, out, io.StringIO()))


def test_log_of_a_training(tmp_path: Path, encoder_dir: str, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "log.jsonl"
    logger = {"@loggers": OURS, "output_file": str(path)}
    scheme = {"@architectures": TITLE, "strength": 0.5}
    train_with(logger, tmp_path, encoder_dir, scheme=scheme)
    printed = capsys.readouterr().out
    lines = read_lines(path)
    assert [line["step"] for line in lines] == [0, 2, 4]
    assert [line["auxiliary"]["size"]["n_steps"] for line in lines] == [1, 2, 2]
    (titles,) = (cells(row) for row in printed.splitlines() if row.startswith("E    #"))
    # The transformer's, then those of the joint component.
    assert titles[2:6] == ["LOSS", "SUM", "LOSS", "SIZE"]
    assert printed.count(structure_text([RELATIONS, TREE])) == 1
    assert all(line["sharing"] == structure_json([RELATIONS, TREE]) for line in lines)


def test_auxiliary_loss_has_a_column_and_means(tmp_path: Path) -> None:
    nlp = make_sharing(strength=0.5)
    path = tmp_path / "log.jsonl"
    out, log_step, finalize = set_up(nlp, output_file=path)
    assert cells(out.getvalue().splitlines()[-2])[:4] == ["E", "#", "LOSS", "SIZE"]
    losses: Dict[str, float] = {}
    for _ in range(2):
        step(nlp, losses)
    log_step(make_info(losses))
    row = cells(out.getvalue().splitlines()[-1])
    finalize()
    (line,) = read_lines(path)
    assert line["losses"]["mtl.size"] == losses["mtl.size"] > 0
    mean = pytest.approx(losses["mtl.size"] / 2)
    assert line["auxiliary"] == {"size": {"n_steps": 2, "loss": mean}}
    assert float(row[3]) == pytest.approx(losses["mtl.size"] / 2, rel=0.01)
    # The auxiliary loss isn't in the loss of the component.
    assert float(row[2]) == pytest.approx(losses["mtl"] / 2, rel=0.01)


@pytest.mark.filterwarnings("ignore:The heads .* both set")
def test_scheme_of_thinc_layers(tmp_path: Path) -> None:
    nlp = make_mixed("representation", CONSTANT, strength=1.0)
    path = tmp_path / "log.jsonl"
    out, log_step, finalize = set_up(nlp, output_file=path)
    losses: Dict[str, float] = {}
    nlp.update(make_examples(nlp), sgd=False, losses=losses)
    log_step(make_info(losses, other_scores={}))
    row = cells(out.getvalue().splitlines()[-1])
    finalize()
    assert float(row[3]) == pytest.approx(losses["mtl.size"], rel=0.01)
    (line,) = read_lines(path)
    assert line["auxiliary"]["size"]["loss"] == losses["mtl.size"]
    assert line["sharing"] == []


def test_loss_that_no_step_had_shows_a_dash(tmp_path: Path) -> None:
    """Its schedule begins with 0."""
    warm_up = {"@schedules": "warmup_linear.v1", "initial_rate": 1.0}
    nlp = make_sharing(strength={**warm_up, "warmup_steps": 2, "total_steps": 9})
    path = tmp_path / "log.jsonl"
    out, log_step, finalize = set_up(nlp, output_file=path)
    losses: Dict[str, float] = {}
    step(nlp, losses)
    log_step(make_info(losses))
    assert cells(out.getvalue().splitlines()[-1])[3] == "-"
    finalize()
    assert read_lines(path)[0]["auxiliary"] == {}


def test_means_continue_after_a_checkpoint() -> None:
    nlp = make_sharing(strength=0.5)
    out, log_step, finalize = set_up(nlp)
    mtl = nlp.get_pipe("mtl")
    losses: Dict[str, float] = {}
    step(nlp, losses)
    state = mtl.get_training_state()
    log_step(make_info(losses))
    mtl.set_training_state(state)
    step(nlp, losses)
    log_step(make_info(losses))
    assert float(cells(out.getvalue().splitlines()[-1])[3]) == pytest.approx(
        losses["mtl.size"] / 2, rel=0.01
    )
    # As saved by a version that knew no auxiliary losses.
    del state["monitor"]["auxiliary"]
    mtl.set_training_state(state)
    finalize()


def test_structure_is_printed_at_the_end(tmp_path: Path) -> None:
    nlp = make_sharing()
    path = tmp_path / "log.jsonl"
    out, log_step, finalize = set_up(nlp, output_file=path)
    for _ in range(2):
        step(nlp, {})
        log_step(make_info({}))
        log_step(None)
    assert "relations" not in out.getvalue()
    finalize()
    assert out.getvalue().endswith("\n\n" + structure_text([RELATIONS, TREE]) + "\n")
    lines = read_lines(path)
    assert [line["sharing"] for line in lines] == [structure_json([RELATIONS, TREE])] * 2


def test_nothing_is_printed_without_rows_or_tables() -> None:
    for nlp, infos in ((make_sharing(), []), (make_sharing(WITHOUT_TABLES), [make_info({})])):
        out, log_step, finalize = set_up(nlp)
        for info in infos:
            log_step(info)
        before = out.getvalue()
        finalize()
        assert out.getvalue() == before


def test_broken_structure_stops_the_first_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the end of the training."""
    nlp = make_sharing()
    scheme = type(nlp.get_pipe("mtl").scheme)

    def fail(self: Any) -> List[Any]:
        raise ValueError("The tree has no root")

    _, log_step, finalize = set_up(nlp)
    monkeypatch.setattr(scheme, "structure", fail)
    with pytest.raises(ValueError, match="The tree has no root"):
        log_step(make_info({}))
    finalize()


def test_spacys_own_logger_accepts_auxiliary_losses() -> None:
    nlp = make_sharing(strength=0.5)
    out = io.StringIO()
    setup = registry.get("loggers", "spacy.ConsoleLogger.v3")(None)
    log_step, finalize = setup(nlp, out, io.StringIO())
    losses: Dict[str, float] = {}
    step(nlp, losses)
    log_step(make_info(losses))
    finalize()
    assert f"{losses['mtl']:.2f}" in out.getvalue()
