"""Looking for a teacher: pipelines that are missing, or don't fit."""

import shutil
from pathlib import Path
from typing import Any, Callable, Dict

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from taught_pipelines import block, learn, probabilities, start, unlabelled, with_head
from tiny_corpus import make_examples

from spacy_mtl.teachers import pipeline
from spacy_mtl.train.of_ranks import teachers_of

Find = Callable[[str], Path]


def test_missing_folder(tmp_path: Path) -> None:
    nlp = with_head("ner", teacher=block(tmp_path / "none", tmp_path))
    with pytest.raises(ValueError, match=r"none, does not exist. Set 'path' in \[components.head"):
        start(nlp)
    (tmp_path / "none").write_text("")
    with pytest.raises(ValueError, match="is not a folder"):
        start(nlp)


def test_folder_without_a_pipeline(tmp_path: Path, teacher_of: Find) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="is not a pipeline: it has no config.cfg"):
        start(with_head("ner", teacher=block(tmp_path / "empty", tmp_path)))
    shutil.copytree(teacher_of("ner"), tmp_path / "damaged")
    (tmp_path / "damaged/head/model").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"Can't use .*damaged, the teacher of .*change 'path'"):
        start(with_head("ner", teacher=block(tmp_path / "damaged", tmp_path)))


@pytest.mark.parametrize(
    "kind,of,settings,match",
    [
        (
            "ner",
            "ner",
            {"component": "ner"},
            "has no component 'ner'. Its components are mtl,",
        ),
        ("ner", "tagger", {}, "of the factory 'mtl_tagger', but must be of mtl_ner"),
        ("textcat", "multi", {}, "'mtl_textcat_multilabel', but must be of mtl_textcat or textcat"),
        ("tagger", "tagger", {"component": "mtl"}, "of the factory 'mtl', but must be of"),
    ],
)
def test_another_component(
    kind: str, of: str, settings: Dict, match: str, tmp_path: Path, teacher_of: Find
) -> None:
    nlp = with_head(kind, teacher=block(teacher_of(of), tmp_path, **settings))
    with pytest.raises(ValueError, match=match):
        start(nlp)


@pytest.mark.parametrize("kind,of", [("ner", "tagger"), ("textcat", "multi")])
def test_another_kind_whose_labels_are_known(
    kind: str, of: str, tmp_path: Path, teacher_of: Find
) -> None:
    start(with_head(of, teacher=block(teacher_of(of), tmp_path)))
    with pytest.raises(ValueError, match="but must be of"):
        start(with_head(kind, teacher=block(teacher_of(of), tmp_path)))


def test_other_labels(tmp_path: Path, teacher_of: Find) -> None:
    nlp = with_head("ner", teacher=block(teacher_of("ner"), tmp_path))
    nlp.config["initialize"]["components"]["head"] = {"labels": ["PER", "ORG", "GPE"]}
    match = (
        r"must have the same labels, but the teacher has no 'ORG', 'GPE' and 'head' has no 'LOC'."
        r" List the teacher's labels in \[initialize.components.head.labels\]"
    )
    with pytest.raises(ValueError, match=match):
        start(nlp)


@pytest.mark.parametrize("kind", ["tagger", "ner", "ner with transitions", "textcat", "multi"])
def test_labels_in_another_order(kind: str, tmp_path: Path, teacher_of: Find) -> None:
    teacher = spacy.load(teacher_of(kind))
    nlp = with_head(kind, teacher=block(teacher_of(kind), tmp_path))
    labels = list(reversed(teacher.get_pipe("head").labels))
    nlp.config["initialize"]["components"]["head"] = {"labels": labels}
    start(nlp)
    head: Any = nlp.get_pipe("head")
    assert list(head.labels) == labels
    examples = unlabelled(nlp, 5)
    lesson = head.next_lesson([eg.predicted for eg in examples])
    expected = probabilities(teacher, examples)
    classes = teacher.get_pipe("head").classes()
    order = [classes.index(name) for name in head.classes()]
    assert order != sorted(order)
    assert numpy.allclose(lesson.targets, expected[:, order], atol=1e-3)


def stock(factory: str, path: Path, **config: Any) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, name="head", config=config)
    nlp.initialize(lambda: make_examples(nlp))
    learn(nlp, make_examples(nlp), 3)
    nlp.to_disk(path)
    return nlp


@pytest.mark.parametrize(
    "kind,factory", [("tagger", "tagger"), ("textcat", "textcat"), ("multi", "textcat_multilabel")]
)
def test_component_of_spacy(kind: str, factory: str, tmp_path: Path) -> None:
    teacher: Any = stock(factory, tmp_path / "teacher")
    nlp = start(with_head(kind, teacher=block(tmp_path / "teacher", tmp_path)))
    examples = unlabelled(nlp, 5)
    docs = [Doc(teacher.vocab, words=[t.text for t in eg.predicted]) for eg in examples]
    own: Any = teacher.get_pipe("head")
    # In training mode, spaCy's tagger always ends with a softmax.
    scores, _ = own.model(docs, is_train=True)
    expected = numpy.concatenate(list(scores)) if kind == "tagger" else scores
    head: Any = nlp.get_pipe("head")
    order = [own.labels.index(label) for label in head.labels]
    if kind != "tagger":
        expected = own.predict(docs)
    lesson = head.next_lesson([eg.predicted for eg in examples])
    assert numpy.allclose(lesson.targets, expected[:, order], atol=1e-3)
    learn(nlp, examples, 1)


def test_spacys_entities(tmp_path: Path) -> None:
    stock("ner", tmp_path / "teacher")
    match = "has no probabilities of single tokens"
    with pytest.raises(ValueError, match=match):
        start(with_head("ner", teacher=block(tmp_path / "teacher", tmp_path)))


def test_tokens_are_those_of_the_student(tmp_path: Path, teacher_of: Find) -> None:
    """Whatever the teacher's tokenizer would do, and with its own vocabulary."""
    nlp = start(with_head("tagger", teacher=block(teacher_of("tagger"), tmp_path)))
    head: Any = nlp.get_pipe("head")
    docs = [
        Doc(nlp.vocab, words=["don't", " ", "New York", "."], spaces=[False, True, False, True]),
        Doc(nlp.vocab, words=["don't", " ", "New York", "."]),
    ]
    (eg,) = unlabelled(nlp, 1)
    lesson = head.next_lesson([*docs, eg.predicted])
    assert len(lesson.targets) == 8 + len(eg.predicted)
    assert "don't" not in spacy.load(teacher_of("tagger")).vocab


def test_component_that_merges_tokens(tmp_path: Path, teacher_of: Find) -> None:
    teacher = spacy.load(teacher_of("tagger"))
    ruler: Any = teacher.add_pipe("entity_ruler", first=True)
    ruler.add_patterns([{"label": "X", "pattern": "New York"}])
    teacher.add_pipe("merge_entities", after="entity_ruler")
    teacher.to_disk(tmp_path / "teacher")
    nlp = start(with_head("tagger", teacher=block(tmp_path / "teacher", tmp_path)))
    with pytest.raises(ValueError, match="merges or splits tokens: the text 'the books of New"):
        nlp.update(make_examples(nlp), sgd=False)


def test_loaded_once_for_several_heads(
    tmp_path: Path, teacher_of: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with its own component of the teacher."""
    teacher = spacy.load(teacher_of("tagger"))
    teacher.add_pipe("mtl_ner", name="entities")
    teacher.get_pipe("entities").initialize(lambda: make_examples(teacher), nlp=teacher)
    teacher.to_disk(tmp_path / "teacher")
    loaded = []
    load = spacy.load
    monkeypatch.setattr(pipeline.spacy, "load", lambda path: loaded.append(path) or load(path))
    nlp = with_head(
        "tagger", name="tags", teacher=block(tmp_path / "teacher", tmp_path, component="head")
    )
    nlp.add_pipe(
        "mtl_ner", name="entities", config={"teacher": block(tmp_path / "teacher", tmp_path)}
    )
    start(nlp, keep="")
    losses = nlp.update(unlabelled(nlp, 3), sgd=False)
    assert losses["tags"] > 0
    assert losses["entities"] > 0
    assert len(loaded) == 1
    assert len(list(tmp_path.glob("teacher.*.targets.sqlite"))) == 2


def test_ranks_compare_their_teachers(teacher_of: Find, tmp_path: Path) -> None:
    nlp = start(with_head("tagger", teacher=block(teacher_of("tagger"), tmp_path)))
    found = teachers_of(nlp)
    assert list(found) == ["head"]
    assert found["head"]
    assert teachers_of(start(with_head("tagger"))) == {}
