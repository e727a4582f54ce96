"""Pipelines that were trained with a teacher, where the teacher is gone or has changed."""

import pickle
import shutil
from pathlib import Path
from typing import Any, Callable, List

import numpy
import pytest
import spacy
from spacy.language import Language
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
from training_steps import parameters

from spacy_mtl.teachers.pipeline import TeacherPipeline

FALLING = {
    "@schedules": "warmup_linear.v1",
    "initial_rate": 1.0,
    "warmup_steps": 0,
    "total_steps": 10,
}


@pytest.fixture
def teacher(teacher_of: Callable[[str], Path], tmp_path: Path) -> Path:
    """One that may be changed."""
    shutil.copytree(teacher_of("ner"), tmp_path / "teacher")
    return tmp_path / "teacher"


def trained(teacher: Path, weight: Any = 0.5, n_steps: int = 3) -> Language:
    nlp = start(with_head("ner", teacher=block(teacher, teacher.parent, weight)))
    learn(nlp, make_examples(nlp), n_steps)
    return nlp


def labelled(nlp: Language) -> List[Any]:
    texts = ["Anna runs to Rome", "the books of New York are old"]
    return [[(e.start, e.end, e.label_) for e in doc.ents] for doc in nlp.pipe(texts)]


def test_predicts_without_its_teacher(teacher: Path, tmp_path: Path) -> None:
    nlp = trained(teacher, FALLING)
    nlp.to_disk(tmp_path / "student")
    bytes_data = nlp.to_bytes()
    copy = pickle.loads(pickle.dumps(nlp))
    shutil.rmtree(teacher)
    others = [spacy.load(tmp_path / "student"), type(nlp).from_config(nlp.config), copy]
    others[1].from_bytes(bytes_data)
    for other in others:
        assert parameters(other, "mtl", "head") == parameters(nlp, "mtl", "head")
        assert labelled(other) == labelled(nlp)
        assert other.get_pipe("head").cfg["teacher"]["steps"] == 3
    assert [*map(str, copy.pipe(["Anna runs"] * 4, n_process=2, batch_size=1))] == ["Anna runs"] * 4


def test_no_training_without_the_teacher(teacher: Path, tmp_path: Path) -> None:
    trained(teacher).to_disk(tmp_path / "student")
    shutil.rmtree(teacher)
    nlp = spacy.load(tmp_path / "student")
    with pytest.raises(ValueError, match=r"does not exist.*remove the block to go on without it"):
        nlp.update(make_examples(nlp), sgd=False)
    # At weight 0 it is not needed.
    other = spacy.load(tmp_path / "student", config={"components.head.teacher.weight": 0.0})
    other.update(make_examples(other), sgd=False)


@pytest.mark.parametrize("way", ["disk", "bytes", "source"])
def test_goes_on_where_it_stopped(teacher: Path, tmp_path: Path, way: str) -> None:
    """The schedule, too. A new training starts it again."""
    nlp = trained(teacher, FALLING)
    nlp.to_disk(tmp_path / "student")
    other = spacy.load(tmp_path / "student")
    if way == "bytes":
        other = type(nlp).from_config(nlp.config)
        other.from_bytes(nlp.to_bytes())
    if way == "source":
        source, other = other, spacy.blank("en")
        for name in source.pipe_names:
            other.add_pipe(name, source=source)
    losses = [learn(each, make_examples(each), 2) for each in (nlp, other)]
    assert losses[0] == losses[1]
    other.to_disk(tmp_path / "again")
    again: Any = spacy.load(tmp_path / "again").get_pipe("head")
    assert again.cfg["teacher"]["steps"] == 5
    assert again.is_taught
    start(other)
    assert "teacher" not in other.get_pipe("head").cfg


def test_copy_cannot_continue_a_schedule(teacher: Path) -> None:
    nlp = trained(teacher, FALLING)
    copy = pickle.loads(pickle.dumps(nlp))
    with pytest.raises(ValueError, match=r"teacher of 'head' comes from a schedule, which cannot"):
        copy.update(make_examples(copy), sgd=False)
    nlp = trained(teacher, 0.5)
    copy = pickle.loads(pickle.dumps(nlp))
    assert learn(copy, make_examples(copy), 1) == learn(nlp, make_examples(nlp), 1)


def test_damaged_progress(teacher: Path, tmp_path: Path) -> None:
    trained(teacher).to_disk(tmp_path / "student")
    file = tmp_path / "student/head/cfg"
    file.write_text(file.read_text().replace('"steps":3', '"steps":-3'))
    with pytest.raises(ValueError, match=r"settings of .*'teacher' is .*must have a number of"):
        spacy.load(tmp_path / "student")


def count_runs(monkeypatch: pytest.MonkeyPatch) -> List[int]:
    """Take down the number of texts in each run of a teacher."""
    runs: List[int] = []
    run = TeacherPipeline.run

    def counted(self: Any, component: Any, name: str, docs: Any) -> Any:
        runs.append(len(docs))
        return run(self, component, name, docs)

    monkeypatch.setattr(TeacherPipeline, "run", counted)
    return runs


def test_each_text_is_computed_once(teacher: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also over trainings: then, the teacher isn't even loaded."""
    runs = count_runs(monkeypatch)
    nlp = trained(teacher)
    assert runs == [4]
    more = [*unlabelled(nlp, 3), *make_examples(nlp), *unlabelled(nlp, 3)]
    learn(nlp, more, 2)
    assert runs == [4, 3]
    file = teacher.parent / "teacher.head.targets.sqlite"
    assert file.is_file()
    assert not list(teacher.rglob("*.sqlite*"))
    monkeypatch.setattr("spacy_mtl.teachers.teacher.load_teacher", None)
    trained(teacher)
    assert runs == [4, 3]


def test_memory_is_limited(teacher: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was dropped is read again."""
    runs = count_runs(monkeypatch)
    monkeypatch.setattr("spacy_mtl.teachers.targets._MEMORY", 300)
    nlp = trained(teacher)
    targets: Any = nlp.get_pipe("head").teacher._targets  # type: ignore[attr-defined]
    assert 0 < sum(array.nbytes for array in targets._memory.values()) <= 300
    assert runs == [4]


def test_changed_teacher(teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its old targets aren't used, and a training that goes on is warned."""
    trained(teacher).to_disk(tmp_path / "student")
    runs = count_runs(monkeypatch)
    shutil.rmtree(teacher)
    save_teacher("ner", teacher, n_steps=5)
    nlp = spacy.load(tmp_path / "student")
    with pytest.warns(UserWarning, match=r"\[head\] The teacher .* is another than before"):
        nlp.update(make_examples(nlp), sgd=False)
    assert runs == [4]
    head: Any = nlp.get_pipe("head")
    lesson = head.repeat_lesson([eg.predicted for eg in make_examples(nlp)])
    expected = probabilities(spacy.load(teacher), make_examples(nlp))
    assert numpy.allclose(lesson.targets, expected, atol=1e-3)


def test_damaged_file_of_targets(teacher: Path) -> None:
    before = trained(teacher)
    (teacher.parent / "teacher.head.targets.sqlite").write_bytes(b"damaged" * 999)
    with pytest.warns(UserWarning, match="computes them again"):
        after = trained(teacher)
    assert parameters(before, "head") == parameters(after, "head")


@pytest.mark.parametrize("kind", KINDS)
def test_no_effect_on_random_draws(
    kind: str, teacher_of: Callable[[str], Path], tmp_path: Path
) -> None:
    """Whether the teacher must be loaded and run, or not: dropout is the same."""
    found = []
    for _ in range(2):
        nlp = start(with_head(kind, teacher=block(teacher_of(kind), tmp_path)))
        for _ in range(3):
            nlp.update(make_examples(nlp), drop=0.3, sgd=nlp.create_optimizer())
        found.append(parameters(nlp, "mtl", "head"))
    assert found[0] == found[1]


@pytest.mark.filterwarnings("ignore:All tasks of 'mtl' are frozen")
def test_disabled_heads_learn_nothing(teacher: Path) -> None:
    nlp = trained(teacher)
    before = parameters(nlp, "head")
    with nlp.select_pipes(disable=["head"]):
        nlp.update(make_examples(nlp), sgd=nlp.create_optimizer())
    nlp.update(make_examples(nlp), exclude=["head"], sgd=nlp.create_optimizer())
    assert parameters(nlp, "head") == before
    assert nlp.get_pipe("head").cfg["teacher"]["steps"] == 3


def test_scorers_do_not_get_the_progress(teacher: Path) -> None:
    """Only settings, as before."""
    nlp = trained(teacher)
    head: Any = nlp.get_pipe("head")
    given: List[Any] = []
    head.scorer = lambda examples, **settings: [given.append(settings), {}][1]
    head.score(make_examples(nlp))
    assert "labels" in given[0]
    assert "teacher" not in given[0]
