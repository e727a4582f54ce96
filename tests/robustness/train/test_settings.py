"""Numbers and names in [training], checked without a command."""

import pytest
import spacy
from cases import Case, Gives, Refused, check, name_of

from spacy_mtl.train.loop import Training
from spacy_mtl.train.settings import check_corpora, check_training

TRAINING = [
    Case("a seed that is text", {"seed": "x"}, Refused("[training]", "'seed' is 'x'")),
    Case("a fractional seed", {"seed": 1.5}, Refused("[training]", "'seed' is 1.5")),
    Case("no seed", {"seed": None}, Gives(None)),
    Case("dropout by a schedule", {"dropout": {"@schedules": "constant.v1"}}, Gives(None)),
    Case("a weight of text", {"score_weights": {"a": "NaN"}}, Refused("'a'", "score_weights")),
    Case("no weight", {"score_weights": {"a": None, "b": 1}}, Gives(None)),
    Case("nothing", {}, Gives(None)),
]


@pytest.mark.parametrize("case", TRAINING, ids=name_of)
def test_numbers_of_a_training(case: Case) -> None:
    check(case, check_training)


CORPORA = [
    Case("not there", "nope", Refused("'train_corpus'", "'nope'", "corpora.train")),
    Case("empty", "", Refused("'train_corpus'", "corpora.train")),
    Case("all corpora", "corpora", Refused("'train_corpus'", "'corpora'", "@readers")),
    Case("no reader", "training.batcher", Refused("'train_corpus'", "'training.batcher'")),
    Case("too deep", "corpora.train.path.x", Refused("'corpora.train.path.x'")),
    Case("a number", 3, Refused("'train_corpus'", "3")),
    Case("a reader", "corpora.train", Gives(None)),
    Case("the default", None, Gives(None)),
]


@pytest.mark.parametrize("case", CORPORA, ids=name_of)
def test_names_of_corpora(case: Case) -> None:
    block = {"@readers": "spacy.Corpus.v1", "path": "x"}
    config = {"corpora": {"train": block}, "training": {"batcher": {"@batchers": "x"}}}
    check(case, lambda name: check_corpora({**config, "training": {"train_corpus": name}}))


def test_numbers_are_checked_without_a_command() -> None:
    nlp = spacy.blank("en")
    nlp.config["training"]["eval_frequency"] = 0
    with pytest.raises(ValueError, match="'eval_frequency' is 0"):
        Training(nlp)


def test_weights_that_are_not_numbers() -> None:
    with pytest.raises(ValueError, match=r"'tag_acc' in \[training.score_weights\] is nan"):
        check_training({"score_weights": {"tag_acc": float("nan")}})
