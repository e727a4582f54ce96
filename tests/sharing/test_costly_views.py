"""Schemes inside the encoder run their layers only for tasks that learn from the batch."""

from typing import Any, Callable, Dict

import numpy
import pytest
from inside_pipelines import ADAPTERS, MIX, PARTIAL, TASKS, build
from recorded_views import record_views
from spacy.language import Language
from thinc.api import SGD
from tiny_corpus import make_examples
from training_steps import step

from spacy_mtl.heads.component import TaskHead
from spacy_mtl.heads.rehearsal import rehearse
from spacy_mtl.parameters import slots_of_model
from spacy_mtl.types import TASKS_KEY

every_scheme = pytest.mark.parametrize("title", [MIX, PARTIAL, ADAPTERS])


def values(nlp: Language) -> Dict[str, numpy.ndarray]:
    return {
        f"{name} {i}": numpy.array(slot.value)
        for name, pipe in nlp.pipeline
        for i, slot in enumerate(slots_of_model(pipe.model))
    }


@every_scheme
@pytest.mark.parametrize("keep", ["ents", "cats", ""])
def test_views_of_whom(title: str, keep: str) -> None:
    nlp = build(title)
    found = record_views(nlp)
    step(nlp, make_examples(nlp, keep))
    assert found == [{"ents": ["ner"], "cats": ["textcat"], "": []}[keep]]
    step(nlp, make_examples(nlp))
    assert found[1] == list(TASKS)
    # Predictions need all of them.
    nlp("old books")
    assert found[-1] == list(TASKS)


@every_scheme
def test_all_learn_the_same_as_with_all_views(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = []
    for skips in (True, False):
        if not skips:
            monkeypatch.setattr(TaskHead, "skips", False)
        # Dropout would draw other numbers.
        nlp = build(title, **({"layer_dropout": 0.0} if title == MIX else {}))
        found = record_views(nlp)
        for keep in ("ents", None, "cats", "tag"):
            step(nlp, make_examples(nlp, keep), SGD(0.1, use_averages=False))
        assert (found[0] == ["ner"]) == skips
        trained.append(values(nlp))
    for name, value in trained[0].items():
        assert numpy.array_equal(value, trained[1][name]), name


def test_heads_that_may_need_it() -> None:
    """Those with a teacher, or an update of their own."""
    nlp = build(PARTIAL)
    found = record_views(nlp)
    head: Any = nlp.get_pipe("textcat")
    update: Callable = head.update
    head.update = lambda *args, **kwargs: update(*args, **kwargs)
    step(nlp, make_examples(nlp, "ents"))
    assert found.pop() == ["ner", "textcat"]
    del head.update
    teacher = build(PARTIAL)
    for keep in ("ents", ""):
        rehearse(nlp, teacher, make_examples(nlp, keep), SGD(0.1))
        assert found.pop() == list(TASKS)


def test_documents_that_are_declared() -> None:
    """A corpus that doesn't declare a task has nothing for it, whatever it annotates."""
    nlp = build(PARTIAL)
    found = record_views(nlp)
    examples = make_examples(nlp)
    for eg in examples:
        eg.reference.user_data[TASKS_KEY] = ("tagger",)
    examples[0].reference.user_data[TASKS_KEY] = ("tagger", "ner")
    step(nlp, examples)
    assert found == [["tagger", "ner"]]
