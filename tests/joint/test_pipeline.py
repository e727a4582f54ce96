"""What the joint component knows of a pipeline, and what it goes by if it knows none."""

from typing import Any, Callable

import pytest
import spacy
from thinc.api import Linear

from spacy_mtl.joint.pipeline import Pipeline


class Component:
    """Stands in for the joint component, of which only the identity and the name count."""

    name = "mtl"


def unbound(*tasks: str, component: Any = None) -> Pipeline:
    """What a sourced component knows that nobody has told where it is now."""
    listeners: Any = {task: [] for task in tasks}
    return Pipeline(component or Component(), Linear(2, 2), listeners)


def test_without_a_pipeline_those_count_that_have_run() -> None:
    around = unbound("tagger", "ner", "textcat")
    assert around.nlp is None
    assert around.adapters() == {}
    # At first, everybody.
    assert around.expected() == ["tagger", "ner", "textcat"]
    around.note_run(["textcat", "tagger"])
    assert around.expected() == ["tagger", "textcat"]
    assert around.note_missed("ner")
    assert around.expected() == ["tagger", "ner", "textcat"]
    assert not around.note_missed("ner")


def test_who_has_run_is_saved() -> None:
    around = unbound("tagger", "ner", "textcat")
    around.note_run(["textcat"])
    around.note_missed("ner")
    again = unbound("tagger", "ner", "textcat")
    again.set_state(around.get_state())
    assert again.expected() == around.expected() == ["ner", "textcat"]
    assert not again.note_missed("ner")


def test_tasks_are_sorted_in_place() -> None:
    around = unbound("ner", "tagger")
    listeners = around.listeners
    around.sort(["tok2vec", "mtl", "tagger", "sentencizer", "ner"])
    assert around.listeners is listeners
    assert around.tasks == list(listeners) == ["tagger", "ner"]


def test_component_is_held_weakly_and_keeps_its_name() -> None:
    component = Component()
    around = unbound("ner", component=component)
    component.name = "joint"
    assert around.name == "joint"
    assert around.is_alike(Component())
    assert not around.is_alike(component)
    assert not around.is_alike("something else")
    del component
    assert around.name == "mtl"


def test_documents_of_another_vocabulary(make_nlp: Callable) -> None:
    """Whoever sends them has the component now, and it is searched for once."""
    nlp = make_nlp(["ner"], encoder=None)
    mtl = nlp.get_pipe("mtl")
    around = Pipeline(mtl, mtl.model, mtl.listener_map, nlp)
    around.note_docs([])
    assert around.nlp is nlp
    around.note_docs([spacy.blank("en").make_doc("old runs")])
    assert around.nlp is None
    around.note_docs([nlp.make_doc("old runs")])
    assert around.nlp is nlp


def test_changes_are_seen(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    mtl = nlp.get_pipe("mtl")
    around = Pipeline(mtl, mtl.model, mtl.listener_map, nlp)
    assert around.has_changed(nlp)
    around.note_seen(nlp)
    assert not around.has_changed(nlp)
    nlp.add_pipe("sentencizer")
    assert around.has_changed(nlp)
    around.note_seen(nlp)
    nlp.rename_pipe("sentencizer", "sentences")
    assert around.has_changed(nlp)


def test_nlp_is_unknown_if_a_head_was_left_behind(make_nlp: Callable) -> None:
    """The listeners that are known are those of other components than the pipeline's."""
    nlp = make_nlp(["ner", "tagger"], encoder=None)
    mtl = nlp.get_pipe("mtl")
    listeners: Any = dict(mtl.listener_map)
    around = Pipeline(mtl, mtl.model, listeners, nlp)
    assert around.nlp is nlp
    listeners["ner"], listeners["tagger"] = listeners["tagger"], listeners["ner"]
    assert around.nlp is None
    del listeners["ner"], listeners["tagger"]
    assert around.nlp is nlp
    listeners["gone"] = [object()]
    assert around.nlp is None


def test_encoder_models(make_nlp: Callable) -> None:
    inside, before = make_nlp(["ner"], encoder=None), make_nlp(["ner"])
    found = []
    for nlp in (inside, before):
        mtl = nlp.get_pipe("mtl")
        around = Pipeline(mtl, mtl.model, mtl.listener_map, nlp)
        found.append(around.encoder_models())
    tok2vec = [nlp.get_pipe("mtl").model.get_ref("tok2vec") for nlp in (inside, before)]
    assert found[0] == {"mtl": tok2vec[0]}
    assert found[1] == {"mtl": tok2vec[1], "transformer": before.get_pipe("transformer").model}
    mtl = before.get_pipe("mtl")
    with pytest.raises(ValueError, match="'mtl' was sourced.*parameters\" cannot work"):
        Pipeline(mtl, mtl.model, mtl.listener_map).encoder_models()
