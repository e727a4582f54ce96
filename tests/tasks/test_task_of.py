"""What counts as a task, and components that aren't in the table."""

from typing import Any, Dict, List, Set, Tuple

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.pipeline import Tagger, TrainablePipe
from spacy.tokens import Doc
from tiny_pipelines import FOUR_HEADS, add_joint

from spacy_mtl.tasks.adapter import StockTask
from spacy_mtl.tasks.scores import score_weights_of
from spacy_mtl.tasks.stock import ADAPTERS, task_of, tasks_of


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.mark.parametrize("factory", FOUR_HEADS.values())
def test_a_head_is_its_own_task(nlp: Language, factory: str) -> None:
    """Its losses are already means, and it heeds declared tasks."""
    add_joint(nlp, None)
    head = nlp.add_pipe(factory)
    task = task_of(nlp, factory)
    assert task is head
    assert (task.is_trainable, task.reports, task.heeds_declaration) == (True, True, True)
    assert (task.reads_absence, task.loss_from_scores, task.knows_labels) == (False, True, True)
    assert task.divisors([numpy.ones((3, 2), dtype="float32")]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("factory", "config", "kinds", "outputs", "weights"),
    [
        ("mtl_tagger", {}, {"tags"}, {"token.tag"}, {"tag_acc": 1.0}),
        (
            "mtl_tagger",
            {"attribute": "pos"},
            {"parts of speech"},
            {"token.pos"},
            {"pos_acc": 1.0},
        ),
        (
            "mtl_tagger",
            {"attribute": "_.of_a_task"},
            set(),
            {"token._.of_a_task"},
            {"of_a_task_acc": 1.0},
        ),
        ("mtl_ner", {}, {"entities"}, {"doc.ents of label 'A'"}, {"ents_f": 1.0}),
        (
            "mtl_ner",
            {"spans_key": "sc", "score_prefix": "my"},
            {"spans"},
            {"doc.spans['sc']"},
            {"my_spans_sc_f": 1.0},
        ),
        ("mtl_textcat", {}, {"categories"}, {"doc.cats['A']"}, {"cats_score": 1.0}),
        ("mtl_textcat_multilabel", {}, {"categories"}, {"doc.cats['A']"}, {"cats_score": 1.0}),
    ],
)
def test_heads(
    nlp: Language,
    factory: str,
    config: Dict[str, Any],
    kinds: Set[str],
    outputs: Set[str],
    weights: Dict[str, float],
) -> None:
    add_joint(nlp, None)
    head: Any = nlp.add_pipe(factory, name="task", config=config)
    # Also valid as a coarse tag, which is a closed set.
    head.cfg["labels"].append("A")
    task = task_of(nlp, "task")
    assert task.labels == ("A",)
    assert (task.kinds, task.output_keys()) == (kinds, outputs)
    assert task.unit == ("doc" if "textcat" in factory else "token")
    assert task.spans_key == config.get("spans_key")
    found = score_weights_of(nlp, "task")
    assert {key: weight for key, weight in found.items() if weight} == weights
    task.take_score_prefix("other")
    assert task.score_prefix == config.get("score_prefix", "other")


class OwnTagger(Tagger):
    """A user's subclass."""


class Unknown(TrainablePipe):
    """A user's component that isn't a subclass of spaCy's."""

    label_data = ("some",)

    @property
    def labels(self) -> Tuple[str, ...]:
        return ("A",)


def add_own(nlp: Language, kind: type, assigns: List[str]) -> None:
    factory = f"{kind.__name__}_{'_'.join(assigns).replace('.', '_')}"
    if not Language.has_factory(factory):
        Language.factory(
            factory, assigns=assigns, func=lambda nlp, name: kind(nlp.vocab, None, name)
        )
    nlp.add_pipe(factory, name="task")


def test_a_subclass_has_the_adapter_of_its_base_class(nlp: Language) -> None:
    add_own(nlp, OwnTagger, ["token.tag"])
    assert type(task_of(nlp, "task")) is ADAPTERS[Tagger]


@pytest.mark.parametrize(
    ("assigns", "kinds", "outputs"),
    [
        (["doc.cats"], {"categories"}, {"doc.cats['A']"}),
        (["token.tag", "doc.ents"], {"tags", "entities"}, {"token.tag"}),
        (["doc._.mood"], set(), set()),
    ],
)
def test_an_unknown_component_is_treated_by_what_it_assigns(
    nlp: Language, assigns: List[str], kinds: Set[str], outputs: Set[str]
) -> None:
    add_own(nlp, Unknown, assigns)
    task = task_of(nlp, "task")
    assert type(task) is StockTask
    assert (task.kinds, task.output_keys()) == (kinds, outputs)
    assert task.divisors([numpy.ones((3, 2), dtype="float32")]) == (3.0, 3.0)
    assert not task.loss_from_scores
    assert not task.reads_absence


def test_settings_of_an_unknown_component_are_its_own(nlp: Language) -> None:
    """The spans key is only read from components that set spans."""
    add_own(nlp, Unknown, ["doc.cats"])
    nlp.get_pipe("task").cfg = None
    assert task_of(nlp, "task").spans_key is None


def test_labels_that_cannot_be_found(nlp: Language) -> None:
    add_own(nlp, Unknown, ["doc._.mood"])
    assert not task_of(nlp, "task").prepare_labels(["B"], lambda: [])


@Language.component("does_nothing_for_tasks")
def does_nothing(doc: Doc) -> Doc:
    return doc


def test_what_is_not_a_task(nlp: Language) -> None:
    """Rules, functions, encoders and the joint component have adapters but aren't tasks."""
    add_joint(nlp, None)
    for name in ("entity_ruler", "span_ruler", "sentencizer", "attribute_ruler", "tok2vec"):
        nlp.add_pipe(name)
    nlp.add_pipe("does_nothing_for_tasks")
    nlp.add_pipe("mtl_tagger")
    assert list(tasks_of(nlp)) == ["mtl_tagger"]
    assert task_of(nlp, "entity_ruler").kinds == {"entities"}
    for name in nlp.component_names[:-1]:
        assert task_of(nlp, name).output_keys() == set()


def test_disabled_components_are_tasks(nlp: Language) -> None:
    nlp.add_pipe("tagger")
    nlp.disable_pipe("tagger")
    assert list(tasks_of(nlp)) == ["tagger"]
