"""Each of spaCy's components as a task: one row each."""

import math
from dataclasses import dataclass, field
from typing import Any, Dict, List, Set, Tuple

import numpy
import pytest
import spacy
import spacy.pipeline
from spacy.language import Language
from spacy.pipeline import Tok2Vec, TrainablePipe
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_mtl.tasks.scores import score_weights_of
from spacy_mtl.tasks.stock import ADAPTERS, task_of, tasks_of
from spacy_mtl.tasks.task import Task

#: Three tokens of two documents have a gradient.
D_VIEW = [
    numpy.asarray([[0, 1], [0, 0], [2, 2]], dtype="float32"),
    numpy.zeros((2, 2), dtype="float32"),
    numpy.ones((1, 2), dtype="float32"),
]
PER_TOKEN = (3.0, 3.0)


@dataclass
class Row:
    """The expected task of a component.

    labels (List[str]): The labels that `count_labels` finds in the document from `gold`.
    weights (Dict[str, float]): The scores that have a weight.
    divisors (Tuple[float, float]): The divisors for `D_VIEW`.
    own_labels (List[str]): Labels to add to the component first.
    """

    factory: str
    kinds: Set[str]
    outputs: Set[str]
    labels: List[str]
    weights: Dict[str, float]
    unit: str = "token"
    divisors: Tuple[float, float] = PER_TOKEN
    loss_from_scores: bool = False
    reads_absence: bool = False
    alternative: str = ""
    own_labels: List[str] = field(default_factory=list)


CATS = {"doc.cats['X']", "doc.cats['Y']"}
DEPENDENCIES = {"token.dep", "token.head", "token.is_sent_start"}
PARSER: Any = {
    "kinds": {"dependencies", "sentence starts"},
    "outputs": DEPENDENCIES,
    "labels": ["ROOT", "obj"],
    "weights": {"dep_uas": 0.5, "dep_las": 0.5},
}
NER: Any = {
    "kinds": {"entities"},
    "outputs": {"token.ent_type"},
    "labels": ["PER"],
    "weights": {"ents_f": 1.0},
}
TEXTCAT: Any = {
    "kinds": {"categories"},
    "outputs": CATS,
    "labels": ["X", "Y"],
    "weights": {"cats_score": 1.0},
    "unit": "doc",
    # Two documents have a gradient. The loss is a mean over two labels.
    "divisors": (2.0, 0.5),
    "loss_from_scores": True,
    "alternative": "mtl_textcat",
    "own_labels": ["X", "Y"],
}
SPANS: Any = {
    "kinds": {"spans"},
    "outputs": {"doc.spans['sc']"},
    "labels": ["S"],
    "weights": {"spans_sc_f": 1.0},
    "reads_absence": True,
    "alternative": "mtl_ner",
}
ROWS = [
    Row("tagger", {"tags"}, {"token.tag"}, ["T"], {"tag_acc": 1.0}, loss_from_scores=True),
    Row(
        "morphologizer",
        {"morphology", "parts of speech"},
        {"token.morph", "token.pos"},
        ["POS=NOUN"],
        {"pos_acc": 0.5, "morph_acc": 0.5},
        loss_from_scores=True,
    ),
    Row(
        "trainable_lemmatizer",
        {"lemmas"},
        {"token.lemma"},
        [],
        {"lemma_acc": 1.0},
        loss_from_scores=True,
    ),
    Row(
        "senter",
        {"sentence starts"},
        {"token.is_sent_start"},
        [],
        {"sents_f": 1.0},
        loss_from_scores=True,
        reads_absence=True,
    ),
    Row("textcat", **TEXTCAT, reads_absence=True),
    Row("textcat_multilabel", **TEXTCAT),
    Row("ner", **NER),
    Row("beam_ner", **NER),
    Row("parser", **PARSER),
    Row("beam_parser", **PARSER),
    Row("spancat", **SPANS),
    Row("spancat_singlelabel", **SPANS),
    Row("span_finder", **SPANS),
    Row("entity_linker", set(), {"token.ent_kb_id"}, [], {"nel_micro_f": 1.0}),
]
EACH = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.factory)


def gold(nlp: Language) -> Doc:
    doc = Doc(
        nlp.vocab,
        words=["Bo", "runs"],
        tags=["T", ""],
        pos=["NOUN", ""],
        deps=["ROOT", "obj"],
        heads=[0, 0],
        lemmas=["bo", "run"],
        ents=["B-PER", "O"],
    )
    doc.cats = {"X": 1.0, "Y": 0.0}
    doc.spans["sc"] = [Span(doc, 0, 1, label="S")]
    doc.spans["other"] = [Span(doc, 0, 1, label="O")]
    return doc


def example(nlp: Language) -> Example:
    return Example(Doc(nlp.vocab, words=["Bo", "runs"]), gold(nlp))


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


def add(nlp: Language, row: Row) -> Task:
    pipe: Any = nlp.add_pipe(row.factory, name="task")
    for label in row.own_labels:
        pipe.add_label(label)
    return task_of(nlp, "task")


@EACH
def test_row(nlp: Language, row: Row) -> None:
    task = add(nlp, row)
    assert task.name == "task"
    assert task.is_trainable
    assert task.unit == row.unit
    assert task.kinds == row.kinds
    assert task.output_keys() == row.outputs
    assert task.labels == tuple(row.own_labels) or not row.own_labels
    assert task.spans_key == ("sc" if row.kinds == {"spans"} else None)
    assert task.reads_absence == row.reads_absence
    assert task.alternative == row.alternative
    assert list(tasks_of(nlp)) == ["task"]


@EACH
def test_stock_components_report_nothing_and_heed_no_declaration(nlp: Language, row: Row) -> None:
    task = add(nlp, row)
    assert not task.reports
    assert not task.heeds_declaration
    assert not isinstance(nlp.get_pipe("task"), Task)


@EACH
def test_gold(nlp: Language, row: Row) -> None:
    task = add(nlp, row)
    eg = example(nlp)
    assert list(task.count_labels(eg)) == row.labels
    assert task.knows_labels == bool(row.labels)
    assert task.own_examples([eg]) == [eg]
    assert task.count_unfit(eg) == 0
    assert task.has_gold(eg.reference)
    # Any text may have annotation of an unknown kind.
    assert task.has_gold(eg.predicted) == (not row.kinds)


@EACH
def test_scores(nlp: Language, row: Row) -> None:
    task = add(nlp, row)
    weights = score_weights_of(nlp, "task")
    assert {key: weight for key, weight in weights.items() if weight} == row.weights
    task.take_score_prefix("mine")
    assert score_weights_of(nlp, "task") == weights


@EACH
def test_divisors(nlp: Language, row: Row) -> None:
    task = add(nlp, row)
    assert task.divisors(D_VIEW) == row.divisors
    empty = [numpy.zeros((2, 2), dtype="float32")]
    # For a layer that starts at zero, the number of annotated tokens is unknown.
    assert task.divisors(empty) == ((1.0, 0.5) if row.unit == "doc" else (1.0, math.inf))


@EACH
def test_loss_of_a_batch(nlp: Language, row: Row) -> None:
    """If it is computed from the model's output for documents, it equals `get_loss`."""
    task = add(nlp, row)
    assert task.loss_from_scores == row.loss_from_scores
    if not row.loss_from_scores:
        assert task.loss_of_batch([example(nlp)], None) is None
        return
    pipe: Any = nlp.get_pipe("task")
    # The lemmatizer needs to see a tree this often.
    examples = [example(nlp) for _ in range(3)]
    nlp.initialize(lambda: examples)
    scores, _ = pipe.model([eg.predicted for eg in examples], is_train=False)
    expected = float(pipe.get_loss(examples, scores)[0])
    assert task.loss_of_batch(examples, scores) == expected
    assert math.isfinite(expected)
    assert expected != 0


@pytest.mark.parametrize(
    ("factory", "labels"),
    [
        ("tagger", ("NEW", "T")),
        ("morphologizer", ("POS=NOUN",)),
        ("textcat", ("NEW",)),
        ("ner", ("NEW",)),
        ("spancat", ("NEW",)),
    ],
)
def test_labels_are_prepared(nlp: Language, factory: str, labels: Tuple[str, ...]) -> None:
    pipe: Any = nlp.add_pipe(factory, name="task")
    assert task_of(nlp, "task").prepare_labels(labels, lambda: [])
    assert set(pipe.labels) == set(labels)


def test_a_span_finder_has_no_labels_to_prepare(nlp: Language) -> None:
    nlp.add_pipe("span_finder", name="task")
    assert task_of(nlp, "task").prepare_labels(["NEW"], lambda: [])
    assert task_of(nlp, "task").labels == ()


def test_a_parser_is_prepared_with_its_actions(nlp: Language) -> None:
    pipe: Any = nlp.add_pipe("parser", config={"min_action_freq": 1})
    assert task_of(nlp, "parser").prepare_labels([], lambda: [example(nlp)])
    # The parser adds one without a label itself.
    assert set(pipe.labels) == {"ROOT", "obj", "dep"}


def test_a_lemmatizer_is_prepared_with_its_trees(nlp: Language) -> None:
    pipe: Any = nlp.add_pipe("trainable_lemmatizer", config={"min_tree_freq": 1})
    assert task_of(nlp, "trainable_lemmatizer").prepare_labels([], lambda: [example(nlp)])
    # "Bo" to "bo", and "runs" to "run".
    assert len(pipe.labels) == 2


def test_every_class_of_spacy_has_a_row() -> None:
    exported = [getattr(spacy.pipeline, name) for name in spacy.pipeline.__all__]
    classes = [each for each in exported if isinstance(each, type)]
    found = {each for each in classes if issubclass(each, TrainablePipe)}
    assert found - set(ADAPTERS) == {Tok2Vec, TrainablePipe}
