"""A task with a teacher takes part in every batch, annotated for it or not."""

from pathlib import Path
from typing import Any, Callable, Dict

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from taught_pipelines import block, start, unlabelled, with_head
from tiny_corpus import make_docs, make_examples, strip
from tiny_pipelines import add_joint

from spacy_mtl.corpus.reader import create_multi_corpus
from spacy_mtl.joint.annotated import annotated_tasks
from spacy_mtl.joint.lookback import recompute_losses
from spacy_mtl.types import TASKS_KEY

Find = Callable[[str], Path]


def joint(teacher: Dict[str, Any], **mtl: Any) -> Language:
    """Tags from gold annotation, entities from a teacher, too."""
    nlp = spacy.blank("en")
    add_joint(nlp, None, **mtl)
    nlp.add_pipe("mtl_ner", name="head", config={"teacher": teacher})
    nlp.add_pipe("mtl_tagger", name="tagger")
    return nlp


def test_in_the_joint_step(teacher_of: Find, tmp_path: Path) -> None:
    """It is weighed with the others, and reports its mixed loss and all of its tokens."""
    nlp = start(joint(block(teacher_of("ner"), tmp_path, 0.5)))
    reports: Any = []
    mtl: Any = nlp.get_pipe("mtl")
    mtl.observers.subscribe(reports.append)
    examples = make_examples(nlp, "tag")
    losses = nlp.update(examples, sgd=False)
    assert reports[0].losses == {"head": losses["head"], "tagger": losses["tagger"]}
    n_tokens = sum(len(eg.predicted) for eg in examples)
    assert reports[0].units == {"head": n_tokens, "tagger": n_tokens}
    assert losses["head"] > 0
    nlp.update(unlabelled(nlp, 3), sgd=False)
    assert [*reports[1].losses] == ["head"]


@pytest.mark.parametrize("weight,present", [(0.5, True), (0.0, False)])
def test_schemes_are_told(weight: float, present: bool, teacher_of: Find, tmp_path: Path) -> None:
    """Not of documents without tokens."""
    nlp = start(with_head("textcat", teacher=block(teacher_of("textcat"), tmp_path, weight)))
    mtl: Any = nlp.get_pipe("mtl")
    examples = make_examples(nlp, "tag")
    examples[0].reference.user_data[TASKS_KEY] = ["tagger"]
    examples.append(Example(Doc(nlp.vocab), Doc(nlp.vocab)))
    found = annotated_tasks(examples, mtl.tasks, mtl._pipeline.adapters()).tasks
    assert [("head" in tasks) for tasks in found] == [present] * 4 + [False]


def test_other_corpora_are_texts_for_the_teacher(teacher_of: Find, tmp_path: Path) -> None:
    """Gold annotation of a corpus that doesn't declare the task is not learned from."""
    declared = {}
    for name, tasks in (("declared", ["head", "tagger"]), ("other", ["tagger"]), ("none", None)):
        nlp = start(joint(block(teacher_of("ner"), tmp_path, 0.25)))
        examples = make_examples(nlp, "" if name == "none" else None)
        for eg in examples:
            if tasks is not None:
                eg.reference.user_data[TASKS_KEY] = tasks
        declared[name] = nlp.update(examples, sgd=False)["head"]
    assert declared["other"] == declared["none"] > 0
    assert declared["declared"] != pytest.approx(declared["other"])


def test_no_corpus_needs_to_declare_it(teacher_of: Find, tmp_path: Path) -> None:
    docs = [strip(doc, "tag") for doc in make_docs(spacy.blank("en"))]
    DocBin(docs=docs).to_disk(tmp_path / "tags.spacy")
    corpora = {"tags": {"path": str(tmp_path / "tags.spacy"), "tasks": ["tagger"]}}
    nlp = joint(block(teacher_of("ner"), tmp_path))
    reader = create_multi_corpus(corpora=corpora)
    nlp.initialize(lambda: reader(nlp))
    assert nlp.get_pipe("head").labels == ("PER", "LOC")
    losses = nlp.update(list(reader(nlp)), sgd=False)
    assert losses["head"] > 0
    other = joint(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="No corpus annotates the task 'head'"):
        other.initialize(lambda: reader(other))


def test_losses_computed_again(teacher_of: Find, tmp_path: Path) -> None:
    """They are those of the same function, with the weight of that step."""
    falling = {
        "@schedules": "warmup_linear.v1",
        "initial_rate": 1.0,
        "warmup_steps": 0,
        "total_steps": 4,
    }
    nlp = start(joint(block(teacher_of("ner"), tmp_path, falling)))
    mtl: Any = nlp.get_pipe("mtl")
    for _ in range(3):
        examples = make_examples(nlp)
        losses = nlp.update(examples, sgd=False)
        again = recompute_losses(nlp, mtl.model, mtl.listener_map, examples)
        assert again == pytest.approx({task: losses[task] for task in again})
        assert set(again) == {"head", "tagger"}


def test_head_with_an_encoder_of_its_own(teacher_of: Find, tmp_path: Path) -> None:
    nlp = start(with_head("ner", teacher=block(teacher_of("ner"), tmp_path)))
    nlp.replace_listeners("mtl", "head", ["model.tok2vec"])
    assert nlp.update(unlabelled(nlp, 3), sgd=False)["head"] > 0
