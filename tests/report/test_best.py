"""The best pipeline of each task, besides the best overall."""

import io
import re
from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
import srsly
from short_training import config_of
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import registry
from tiny_corpus import make_docs
from tiny_pipelines import HEADS

KEYS = {"tagger": "tag_acc", "ner": "ents_f", "textcat": "cats_score"}
SCORES = [
    {"tagger": 0.2, "ner": 0.0, "textcat": 0.9},
    {"tagger": 0.5, "ner": 0.0, "textcat": 0.8},
    {"tagger": 0.4, "ner": 0.1, "textcat": 0.95},
    {"tagger": 0.5, "ner": 0.2, "textcat": 0.0},
]


def make(**settings: Any) -> Any:
    block = {"@loggers": "spacy_mtl.BestByTask.v1", **settings}
    return registry.resolve({"logger": block})["logger"]


@pytest.fixture
def nlp(make_nlp: Any) -> Language:
    return make_nlp(encoder=None)


def report(nlp: Language, output: Path, steps: List[int], **settings: Any) -> str:
    """Log evaluations like spaCy, with pipelines that record their step."""
    quiet = {"@loggers": "spacy_mtl.ConsoleLogger.v1", "console_output": False}
    stderr = io.StringIO()
    log_step, finalize = make(logger=quiet, **settings)(nlp, io.StringIO(), stderr)
    last = output / "model-last"
    for step in steps:
        scores = {KEYS[task]: score for task, score in SCORES[step].items()}
        last.mkdir(parents=True, exist_ok=True)
        srsly.write_json(last / "meta.json", {"step": step, "performance": scores})
        log_step(None)
        log_step(
            {
                "step": step,
                "epoch": 0,
                "score": 0.0,
                "other_scores": scores,
                "losses": dict.fromkeys(["mtl", *HEADS], 0.0),
                "output_path": str(last),
            }
        )
    finalize()
    return stderr.getvalue()


def kept(output: Path) -> Dict[str, int]:
    found = {}
    for path in output.glob("model-best-*"):
        step = srsly.read_json(path / "meta.json")["step"]
        found[path.name.removeprefix("model-best-")] = step
    return found


def test_each_task_keeps_its_best(nlp: Language, tmp_path: Path) -> None:
    """Later pipelines with the same score don't replace it."""
    assert report(nlp, tmp_path, [0, 1, 2, 3]) == ""
    assert kept(tmp_path) == {"tagger": 1, "ner": 3, "textcat": 2}
    assert not list(tmp_path.glob("*.new")) + list(tmp_path.glob("*.old"))


def test_some_tasks(nlp: Language, tmp_path: Path) -> None:
    report(nlp, tmp_path, [0, 1, 2], tasks=["ner"])
    assert kept(tmp_path) == {"ner": 2}


def test_resumed_training(nlp: Language, tmp_path: Path) -> None:
    """Existing pipelines stay if they are better than later ones."""
    report(nlp, tmp_path, [0, 1])
    report(nlp, tmp_path, [2, 3])
    assert kept(tmp_path) == {"tagger": 1, "ner": 3, "textcat": 2}


def test_another_training_in_the_same_folder(nlp: Language, tmp_path: Path) -> None:
    report(nlp, tmp_path, [0, 1, 2, 3])
    report(nlp, tmp_path, [0])
    assert kept(tmp_path) == {"tagger": 0, "ner": 0, "textcat": 0}


def test_custom_score_keys(nlp: Language, tmp_path: Path) -> None:
    """Heads of the same kind report under their own names."""
    nlp.get_pipe("ner").score_prefix = "names"  # type: ignore[attr-defined]
    nlp.get_pipe("textcat").score_prefix = "textcat"  # type: ignore[attr-defined]
    keys = {"ner": "names_ents_f", "textcat": "textcat_cats_score"}
    with pytest.MonkeyPatch.context() as patch:
        for task, key in keys.items():
            patch.setitem(KEYS, task, key)
        report(nlp, tmp_path, [0, 1, 2, 3])
    assert kept(tmp_path) == {"tagger": 1, "ner": 3, "textcat": 2}


def test_unknown_task(nlp: Language) -> None:
    message = r"names 'nerr', but the .* are tagger, ner, textcat\. .*\[training.logger\]"
    with pytest.raises(ValueError, match=message):
        make(tasks=["nerr"])(nlp, io.StringIO(), io.StringIO())
    with pytest.raises(ValueError, match="names 'mtl'"):
        make(tasks=["mtl"])(nlp, io.StringIO(), io.StringIO())


def test_by_spacy_train(tmp_path: Path) -> None:
    """The scores of the kept pipelines are the best in the log."""
    corpus = tmp_path / "corpus.spacy"
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(corpus)
    config = config_of(str(corpus), eval_frequency=2)
    log = tmp_path / "log.jsonl"
    config["training"]["optimizer"]["learn_rate"] = 0.2
    inner = {"@loggers": "spacy_mtl.ConsoleLogger.v1", "output_file": str(log)}
    config["training"]["logger"] = {"@loggers": "spacy_mtl.BestByTask.v1", "logger": inner}
    output = tmp_path / "output"
    output.mkdir()
    train(init_nlp(config), output, stdout=io.StringIO())
    rows = [row["other_scores"] for row in srsly.read_jsonl(log)]
    for task, key in KEYS.items():
        best = spacy.load(output / f"model-best-{task}")
        assert best.meta["performance"][key] == max(row[key] for row in rows)


def test_without_output(nlp: Language) -> None:
    corpus = io.StringIO()
    log_step, finalize = make()(nlp, io.StringIO(), corpus)
    info = {"step": 0, "epoch": 0, "score": 0.0, "other_scores": {}, "losses": {}}
    info["losses"] = dict.fromkeys(["mtl", *HEADS], 0.0)
    log_step(info)
    log_step({**info, "step": 2})
    finalize()
    assert len(re.findall("no --output", corpus.getvalue())) == 1
