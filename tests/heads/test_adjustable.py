"""Settings that can be changed in a trained head: config, attribute, file, and their errors."""

import json
from pathlib import Path
from typing import Any, Dict

import pytest
import spacy
from one_head import make_head
from saved_heads import cfg
from tiny_corpus import make_examples
from tiny_pipelines import add_joint

#: Settings of an entity head, and others than the defaults.
CHANGED = {"confidence": True, "threshold": 0.5, "n_best": 2}


def test_the_config_counts_until_they_are_changed(tmp_path: Path) -> None:
    head = make_head("mtl_ner", threshold=0.25)
    assert (head.confidence, head.threshold, head.n_best) == (False, 0.25, 0)
    assert not set(CHANGED) & set(head.cfg)
    head.pipeline.to_disk(tmp_path)
    changed = {f"components.head.{key}": value for key, value in CHANGED.items()}
    loaded: Any = spacy.load(tmp_path, config=changed).get_pipe("head")
    assert {key: getattr(loaded, key) for key in CHANGED} == CHANGED


def test_what_was_changed_is_saved(tmp_path: Path) -> None:
    head = make_head("mtl_ner", threshold=0.25)
    head.threshold, head.confidence, head.n_best = {"LOC": 0.75}, True, 3
    head.pipeline.to_disk(tmp_path)
    loaded: Any = spacy.load(tmp_path).get_pipe("head")
    assert (loaded.threshold, loaded.confidence, loaded.n_best) == ({"LOC": 0.75}, True, 3)
    other = make_head("mtl_ner").from_bytes(head.to_bytes())
    assert (other.threshold, other.confidence, other.n_best) == ({"LOC": 0.75}, True, 3)
    other.threshold = None
    assert other.threshold is None


def test_pipelines_saved_before_there_were_any(tmp_path: Path) -> None:
    head = make_head("mtl_ner")
    head.pipeline.to_disk(tmp_path)
    assert not {*CHANGED, "calibration"} & set(json.loads((tmp_path / "head" / "cfg").read_text()))
    file = tmp_path / "config.cfg"
    old = [
        line
        for line in file.read_text().splitlines()
        if line.split(" =")[0] not in ("confidence", "threshold", "n_best")
    ]
    file.write_text("\n".join(old))
    loaded: Any = spacy.load(tmp_path)
    assert loaded.get_pipe("head").threshold is None
    docs = [eg.predicted for eg in make_examples(loaded)]
    for doc in docs:
        expected = head.pipeline(doc.copy())
        assert [str(ent) for ent in loaded(doc).ents] == [str(ent) for ent in expected.ents]


@pytest.mark.parametrize(
    "factory, setting, match",
    [
        ("mtl_ner", {"threshold": 1.5}, "'threshold' is 1.5.* in .components.head., or where"),
        ("mtl_ner", {"threshold": {"LOK": 0.5}}, "set for 'LOK', .* 'LOC'.* labels: PER, LOC. Fix"),
        ("mtl_ner", {"threshold": {"LOC": -1}}, "'threshold' of the label 'LOC' is -1"),
        ("mtl_ner", {"confidence": 1}, "'confidence' is 1, but it must be true or false"),
        ("mtl_ner", {"n_best": -1}, "'n_best' is -1, but it must be a whole number, 0 or more"),
        ("mtl_tagger", {"n_best": 1.5}, "'n_best' is 1.5"),
        ("mtl_tagger", {"confidence": "yes"}, "'confidence' is 'yes'"),
        ("mtl_textcat", {"threshold": 2.0}, "'threshold' of .*'head' is 2.0"),
        ("mtl_textcat_multilabel", {"threshold": None}, "'threshold' of .*'head' is None"),
    ],
)
def test_values_they_cannot_have(
    factory: str, setting: Dict[str, Any], match: str, tmp_path: Path
) -> None:
    """Set in Python, or in a damaged file."""
    head = make_head(factory)
    ((key, value),) = setting.items()
    before = getattr(head, key)
    with pytest.raises(ValueError, match=match):
        setattr(head, key, value)
    assert getattr(head, key) == before
    head.to_disk(tmp_path / "head")
    cfg("head", **setting)(tmp_path)
    with pytest.raises(ValueError, match=f"'{key}'.*It is damaged"):
        head.from_disk(tmp_path / "head")


def test_unknown_labels_in_the_config(tmp_path: Path) -> None:
    """Known once the labels are."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    nlp.add_pipe("mtl_ner", config={"threshold": {"LOC": 0.5, "LOK": 0.5}})
    with pytest.raises(ValueError, match=r"set for 'LOK'.* Fix it in \[components.mtl_ner\]"):
        nlp.initialize(lambda: make_examples(nlp))
    make_head("mtl_ner").pipeline.to_disk(tmp_path)
    file = tmp_path / "config.cfg"
    text = file.read_text()
    file.write_text(text.replace("threshold = null", 'threshold = {"LOK": 0.5}'))
    assert file.read_text() != text
    with pytest.raises(ValueError, match=r"set for 'LOK'.* Fix it in \[components.head\]"):
        spacy.load(tmp_path)


@pytest.mark.parametrize("factory", ["mtl_textcat", "mtl_textcat_multilabel"])
def test_thresholds_of_categories(factory: str) -> None:
    head = make_head(factory, threshold=0.25)
    assert head.threshold == 0.25
    head.threshold = 0.75
    assert make_head(factory).from_bytes(head.to_bytes()).threshold == 0.75
