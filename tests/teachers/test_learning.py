"""Students learn what their teachers predict, as much as the weight says."""

from pathlib import Path
from typing import Any, Callable, Dict

import numpy
import pytest
import spacy
from spacy.tokens import Doc, Token
from spacy.training import Example
from taught_pipelines import (
    KINDS,
    block,
    learn,
    probabilities,
    save_teacher,
    start,
    unlabelled,
    with_head,
)
from tiny_corpus import make_examples
from tiny_pipelines import CRF, add_joint
from training_steps import parameters

Find = Callable[[str], Path]
FALLING = {
    "@schedules": "warmup_linear.v1",
    "initial_rate": 1.0,
    "warmup_steps": 0,
    "total_steps": 4,
}


@pytest.mark.parametrize("kind", KINDS)
def test_learns_from_texts_without_annotation(kind: str, teacher_of: Find, tmp_path: Path) -> None:
    """The labels come from the teacher, too."""
    nlp = start(with_head(kind, teacher=block(teacher_of(kind), tmp_path)), keep="")
    teacher = spacy.load(teacher_of(kind))
    assert nlp.get_pipe("head").labels == teacher.get_pipe("head").labels
    examples = unlabelled(nlp, 40)
    expected = probabilities(teacher, examples)
    before = probabilities(nlp, examples)
    losses = learn(nlp, examples, 60)
    assert losses[-1] < losses[0]
    found = probabilities(nlp, examples)
    assert numpy.abs(found - expected).mean() < 0.25 * numpy.abs(before - expected).mean()
    if kind != "multi":
        assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.95


def test_small_from_large(encoder: Any, tmp_path: Path) -> None:
    """A transformer teaches a CNN."""
    teacher = spacy.blank("en")
    add_joint(teacher, encoder)
    teacher.add_pipe("mtl_ner", name="head", config={"model": CRF})
    learn(start(teacher), make_examples(teacher), 20, rate=0.005)
    teacher.to_disk(tmp_path / "teacher")
    nlp = start(with_head("ner", teacher=block(tmp_path / "teacher", tmp_path)), keep="")
    examples = unlabelled(nlp, 40)
    before, expected = probabilities(nlp, examples), probabilities(teacher, examples)
    learn(nlp, examples, 40)
    found = probabilities(nlp, examples)
    assert numpy.abs(found - expected).mean() < 0.3 * numpy.abs(before - expected).mean()


def test_several_heads_of_a_kind(teacher_of: Find, tmp_path: Path) -> None:
    """Each learns from its own teacher."""
    Token.set_extension("second", default=None, force=True)
    save_teacher("tagger", tmp_path / "other", n_steps=3)
    paths = {"first": teacher_of("tagger"), "second": tmp_path / "other"}
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    for name, path in paths.items():
        config: Any = {"teacher": block(path, tmp_path, component="head")}
        config["attribute"] = "tag" if name == "first" else "_.second"
        nlp.add_pipe("mtl_tagger", name=name, config=config)
    start(nlp, keep="")
    examples = unlabelled(nlp, 30)
    learn(nlp, examples, 60)
    found = {name: probabilities(nlp, examples, name) for name in paths}
    of = {name: probabilities(spacy.load(path), examples) for name, path in paths.items()}
    for name, other in (("first", "second"), ("second", "first")):
        near = numpy.abs(found[name] - of[name]).mean()
        assert near < 0.5 * numpy.abs(found[name] - of[other]).mean()


@pytest.mark.parametrize("kind", KINDS)
def test_weight_zero_changes_nothing(kind: str, teacher_of: Find, tmp_path: Path) -> None:
    """Not the last bit, nor are texts without annotation learned from."""
    found = []
    for teacher in (None, block(teacher_of(kind), tmp_path, 0.0)):
        nlp = start(with_head(kind, teacher=teacher))
        examples = make_examples(nlp)
        losses = learn(nlp, [*examples, *unlabelled(nlp, 3)], 3)
        losses += learn(nlp, unlabelled(nlp, 3), 2)
        found.append((losses, parameters(nlp, "mtl", "head")))
    assert found[0] == found[1]
    assert found[0][0][-1] == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_mixes_with_gold_annotation(kind: str, teacher_of: Find, tmp_path: Path) -> None:
    """The loss is the weighted mean of both: exactly, as long as they are of the same model."""
    losses: Dict[Any, float] = {}
    for weight in (0.0, 0.25, 1.0):
        nlp = start(with_head(kind, teacher=block(teacher_of(kind), tmp_path, weight)))
        examples = [*make_examples(nlp), *unlabelled(nlp, 2)]
        (losses[weight],) = learn(nlp, examples, 1)
    assert losses[0.25] == pytest.approx(0.75 * losses[0.0] + 0.25 * losses[1.0])
    assert losses[0.0] != pytest.approx(losses[1.0])


def test_annealing(teacher_of: Find, tmp_path: Path) -> None:
    """A schedule counts the batches of the head. One without tokens is none."""
    teacher = block(teacher_of("tagger"), tmp_path, FALLING)
    nlp = start(with_head("tagger", teacher=teacher))
    head: Any = nlp.get_pipe("head")
    examples = unlabelled(nlp, 3)
    weights = []
    for _ in range(6):
        weights.append(head.teacher.weight_at(head.cfg["teacher"]["steps"] if weights else 0))
        losses = nlp.update(examples, sgd=False)
        assert (losses["head"] > 0) == (weights[-1] > 0)
        nlp.update([Example(Doc(nlp.vocab), Doc(nlp.vocab))], sgd=False)
    assert weights == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
