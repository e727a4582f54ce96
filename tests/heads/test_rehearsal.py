"""Rehearsal of all heads against an old pipeline."""

import warnings
from pathlib import Path
from typing import Any, Dict, List

import numpy
import pytest
import spacy
from learning_heads import example
from methods import make
from rehearsals import clear, copied, distance, examples_of, gradients, texts, trained
from spacy.language import Language
from taught_pipelines import learn
from thinc.api import Adam, fix_random_seed
from tiny_pipelines import CNN, FOUR_HEADS
from training_steps import parameters

import spacy_mtl
from spacy_mtl.heads.calibration import Calibration

HEADS = list(FOUR_HEADS)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained pipeline. Don't write to it."""
    path = tmp_path_factory.mktemp("saved")
    trained().to_disk(path)
    return path


@pytest.fixture
def old(saved: Path) -> Language:
    return spacy.load(saved)


@pytest.fixture
def nlp(saved: Path) -> Language:
    return spacy.load(saved)


def head(nlp: Language, name: str) -> Any:
    return nlp.get_pipe(name)


def grow(nlp: Language, labels: Any = ("NEW",)) -> None:
    for name in HEADS:
        for label in labels:
            head(nlp, name).add_label(new_label(name, label))


def new_label(name: str, label: str = "NEW") -> str:
    return f"{'m:' if name == 'multi' else ''}{label}-{name}"


@pytest.mark.parametrize("grown", [False, True])
def test_nothing_to_learn_from_itself(nlp: Language, old: Language, grown: bool) -> None:
    """The gradient is zero before anything has changed, also with new labels or a calibration."""
    for pipeline in (nlp, old):
        for name in ("textcat", "multi", "ner"):
            head(pipeline, name).calibration = Calibration(3.0)
    if grown:
        grow(nlp, ("NEW", "NEWER"))
    before = parameters(nlp, "mtl", *HEADS)
    losses = spacy_mtl.rehearse(nlp, old, texts(nlp), sgd=False)
    assert list(losses) == ["mtl", *HEADS]
    found = gradients(nlp)
    assert set(found) == {"mtl", *HEADS}
    assert max(float(numpy.abs(each).max()) for each in found.values()) < 1e-5
    assert parameters(nlp, "mtl", *HEADS) == before


@pytest.mark.parametrize(
    "place", ["before mtl", "inside mtl", "MMoE", "PCGrad", "Balanced", "parameters"]
)
def test_gradient_reaches_everything_once(place: str, encoder_dir: str, tmp_path: Path) -> None:
    """That of the encoder is the sum of those of single heads."""
    settings: Dict[str, Any] = {}
    if place == "MMoE":
        settings["model"] = {"@architectures": "spacy_mtl.MMoE.v1", "tok2vec": CNN, "width": 4}
        settings["model"]["dropout"] = 0.0
    if place in ("PCGrad", "Balanced"):
        settings["weighting"] = {"@mtl_weightings": f"spacy_mtl.{place}.v1"}
    if place == "parameters":
        settings["gradients"] = "parameters"
    encoder: Any = encoder_dir if place == "before mtl" else None
    nlp = trained(encoder, 2, **settings)
    old = copied(nlp, tmp_path)
    learn(nlp, examples_of(nlp), 3, rate=0.03)
    clear(nlp)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fix_random_seed(0)
        spacy_mtl.rehearse(nlp, old, texts(nlp), sgd=False)
    together = gradients(nlp)
    names = [name for name in ("transformer", "mtl") if name in nlp.pipe_names]
    assert set(together) - {"mtl"} == {*names, *HEADS} - {"mtl"}
    alone: Dict[str, List[numpy.ndarray]] = {}
    for name in HEADS:
        clear(nlp)
        others = [other for other in HEADS if other != name]
        spacy_mtl.rehearse(nlp, old, texts(nlp), sgd=False, exclude=others)
        for key, gradient in gradients(nlp).items():
            alone.setdefault(key, []).append(gradient)
    for name in HEADS:
        (single,) = alone[name]
        assert numpy.allclose(together[name], single, atol=1e-6)
        assert single.any()
    shared = names[0]
    assert together[shared].any()
    if place not in ("MMoE", "PCGrad", "Balanced"):
        assert numpy.allclose(together[shared], sum(alone[shared]), atol=1e-5)


def test_weights_of_the_tasks_are_those_of_mtl(tmp_path: Path) -> None:
    """As in `nlp.update`."""
    weights = {"tagger": 0.0, "ner": 3.0}
    constant = {"@mtl_weightings": "spacy_mtl.Constant.v1", "weights": weights}
    nlp = trained(None, 2, weighting=constant)
    old = copied(nlp, tmp_path)
    learn(nlp, examples_of(nlp), 2)
    found: Dict[str, float] = spacy_mtl.rehearse(nlp, old, texts(nlp), sgd=False)
    expected = sum(weights.get(name, 1.0) * found[name] for name in HEADS)
    assert found["mtl"] == pytest.approx(expected, rel=1e-5)
    clear(nlp)
    alone = [name for name in HEADS if name != "tagger"]
    spacy_mtl.rehearse(nlp, old, texts(nlp), sgd=False, exclude=alone)
    assert not gradients(nlp)["mtl"].any()


def test_one_step_of_the_optimizer(nlp: Language, old: Language) -> None:
    learn(nlp, examples_of(nlp), 2)
    sgd = Adam(0.01)
    spacy_mtl.rehearse(nlp, old, texts(nlp), sgd)
    assert set(sgd.nr_update.values()) == {1}
    assert not any(gradient.any() for gradient in gradients(nlp).values())
    assert nlp._optimizer is None
    spacy_mtl.rehearse(nlp, old, texts(nlp))
    created = nlp._optimizer
    assert created is not None
    spacy_mtl.rehearse(nlp, old, texts(nlp))
    assert nlp._optimizer is created
    assert max(created.nr_update.values()) == 2


def test_new_labels_learn_nothing(nlp: Language, old: Language) -> None:
    """Whatever they score, they change neither the loss nor a gradient, and have none."""
    grow(nlp)
    learn(nlp, examples_of(nlp), 2)
    before = spacy_mtl.rehearse(nlp, old, texts(nlp), sgd=False)
    assert before["mtl"] == pytest.approx(sum(before[name] for name in HEADS))
    found = gradients(nlp)
    for name in HEADS:
        output = head(nlp, name).model.get_ref("output_layer")
        places = [i for i, each in enumerate(head(nlp, name).classes()) if "NEW" in each]
        assert len(places) == (4 if name == "ner" else 1)
        for key in ("W", "b"):
            gradient = output.get_grad(key)
            assert not gradient[places].any()
            assert gradient.any()
        output.get_param("b")[places] += 30.0
    clear(nlp)
    assert spacy_mtl.rehearse(nlp, old, texts(nlp), sgd=False) == pytest.approx(before, rel=1e-5)
    for name, gradient in gradients(nlp).items():
        assert numpy.allclose(gradient, found[name], atol=1e-6)


def test_other_order_of_labels(nlp: Language, old: Language) -> None:
    """The teacher's labels are found by name."""
    learn(nlp, examples_of(nlp), 2)
    expected = spacy_mtl.rehearse(nlp, old, texts(nlp), sgd=False)
    tagger = head(old, "tagger")
    output = tagger.model.get_ref("output_layer")
    for name in ("W", "b"):
        output.set_param(name, output.get_param(name)[::-1].copy())
    tagger.cfg["labels"].reverse()
    assert spacy_mtl.rehearse(nlp, old, texts(nlp), sgd=False) == pytest.approx(expected, rel=1e-5)


def test_remembers(saved: Path, old: Language) -> None:
    """With new labels learned, heads stay closer to the old pipeline than without rehearsal."""
    far: Dict[bool, Dict[str, float]] = {}
    for rehearses in (False, True):
        nlp = spacy.load(saved)
        grow(nlp)
        new = example(nlp, "zebra crossing", tags=["NEW-tagger", "NN"], entities=["U-NEW-ner", "O"])
        new.reference.cats = {"NEW-textcat": 1.0, "m:NEW-multi": 1.0}
        sgd = Adam(0.01)
        for _ in range(25):
            nlp.update([new], sgd=False)
            if rehearses:
                spacy_mtl.rehearse(nlp, old, texts(nlp), sgd=False)
            for _, pipe in nlp.pipeline:
                pipe.finish_update(sgd)  # type: ignore[attr-defined]
        doc = nlp("zebra crossing")
        assert doc[0].tag_ == "NEW-tagger"
        assert [ent.label_ for ent in doc.ents] == ["NEW-ner"]
        assert min(doc.cats["NEW-textcat"], doc.cats["m:NEW-multi"]) > 0.5
        far[rehearses] = {name: distance(nlp, old, name) for name in HEADS}
    for name in HEADS:
        assert far[True][name] < 0.6 * far[False][name], far


def test_who_takes_part(nlp: Language, old: Language) -> None:
    """Frozen, excluded, disabled and stock components stay as they are, and the step closes."""
    listener = {"@architectures": "spacy_mtl.TaskListener.v1"}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    stock: Any = nlp.add_pipe("tagger", name="stock", config={"model": model})
    new: Any = nlp.add_pipe("mtl_tagger", name="new", config={"attribute": "_.new"})
    stock.initialize(lambda: examples_of(nlp), nlp=nlp)
    new.initialize(lambda: examples_of(nlp), nlp=nlp, labels=["x", "y"])
    nlp.config["training"]["frozen_components"] = ["textcat"]
    nlp.disable_pipe("multi")
    learn(nlp, examples_of(nlp), 2)
    left_alone = ["stock", "new", "textcat", "multi", "ner"]
    before = {name: parameters(nlp, name) for name in nlp.component_names}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        losses = spacy_mtl.rehearse(nlp, old, texts(nlp), Adam(0.01), exclude=["ner"])
    assert list(losses) == ["mtl", "tagger"]
    changed = [name for name in before if parameters(nlp, name) != before[name]]
    assert changed == ["mtl", "tagger"]
    assert set(left_alone).isdisjoint(changed)
    assert nlp.disabled == ["multi"]
    assert nlp.update(examples_of(nlp), sgd=Adam(0.01))["mtl"] > 0


@pytest.mark.parametrize("names", [["mtl"], ["transformer", "mtl"], ["transformer"]])
def test_frozen_encoder(names: List[str], encoder_dir: str, tmp_path: Path) -> None:
    """What is frozen stays. Heads learn, in a joint step if `mtl` isn't frozen."""
    encoder: Any = encoder_dir if "transformer" in names else None
    nlp = trained(encoder, 1)
    old = copied(nlp, tmp_path)
    learn(nlp, examples_of(nlp), 2)
    nlp.config["training"]["frozen_components"] = names
    nlp.config["training"]["annotating_components"] = names
    before = {name: parameters(nlp, name) for name in nlp.component_names}
    spacy_mtl.rehearse(nlp, old, texts(nlp), Adam(0.01))
    changed = [name for name in before if parameters(nlp, name) != before[name]]
    assert changed == HEADS


def test_texts_without_tokens(nlp: Language, old: Language) -> None:
    learn(nlp, examples_of(nlp), 2)
    some = texts(nlp, 3)
    expected = spacy_mtl.rehearse(nlp, old, some, sgd=False)
    empty = [spacy.training.Example(nlp.make_doc(""), nlp.make_doc(""))]
    assert spacy_mtl.rehearse(nlp, old, [some[0], *empty, *some[1:]], sgd=False) == pytest.approx(
        expected, rel=1e-4
    )
    assert spacy_mtl.rehearse(nlp, old, empty, losses={"x": 1.0}) == {"x": 1.0}
    assert spacy_mtl.rehearse(nlp, old, []) == {}


def test_annotation_is_not_used(nlp: Language, old: Language) -> None:
    learn(nlp, examples_of(nlp), 2)
    gold = examples_of(nlp)
    bare = [spacy.training.Example(eg.predicted, eg.predicted.copy()) for eg in gold]
    with_gold = spacy_mtl.rehearse(nlp, old, gold, sgd=False)
    assert with_gold == spacy_mtl.rehearse(nlp, old, bare, sgd=False)
    # They may belong to the teacher.
    assert with_gold == spacy_mtl.rehearse(nlp, old, examples_of(old), sgd=False)
    assert spacy_mtl.rehearse(nlp, old, bare, sgd=False, losses=with_gold) is with_gold


def test_teacher_stays(nlp: Language, old: Language) -> None:
    before = old.to_bytes()
    spacy_mtl.rehearse(nlp, old, texts(nlp), Adam(0.1), drop=0.2)
    assert old.to_bytes() == before


def test_weighting_that_looks_back(saved: Path, old: Language) -> None:
    """It doesn't take the loss without annotation for that of a rehearsal."""
    nlp = spacy.load(saved)
    learn(nlp, examples_of(nlp), 2)
    seen: List[Dict[str, float]] = []
    weighting = head(nlp, "mtl").weighting = make("FAMO", learn_rate=0.5, recompute=True)
    observe = weighting.observe
    weighting.observe = lambda losses: (seen.append(dict(losses)), observe(losses))
    sgd = Adam(0.001)
    spacy_mtl.rehearse(nlp, old, texts(nlp), sgd)
    losses = spacy_mtl.rehearse(nlp, old, texts(nlp), sgd)
    assert seen == [pytest.approx({name: losses[name] for name in HEADS})]
    # Afterwards it looks back again.
    learn(nlp, examples_of(nlp), 2, rate=0.001)
    assert len(seen) == 3
    assert all(min(each.values()) > 0 for each in seen)


def test_spacys_own_rehearsal(nlp: Language, old: Language) -> None:
    """It goes on not to crash, before and afterwards."""
    grow(nlp)
    sgd = nlp.resume_training()
    for _ in range(2):
        assert nlp.rehearse(examples_of(nlp), sgd=sgd) == {}
        spacy_mtl.rehearse(nlp, old, texts(nlp), sgd)
