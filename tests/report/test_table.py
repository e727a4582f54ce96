"""The table's columns and the format of its figures."""

from typing import Any, Dict

import pytest
import spacy
from spacy.language import Language
from tiny_pipelines import CNN, HEADS, add_joint

from spacy_mtl.report.monitor import AuxiliaryMeans, Reading, TaskMeans
from spacy_mtl.report.table import make_table

NO_STEPS = Reading(0, {}, {})


def make_pipeline(**heads: str) -> Language:
    """Make a pipeline with heads: name="factory"."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    for name, factory in heads.items():
        nlp.add_pipe(factory, name=name)
    return nlp


def make_info(losses: Dict[str, float], scores: Dict[str, Any]) -> Dict[str, Any]:
    return {"epoch": 1, "step": 20, "score": 0.5, "other_scores": scores, "losses": losses}


def test_whole_table() -> None:
    nlp = make_pipeline(ner="mtl_ner", tagger="mtl_tagger")
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": CNN}
    nlp.add_pipe("morphologizer", config={"model": model})
    keys = ["ents_p", "ents_r", "morph_acc", "morph_micro_f", "pos_acc"]
    nlp.config["training"]["score_weights"].update({**dict.fromkeys(keys), "speed": 0.0})
    table = make_table(nlp, "mtl", ["ner", "tagger"])
    reading = Reading(2, {"ner": TaskMeans(2, 0.5, 2.0, 1e-30)}, {})
    losses = {"mtl": 3.0, "ner": 1.0, "morphologizer": 12.345}
    scores = {"ents_f": 0.5, "speed": 1234.5}
    found = [*table.header().split("\n"), table.row(make_info(losses, scores), reading)]
    assert [line.rstrip() for line in found] == [
        "                 MTL  -------------- NER --------------  "
        "------------- TAGGER -------------  MORPHOLOGIZER",
        "E    #          LOSS     LOSS   WEIGHT     NORM  ENTS_F  "
        "   LOSS   WEIGHT     NORM  TAG_ACC       LOSS SUM     SPEED   SCORE",
        "---  ------  -------  -------  -------  -------  ------  "
        "-------  -------  -------  -------  -------------  --------  ------",
        "  1      20     1.50    0.500     2.00  1.0e-30   50.00  "
        "      -        -        -        -          12.35   1234.50    0.50",
    ]


def test_auxiliary_losses_follow_the_loss_of_the_component() -> None:
    table = make_table(make_pipeline(), "mtl", [], ["orthogonality", "size"])
    means = {"size": AuxiliaryMeans(3, 0.25)}
    row = table.row(make_info({"mtl": 1.0}, {}), Reading(2, {}, {}, means))
    assert [line.split() for line in [*table.header().split("\n")[:2], row]] == [
        ["-------------", "MTL", "-------------"],
        ["E", "#", "LOSS", "ORTHOGONALITY", "SIZE", "SCORE"],
        ["1", "20", "0.500", "-", "0.250", "0.50"],
    ]


def test_score_of_two_tasks_belongs_to_neither() -> None:
    nlp = make_pipeline(topic="mtl_textcat", ner="mtl_ner", genre="mtl_textcat")
    titles = make_table(nlp, "mtl", ["topic", "ner", "genre"]).header().split("\n")[1].split()
    figures = ["LOSS", "WEIGHT", "NORM"]
    expected = [*figures, *figures, "ENTS_F", "ENTS_P", "ENTS_R", *figures, "CATS_SCORE", "SCORE"]
    assert titles[3:] == expected


def test_long_names_are_truncated() -> None:
    name = "all_named_entities_of_every_kind_that_there_ever_was"
    nlp = make_pipeline(**{name: "mtl_ner"})
    groups, titles, rule = make_table(nlp, "mtl", [name]).header().split("\n")
    assert " ALL_NAMED_ENTITIES_OF_EVERY_KIND_THAT_THERE_..." in groups
    assert len(titles) == len(rule) >= len(groups)


def test_no_values() -> None:
    table = make_table(make_pipeline(**HEADS), "mtl", list(HEADS))
    row = table.row(make_info({}, {}), NO_STEPS).split()
    assert row == ["1", "20", *["-"] * (len(row) - 3), "0.50"]


def test_score_that_is_not_a_number() -> None:
    table = make_table(make_pipeline(ner="mtl_ner"), "mtl", ["ner"])
    with pytest.raises(ValueError, match="ents_f"):
        table.row(make_info({}, {"ents_f": {}}), NO_STEPS)
