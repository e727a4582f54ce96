"""Which tasks the documents of a batch are annotated for."""

from typing import Any

import spacy
from spacy.training import Example
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint

from spacy_mtl.joint.annotated import annotated_tasks, corpus_counts
from spacy_mtl.types import CORPUS_KEY, TASKS_KEY

TASKS = ["tagger", "ner", "textcat"]


def make() -> Any:
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def test_by_gold_annotation_and_declaration() -> None:
    nlp = make()
    adapters = nlp.get_pipe("mtl")._pipeline.adapters()
    examples = [make_examples(nlp, keep)[0] for keep in ("tag", "ents", "cats", "")]
    declared = make_examples(nlp)[0]
    declared.reference.user_data = {TASKS_KEY: ["ner"], CORPUS_KEY: "news"}
    examples.append(Example(declared.predicted, declared.reference))
    for eg in examples[:4]:
        eg.reference.user_data.clear()
    found = annotated_tasks(examples, TASKS, adapters)
    assert found.tasks == [{"tagger"}, {"ner"}, {"textcat"}, set(), {"ner"}]
    assert found.corpora == [None, None, None, None, "news"]


def test_shares_of_corpora() -> None:
    examples = make_examples(make())
    assert corpus_counts(examples) == {"odd": 2, "even": 2}
    assert corpus_counts(examples[:1]) == {"odd": 1}
    examples[0].reference.user_data.clear()
    assert corpus_counts(examples) == {"odd": 1, "even": 2}
    assert corpus_counts([]) == {}


def test_an_unknown_pipeline() -> None:
    """What can't be looked up counts as annotated, unless the corpus says otherwise."""
    nlp = make()
    first, second = make_examples(nlp, "tag")[:2]
    first.reference.user_data.clear()
    second.reference.user_data = {TASKS_KEY: ["tagger"]}
    found = annotated_tasks([first, second], TASKS, {})
    assert found.tasks == [set(TASKS), {"tagger"}]
