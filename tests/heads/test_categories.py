"""What both text classification heads share."""

import numpy
import pytest
from learning_heads import build, example, learn
from spacy.language import Language
from spacy.training import Example
from tiny_corpus import make_docs, make_examples, strip


def test_class_weights_multiply_the_loss(nlp: Language) -> None:
    head = build("mtl_textcat", make_examples(nlp), nlp, class_weights={"a": 3.0})
    zeros = numpy.zeros((1, 2), dtype="f")
    losses = [
        head.loss_of([example(nlp, "x", cats={label: 1.0})], zeros)[0].value for label in "ab"
    ]
    assert losses[0] == pytest.approx(3 * losses[1])


def test_documents_without_gold_do_not_count_in_scores(nlp: Language) -> None:
    examples = make_examples(nlp)
    build("mtl_textcat", examples, nlp)
    learn(nlp, examples)
    without = [Example(nlp.make_doc("old runs "), strip(make_docs(nlp)[3], ""))]
    assert nlp.evaluate([*examples, *without])["cats_score"] == 1.0
