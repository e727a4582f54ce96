"""The logger in spaCy's training loop, and call by call."""

import io
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict, List, Optional, Tuple

import pytest
import spacy
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.util import load_config, registry
from tiny import CNN, make_docs, make_examples

from spacy_mtl.report.logger import create_console_logger

ROOT = Path(__file__).parent.parent.parent
OURS = "spacy_mtl.ConsoleLogger.v1"
TASKS = ["tagger", "ner", "textcat"]
SCORES = {"tag_acc": 0.5, "ents_f": 0.25, "cats_score": 0.75, "ents_per_type": {"PER": {"f": 1.0}}}


class Recorder:
    """A logger that keeps its calls."""

    def __init__(self) -> None:
        self.calls: List[Any] = []

    def __call__(self, nlp: Language, stdout: Any, stderr: Any) -> Tuple[Callable, Callable]:
        self.calls.append("setup")
        return self.calls.append, lambda: self.calls.append("finalize")


@pytest.fixture
def recorder() -> Recorder:
    """A logger, registered as tests.recorder.v1."""
    recorder = Recorder()
    registry.loggers.register("tests.recorder.v1", func=lambda: recorder)
    return recorder


def make_info(losses: Dict[str, float], **changes: Any) -> Dict[str, Any]:
    info = {
        "epoch": 1,
        "step": 20,
        "score": 0.5,
        "other_scores": dict(SCORES),
        "losses": losses,
        "checkpoints": [(0.5, 20)],
        "seconds": 3,
        "words": 100,
    }
    return {**info, **changes}


def step(nlp: Language, losses: Dict[str, float], keep: Optional[str] = None) -> None:
    nlp.update(make_examples(nlp, keep), sgd=False, losses=losses)


def cells(line: str) -> List[str]:
    return line.split()


def read_lines(path: Path) -> List[Dict[str, Any]]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    lines = path.read_text(encoding="utf8").splitlines()
    return [json.loads(line, parse_constant=refuse) for line in lines]


def train_with(logger: Dict[str, Any], tmp_path: Path, encoder_dir: str, **changes: Any) -> None:
    """Train 5 steps of configs/joint.cfg on the tiny corpus, rows at 0, 2 and 4."""
    corpus = tmp_path / "corpus.spacy"
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(corpus)
    config = load_config(ROOT / "configs/joint.cfg", interpolate=False)
    config["paths"].update(train=str(corpus), dev=str(corpus))
    config["components"]["transformer"]["model"]["name"] = encoder_dir
    config["components"]["mtl"]["weighting"]["weights"] = {"ner": 2.0, "tagger": 0.25}
    config["training"].update(max_steps=4, eval_frequency=2, logger=logger, **changes)
    config.to_disk(tmp_path / "config.cfg")
    train(tmp_path / "config.cfg", tmp_path / "output")


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


def test_file_agrees_with_the_losses_and_weights(tmp_path: Path, encoder_dir: str) -> None:
    path = tmp_path / "log.jsonl"
    logger = {"@loggers": OURS, "output_file": str(path), "console_output": False}
    train_with(logger, tmp_path, encoder_dir, accumulate_gradient=2)
    weights = {"tagger": 0.25, "ner": 2.0, "textcat": 1.0}
    for line, n_steps in zip(read_lines(path), (2, 4, 4)):
        assert set(line) == {
            *["epoch", "step", "score", "other_scores", "losses", "seconds", "words"],
            *["tasks", "cosines"],
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


def test_scores_of_the_pipeline_are_spacys_own(
    tmp_path: Path, encoder_dir: str, recorder: Recorder
) -> None:
    """What the other logger sees does not end in meta.json."""
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


def test_frozen_task_has_no_columns(make_nlp: Any, tmp_path: Path) -> None:
    nlp = make_nlp()
    path = tmp_path / "log.jsonl"
    out = io.StringIO()
    # As `spacy train` does it.
    with nlp.select_pipes(disable=["ner"]):
        log_step, finalize = create_console_logger(output_file=path)(nlp, out, io.StringIO())
    log_step(make_info({}))
    finalize()
    titles = cells(out.getvalue().splitlines()[-3])
    assert titles.count("NORM") == 2
    # Its scores are those of no task that is trained.
    assert titles[-5:] == ["CATS_SCORE", "ENTS_F", "ENTS_P", "ENTS_R", "SCORE"]
    assert list(read_lines(path)[0]["tasks"]) == ["tagger", "textcat"]


def test_sourced_heads_have_columns(make_nlp: Any) -> None:
    """A new joint component before heads that have been trained: spaCy does not link those."""
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
    """spacy-loggers' own code, on a stand-in for the library that is not installed."""
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


def test_monitor_stays_no_longer_than_the_training(make_nlp: Any) -> None:
    nlp = make_nlp()
    mtl = nlp.get_pipe("mtl")
    _, finalize = create_console_logger()(nlp, io.StringIO(), io.StringIO())
    assert mtl.monitor is not None
    finalize()
    assert mtl.monitor is None
    finalize()


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


def test_absent_task_shows_a_dash(make_nlp: Any, tmp_path: Path) -> None:
    nlp = make_nlp()
    path = tmp_path / "log.jsonl"
    out = io.StringIO()
    log_step, finalize = create_console_logger(output_file=path)(nlp, out, io.StringIO())
    losses: Dict[str, float] = {}
    step(nlp, losses, keep="tag")
    # No loss of `ner`, and no score: nothing was annotated.
    del losses["ner"]
    log_step(make_info(losses, other_scores={"tag_acc": 0.5, "ents_f": None}))
    # Not a single step since.
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


def test_two_loggers_of_this_kind(make_nlp: Any) -> None:
    nlp = make_nlp()
    twice = create_console_logger(logger=create_console_logger())
    with pytest.raises(ValueError, match="'mtl' has a monitor already"):
        twice(nlp, io.StringIO(), io.StringIO())
    assert nlp.get_pipe("mtl").monitor is None


def test_file_that_is_a_folder(make_nlp: Any, tmp_path: Path) -> None:
    nlp = make_nlp()
    with pytest.raises(ValueError, match=r"'output_file' in \[training.logger\] .* is a folder"):
        create_console_logger(output_file=tmp_path)(nlp, io.StringIO(), io.StringIO())
    assert nlp.get_pipe("mtl").monitor is None


def test_file_below_a_file(make_nlp: Any, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("no folder", encoding="utf8")
    setup = create_console_logger(output_file=tmp_path / "logs/new/log.jsonl")
    with pytest.raises(ValueError, match=r"'output_file' in .*logs' is a file. Name another"):
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
