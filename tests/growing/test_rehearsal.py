"""Rehearsal: the old pipeline teaches the old tasks, so that these change less."""

from pathlib import Path
from typing import Any, List

import numpy
import pytest
import spacy
from grown_pipelines import given, probabilities, trained, write_texts
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from thinc.api import SGD
from tiny_pipelines import CNN

from spacy_mtl.growing.preparing import prepare
from spacy_mtl.growing.ways import REHEARSE, GrowingError, Way
from spacy_mtl.heads.calibration import Calibration

OLD = ["tagger", "ner", "textcat"]


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Language:
    monkeypatch.chdir(tmp_path)
    write_texts(tmp_path)
    nlp = trained()
    nlp.to_disk("old")
    return nlp


def prepared(before: Language, rehearsed: Any = None, **training: Any) -> Language:
    way = Way(REHEARSE, Path("old"), rehearsed)
    return prepare(before, given(**training), way, Path("cache"))


def train(nlp: Language, n_steps: int = 30) -> None:
    from spacy_mtl.growing.survey import read_corpora

    sgd = SGD(0.5, use_averages=False)
    examples = list(read_corpora(nlp).train(nlp))
    for _ in range(n_steps):
        nlp.update(examples, sgd=sgd, exclude=nlp.config["training"]["frozen_components"])


def test_old_tasks_change_less(before: Language) -> None:
    """Than without a teacher, on the same texts, while the new task is learned as well."""
    taught, alone = prepared(before), prepared(before)
    for task in OLD:
        head: Any = alone.get_pipe(task)
        head.set_teacher(None)
    for nlp in (taught, alone):
        train(nlp)
    for task in OLD:
        old = probabilities(before, task)
        moved, forgot = (abs(probabilities(n, task) - old).mean() for n in (taught, alone))
        assert moved < 0.5 * forgot, task
    for nlp in (taught, alone):
        cats = nlp("old runs Rome").cats
        assert cats["genre:Rome"] > cats["genre:Bo"]


def test_old_heads_do_not_learn_new_categories(before: Language) -> None:
    """The texts have categories, but none of the old task: its teacher is all it learns from."""
    nlp = prepared(before)
    corpora = nlp.config["corpora"]["train"]["corpora"]
    assert corpora["new"]["tasks"] == ["genre"]
    head: Any = nlp.get_pipe("textcat")
    assert head.teacher.weight_at(0) == 1.0
    dev = nlp.config["corpora"]["dev"]["corpora"]
    assert dev["new"]["tasks"] == ["genre"]


def test_texts_to_rehearse(before: Language) -> None:
    """They are a corpus of their own, with the annotation that they have."""
    nlp = prepared(before, Path("old.spacy"))
    train = nlp.config["corpora"]["train"]
    assert train["corpora"]["rehearsal"] == {"path": "old.spacy", "tasks": OLD}
    assert train["schedule"] == {"@mtl_schedules": "spacy_mtl.Uniform.v1"}
    assert nlp.config["training"]["batcher"]["mixed"]
    head: Any = nlp.get_pipe("textcat")
    assert head.teacher.weight_at(0) == 0.5
    assert nlp.config["training"]["frozen_components"] == []


def test_texts_without_annotation(before: Language) -> None:
    docs = [Doc(before.vocab, words=["plain", "text"])] * 4
    DocBin(docs=docs).to_disk("plain.spacy")
    nlp = prepared(before, Path("plain.spacy"))
    assert nlp.config["corpora"]["train"]["corpora"]["rehearsal"]["tasks"] == OLD
    head: Any = nlp.get_pipe("tagger")
    assert head.teacher.weight_at(0) == 1.0
    before_training = probabilities(nlp, "tagger")
    train(nlp, 2)
    assert not numpy.array_equal(before_training, probabilities(nlp, "tagger"))


def test_who_is_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Components that can't have a teacher, or have nothing to do with the encoder."""
    monkeypatch.chdir(tmp_path)
    write_texts(tmp_path)
    nlp = trained(tasks=["tagger"])
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    nlp.add_pipe("morphologizer", config={"model": model})
    own = {"@architectures": "spacy.Tagger.v2", "tok2vec": CNN}
    nlp.add_pipe("senter", config={"model": own})
    nlp.add_pipe("entity_ruler")
    for name, words in (("morphologizer", {"pos": ["NOUN"]}), ("senter", {"sent_starts": [True]})):
        doc = Doc(nlp.vocab, words=["a"], **words)  # type: ignore[arg-type]
        example = spacy.training.Example(nlp.make_doc("a"), doc)
        nlp.get_pipe(name).initialize(lambda eg=example: [eg], nlp=nlp)  # type: ignore
    nlp.to_disk("old")
    found: List[str] = prepared(spacy.load("old")).config["training"]["frozen_components"]
    assert found == ["morphologizer", "senter", "entity_ruler"]


def test_a_disabled_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It isn't updated, so it isn't said to be trained."""
    monkeypatch.chdir(tmp_path)
    write_texts(tmp_path)
    nlp = trained()
    nlp.disable_pipe("ner")
    nlp.to_disk("old")
    found = prepared(spacy.load("old"))
    assert found.config["training"]["frozen_components"] == ["ner"]
    head: Any = found.get_pipe("ner")
    assert head.teacher is None


def test_a_calibrated_teacher_wants_no_change(before: Language) -> None:
    """A head that inherits a calibration learns the scores below it, which it has already."""
    head: Any = before.get_pipe("textcat")
    head.calibration = Calibration(temperature=3.0)
    before.to_disk("old")
    nlp = prepared(before)
    own: Any = nlp.get_pipe("textcat")
    docs = [nlp.make_doc("old runs Rome"), nlp.make_doc("new")]
    for doc in docs:
        nlp.get_pipe("mtl")(doc)
    scores = own.model.predict(docs)
    targets = numpy.concatenate(own.give_targets(docs))
    loss = own.soft_loss(scores, targets)
    assert abs(loss.gradient).max() < 1e-6


def scheduled(schedule: str, **settings: Any) -> Any:
    """A config with a schedule of its own."""
    config: Any = given()
    corpora = {"new": {"path": "new.spacy", "tasks": ["genre"]}}
    block = {"@mtl_schedules": f"spacy_mtl.{schedule}.v1", **settings}
    multi = {"@readers": "spacy_mtl.MultiCorpus.v1", "corpora": corpora, "schedule": block}
    config["corpora"]["train"] = multi
    return config


@pytest.mark.parametrize(
    ("schedule", "settings"),
    [
        ("Proportional", {}),
        ("Weighted", {"shares": {"new": 1.0, "rehearsal": 3.0}}),
        ("Sequential", {"phases": [{"tasks": ["genre"], "steps": 2}, {"tasks": ["ner"]}]}),
    ],
)
def test_a_schedule_that_draws_the_texts_to_rehearse(
    schedule: str, settings: Any, before: Language
) -> None:
    way = Way(REHEARSE, Path("old"), Path("old.spacy"))
    nlp = prepare(before, scheduled(schedule, **settings), way, Path("cache"))
    block = nlp.config["corpora"]["train"]["schedule"]
    assert block == {"@mtl_schedules": f"spacy_mtl.{schedule}.v1", **settings}
    corpora = nlp.config.interpolate()["corpora"]
    reader = spacy.registry.resolve({"train": corpora["train"]})["train"]
    # It fits, without a warning.
    assert len(list(reader(nlp))) == 12


@pytest.mark.parametrize(
    ("schedule", "settings"),
    [
        ("Weighted", {"shares": {"new": 1.0}}),
        ("Weighted", {"shares": {"new": 1.0, "rehearsal": 0.0}}),
        ("Sequential", {"phases": [{"tasks": ["genre"]}]}),
    ],
)
def test_a_schedule_that_never_draws_them(schedule: str, settings: Any, before: Language) -> None:
    way = Way(REHEARSE, Path("old"), Path("old.spacy"))
    says = f"corpora.train.schedule. .* spacy_mtl.{schedule}.v1, never draws .* 'rehearsal', which "
    with pytest.raises(GrowingError, match=f"{says}has the tasks tagger, ner, textcat. Give it"):
        prepare(before, scheduled(schedule, **settings), way, Path("cache"))
    # On the new texts alone, there is nothing else to draw.
    if "rehearsal" not in str(settings):
        prepare(before, scheduled(schedule, **settings), Way(REHEARSE, Path("old")), Path("cache"))
