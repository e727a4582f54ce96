"""Counts give spaCy's scores, whatever the documents."""

from typing import Any, Iterator, List

import numpy
import pytest
import spacy
from evaluated import STYLE, examples_of, spacy_scores, subsets, weights_of
from several_heads import build
from spacy.language import Language
from spacy.tokens import Doc, Token
from spacy.training import Example
from spacy.util import registry

from spacy_mtl.evaluation.counts import checksums, count_documents

STOCK = ("tagger", "morphologizer", "parser", "ner", "senter", "textcat", "trainable_lemmatizer")


@pytest.fixture(autouse=True)
def style() -> Iterator[None]:
    Token.set_extension(STYLE, default=None, force=True)
    yield
    Token.remove_extension(STYLE)


def initialized(nlp: Language, examples: List[Example]) -> List[Example]:
    nlp.initialize(lambda: examples)
    return examples


def assert_same(nlp: Language, examples: List[Example], tasks: Any) -> None:
    counts = count_documents(nlp, examples)
    assert set(counts.tasks) == set(tasks)
    assert not counts.uncounted
    for name, task in counts.tasks.items():
        found = []
        for indices in subsets(len(examples)):
            expected = spacy_scores(nlp, [examples[i] for i in indices]).get(name)
            score = task.scores(weights_of(indices, len(examples)))[0]
            # Without annotation, some scores of spaCy are 0.
            if expected or not numpy.isnan(score):
                assert score == pytest.approx(expected, abs=1e-9), (name, indices)
                found.append(score)
        assert len(set(found)) > 3, name
        assert 0 < found[0] < 1


def test_our_heads() -> None:
    nlp = build(
        tagger=("mtl_tagger", {}),
        style=("mtl_tagger", {"attribute": f"_.{STYLE}"}),
        ner=("mtl_ner", {}),
        topic=("mtl_textcat", {"prefix": "topic:"}),
        multi=("mtl_textcat_multilabel", {"prefix": "mood:"}),
        events=("mtl_ner", {"spans_key": "events"}),
    )
    examples = initialized(nlp, examples_of(nlp, prefixes=["topic:", "mood:"]))
    assert_same(nlp, examples, nlp.pipe_names[1:])


@pytest.mark.filterwarnings("ignore:.*occurs in the data, but not in the labels")
def test_two_heads_of_entities() -> None:
    nlp = build(places=("mtl_ner", {}), people=("mtl_ner", {}))
    labels = {"places": {"labels": ["LOC"]}, "people": {"labels": ["PER"]}}
    nlp.config["initialize"]["components"] = labels
    assert_same(nlp, initialized(nlp, examples_of(nlp)), ["places", "people"])


@pytest.mark.parametrize("name", STOCK)
def test_stock_components(name: str) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe(name)
    examples = examples_of(nlp)
    if name == "parser":
        # Otherwise, spaCy's score depends on the order of documents.
        examples = [eg for eg in examples if eg.reference.has_annotation("DEP")]
    assert_same(nlp, initialized(nlp, examples), [name])


@pytest.mark.parametrize("name", ["spancat", "span_finder"])
@pytest.mark.parametrize("key", ["sc", "events"])
def test_stock_spans(name: str, key: str) -> None:
    nlp = spacy.blank("en")
    settings = {"suggester": {"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2]}}
    nlp.add_pipe(name, config={"spans_key": key, **(settings if name == "spancat" else {})})
    # With another key, spaCy has no weight for the score.
    nlp.get_pipe_meta(name).default_score_weights = {f"spans_{key}_f": 1.0}
    assert_same(nlp, initialized(nlp, examples_of(nlp)), [name])


def test_stock_categories() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat_multilabel", config={"threshold": 0.3})
    assert_same(nlp, initialized(nlp, examples_of(nlp)), ["textcat_multilabel"])
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat")
    settings = {"textcat": {"positive_label": "b", "labels": ["a", "b"]}}
    nlp.config["initialize"]["components"] = settings
    assert_same(nlp, initialized(nlp, examples_of(nlp)), ["textcat"])


def test_words_that_are_cut_otherwise() -> None:
    """Where tokens of prediction and annotation differ, spaCy aligns them."""
    nlp = build(tagger=("mtl_tagger", {}), ner=("mtl_ner", {}))
    examples = initialized(nlp, examples_of(nlp))
    for i, eg in enumerate(examples):
        with eg.predicted.retokenize() as retokenizer:
            if i % 2:
                retokenizer.merge(eg.predicted[:2])
            else:
                word = eg.predicted[1]
                parts = [word.text[:1], word.text[1:]]
                retokenizer.split(word, parts, heads=[(word, 0), (word, 1)])
    examples = [Example(eg.predicted, eg.reference) for eg in examples]
    assert any(len(eg.predicted) != len(eg.reference) for eg in examples)
    assert_same(nlp, examples, ["tagger", "ner"])


def test_scorers_of_users_are_not_counted() -> None:
    @registry.scorers("test_scorer_of_user")
    def make() -> Any:
        return lambda examples, **_: {"tag_acc": 0.125}

    nlp = build(tagger=("mtl_tagger", {"scorer": {"@scorers": "test_scorer_of_user"}}))
    counts = count_documents(nlp, initialized(nlp, examples_of(nlp)))
    assert counts.tasks == {}
    assert counts.uncounted == {"tagger": 0.125}


def test_unannotated_tasks_are_left_out() -> None:
    nlp = build(tagger=("mtl_tagger", {}), ner=("mtl_ner", {}))
    initialized(nlp, examples_of(nlp))
    tagged = Doc(nlp.vocab, words=["Anna", "runs"], tags=["NN", "VBZ"])
    bare = Doc(nlp.vocab, words=["Anna", "runs"])
    examples = [Example(nlp("Anna runs"), gold) for gold in (bare, tagged)]
    counts = count_documents(nlp, examples)
    assert list(counts.tasks) == ["tagger"]
    assert counts.tasks["tagger"].annotated.tolist() == [False, True]
    assert count_documents(nlp, []).tasks == {}


def test_checksums_tell_texts_apart() -> None:
    nlp = spacy.blank("en")
    one, two = checksums([nlp("a b"), nlp("a c")]), checksums([nlp("a b"), nlp("a d")])
    assert (one == two).tolist() == [True, False]
    # The same everywhere, so that files from several machines can be compared.
    assert int(one[0]) == 2952434739088078779
