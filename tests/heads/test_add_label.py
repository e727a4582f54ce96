"""Labels that are added to trained heads."""

import pickle
from pathlib import Path
from typing import Any, Dict, List

import numpy
import pytest
import spacy
from learning_heads import example
from spacy.language import Language
from spacy.training import Example
from taught_pipelines import KINDS, learn, probabilities, start, unlabelled, with_head
from thinc.api import Adam, Maxout, chain
from tiny_corpus import TEXTS, make_examples
from tiny_pipelines import add_joint, inner

from spacy_mtl.heads.calibration import Calibration

#: Gold with the label NEW, by the kind of head.
NEW: Dict[str, Dict[str, Any]] = {
    "tagger": {"tags": ["NEW", "NN"]},
    "ner": {"entities": ["B-NEW", "L-NEW"]},
    "ner with transitions": {"entities": ["U-NEW", "O"]},
    "textcat": {"cats": {"NEW": 1.0}},
    "multi": {"cats": {"NEW": 1.0, "a": 0.0}},
}


def trained(kind: str, n_steps: int = 20, **settings: Any) -> Any:
    nlp = start(with_head(kind, **settings))
    learn(nlp, make_examples(nlp), n_steps)
    return nlp


def arrays(head: Any) -> Dict[str, numpy.ndarray]:
    output = head.model.get_ref("output_layer")
    found = {name: output.get_param(name).copy() for name in output.param_names}
    if head.model.has_ref("transitions"):
        found["T"] = head.model.get_ref("transitions").get_param("T").copy()
    return found


def said(nlp: Language, texts: List[str]) -> List[Any]:
    """What is predicted. Probabilities come last."""
    found = []
    for text in texts:
        doc = nlp(text)
        best = max(doc.cats, key=lambda label: doc.cats[label], default=None)
        spans = [(ent.start, ent.end, ent.label_) for ent in doc.ents]
        found.append(([token.tag_ for token in doc], spans, best))
    return found


def with_new(nlp: Language, kind: str) -> List[Example]:
    return [*make_examples(nlp), example(nlp, "zebra crossing", **NEW[kind])]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hidden_width", [None, 7])
def test_old_rows_stay(kind: str, hidden_width: Any) -> None:
    """To the last bit, in the order of the classes, and transitions between them."""
    nlp = with_head(kind)
    config = nlp.get_pipe_config("head")
    config["model"] = {**config["model"], "hidden_width": hidden_width}
    nlp = start(with_head(kind, model=config["model"]))
    learn(nlp, make_examples(nlp), 5)
    head: Any = nlp.get_pipe("head")
    classes, before = head.classes(), arrays(head)
    assert [head.add_label(label) for label in ("NEW", "NEW", "NEWER")] == [1, 0, 1]
    assert head.labels[-2:] == ("NEW", "NEWER")
    after = arrays(head)
    assert set(after) == set(before)
    places = [head.classes().index(name) for name in classes]
    for name, array in before.items():
        own = [*places, len(head.classes())] if name == "T" else places
        found = after[name][numpy.ix_(own, own)] if name == "T" else after[name][own]
        assert found.dtype == array.dtype
        assert found.tobytes() == array.tobytes()
        assert numpy.isfinite(after[name]).all()
        assert len(after[name]) == len(head.classes()) + (name == "T")
    assert "NEWER" in nlp.vocab.strings
    assert head.model.maybe_get_dim("nO") in (None, len(head.classes()))


@pytest.mark.parametrize("kind", KINDS)
def test_old_predictions_stay(kind: str) -> None:
    """Also on texts that it hasn't seen. A new label has at most a hundredth."""
    nlp = trained(kind)
    head: Any = nlp.get_pipe("head")
    examples = unlabelled(nlp, 40)
    texts = [eg.text for eg in examples]
    old, before, classes = said(nlp, texts), probabilities(nlp, examples), head.classes()
    assert len({str(each) for each in old}) > 10 or kind in ("textcat", "multi")
    head.add_label("NEW")
    after = probabilities(nlp, examples)
    if kind == "multi":
        assert after[:, -1] == pytest.approx(0.01, rel=1e-5)
        assert numpy.allclose(after[:, :-1], before, atol=1e-6)
        return
    assert said(nlp, texts) == old
    new = after[:, len(classes) :]
    assert (new <= 0.0101 * after.max(axis=1, keepdims=True)).all() or "trans" in kind
    assert numpy.abs(after[:, : len(classes)] - before).max() < 0.05
    # Without the new classes, the old ones are as probable as before.
    if kind in ("tagger", "ner", "textcat"):
        rest = after[:, : len(classes)]
        assert numpy.allclose(rest / rest.sum(axis=1, keepdims=True), before, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_new_label_is_learned(kind: str) -> None:
    nlp = trained(kind)
    head: Any = nlp.get_pipe("head")
    head.add_label("NEW")
    old = said(nlp, [text for text, *_ in TEXTS])
    learn(nlp, with_new(nlp, kind), 60)
    doc = nlp("zebra crossing")
    found = [doc[0].tag_, [ent.label_ for ent in doc.ents], doc.cats.get("NEW", 0) > 0.5]
    assert "NEW" in found or ["NEW"] in found or found[2]
    if kind != "multi":
        assert said(nlp, [text for text, *_ in TEXTS]) == old


@pytest.mark.parametrize("kind", KINDS)
def test_round_trips(kind: str, tmp_path: Path) -> None:
    """Bytes, disk, pickle, and a source in another pipeline."""
    nlp = trained(kind, 3)
    head: Any = nlp.get_pipe("head")
    head.add_label("NEW")
    learn(nlp, with_new(nlp, kind), 2)
    nlp.to_disk(tmp_path)
    expected = probabilities(nlp, unlabelled(nlp, 5))
    copies = [spacy.load(tmp_path), with_head(kind), pickle.loads(pickle.dumps(nlp))]
    copies[1].from_bytes(nlp.to_bytes())
    copies.append(spacy.blank("en", vocab=copies[0].vocab))
    for name in nlp.pipe_names:
        copies[-1].add_pipe(name, source=copies[0])
    for copied in copies:
        other: Any = copied.get_pipe("head")
        assert other.labels == head.labels
        assert numpy.array_equal(probabilities(copied, unlabelled(copied, 5)), expected)
    for copied in copies[:3]:
        grown: Any = copied.get_pipe("head")
        assert grown.add_label("NEWER") == 1
        assert len(arrays(grown)["b"]) == len(grown.classes()) > len(head.classes())


@pytest.mark.parametrize("kind", KINDS)
def test_optimizer_that_goes_on(kind: str) -> None:
    """It begins anew with what has grown. Gradients that it hasn't used yet are kept."""
    nlp = trained(kind, 0)
    head: Any = nlp.get_pipe("head")
    sgd = Adam(0.01, use_averages=True)
    nlp.update(make_examples(nlp), sgd=sgd)
    nlp.update(make_examples(nlp), sgd=False)
    output = head.model.get_ref("output_layer")
    before, old_key = output.get_grad("W").copy(), (output.id, "W")
    assert before.any()
    head.add_label("NEW")
    after = output.get_grad("W")
    assert numpy.array_equal(after[: len(before)], before)
    assert not after[len(before) :].any()
    assert old_key in sgd.mom1
    key = (output.id, "W")
    assert key not in sgd.mom1
    for _, pipe in nlp.pipeline:
        pipe.finish_update(sgd)  # type: ignore[attr-defined]
    nlp.update(with_new(nlp, kind), sgd=sgd)
    assert sgd.mom1[key].size == output.get_param("W").size
    assert sgd.nr_update[key] == 2
    with nlp.use_params(sgd.averages):
        nlp("Anna runs")
    resumed = nlp.resume_training()
    nlp.update(with_new(nlp, kind), sgd=resumed)
    assert nlp.rehearse(make_examples(nlp), sgd=resumed) == {}


def test_found_learning_rate(encoder_dir: str) -> None:
    """It goes on to count for the layer that has grown, and not for the encoder."""
    nlp = spacy.blank("en")
    nlp.config["training"]["optimizer"] = {"@optimizers": "Adam.v1", "learn_rate": 5e-5}
    add_joint(nlp, inner(encoder_dir))
    head: Any = nlp.add_pipe("mtl_tagger", name="head")
    nlp.initialize(lambda: make_examples(nlp))
    assert head.learn_rate_scale == 40.0
    head.add_label("NEW")
    assert head.learn_rate_scale == 40.0
    before = arrays(head)["W"]
    nlp.update(make_examples(nlp), sgd=Adam(5e-5))
    # The first step of Adam is as long as its rate.
    assert numpy.abs(arrays(head)["W"] - before).max() == pytest.approx(40 * 5e-5, rel=0.01)


def test_settings_by_label() -> None:
    """A calibration stays, and thresholds and class weights take the new label."""
    nlp = trained("ner", confidence=True, threshold={"PER": 0.2})
    head: Any = nlp.get_pipe("head")
    head.calibration = Calibration(1.7, 0.9, 0.1)
    with pytest.raises(ValueError, match="'threshold' is set for 'NEW'"):
        head.threshold = {"NEW": 0.5}
    head.add_label("NEW")
    assert head.calibration == Calibration(1.7, 0.9, 0.1)
    assert all(0 < ent._.confidence < 1 for ent in nlp("Anna runs to Rome").ents)
    head.threshold = {"PER": 0.2, "NEW": 0.5}
    other = with_head("ner", confidence=True, threshold={"PER": 0.2}).from_bytes(nlp.to_bytes())
    assert other.get_pipe("head").threshold == {"PER": 0.2, "NEW": 0.5}  # type: ignore[attr-defined]


def test_class_weights_and_label_smoothing() -> None:
    nlp = trained("textcat", class_weights={"a": 2.0}, label_smoothing=0.1)
    nlp.get_pipe("head").add_label("NEW")  # type: ignore[attr-defined]
    losses = learn(nlp, with_new(nlp, "textcat"), 30)
    assert losses[-1] < losses[0]


def test_refused() -> None:
    nlp = trained("multi", 1, prefix="a")
    head: Any = nlp.get_pipe("head")
    with pytest.raises(ValueError, match=r"start with 'a', but the new label is 'NEW'. Add 'aNEW'"):
        head.add_label("NEW")
    with pytest.raises(ValueError, match="must be non-empty"):
        head.add_label("")
    assert head.add_label("aNEW") == 1
    assert head.labels == ("a", "aNEW")


def test_size_in_the_config(tmp_path: Path) -> None:
    """What a message says helps."""
    nlp = with_head("tagger")
    model = {**nlp.get_pipe_config("head")["model"], "nO": 10}
    head: Any = with_head("tagger", model=model).get_pipe("head")
    with pytest.raises(ValueError, match=r"fixed size \(10 classes\), but isn't trained"):
        head.add_label("NEW")
    trained("tagger", 0).to_disk(tmp_path)
    loaded: Any = spacy.load(tmp_path, config={"components.head.model.nO": 10})
    with pytest.raises(ValueError, match=r"'nO' in \[components.head.model\] fixes its size"):
        loaded.get_pipe("head").add_label("NEW")
    assert "NEW" not in loaded.get_pipe("head").labels
    loaded = spacy.load(tmp_path, config={"components.head.model.nO": None})
    assert loaded.get_pipe("head").add_label("NEW") == 1


def test_layer_without_rows_of_classes() -> None:
    """A user's layer that keeps its arrays otherwise."""
    nlp = trained("textcat", 1)
    head: Any = nlp.get_pipe("head")
    output = head.model.get_ref("output_layer")
    output.set_param("W", numpy.zeros((3, 5), dtype="f"))
    with pytest.raises(ValueError, match=r"the array 'W' has the shape \(3, 5\)"):
        head.add_label("NEW")
    assert head.labels == ("a", "b")
    assert output.get_param("b").shape == (2,)


def test_layer_of_a_user() -> None:
    """Its weights have another axis, and a row for each class."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    head: Any = nlp.add_pipe("mtl_textcat", name="head")
    encoder, pooling, _ = head.model.layers
    output = Maxout(nP=2)
    head.model = chain(encoder, pooling, output)
    head.model.attrs["unit"] = "doc"
    head.model.set_ref("tok2vec", encoder)
    head.model.set_ref("output_layer", output)
    nlp.initialize(lambda: make_examples(nlp))
    before = arrays(head)
    assert head.add_label("NEW") == 1
    assert head.model.get_dim("nO") == 3
    for name, array in arrays(head).items():
        assert array.shape == (3, *before[name].shape[1:])
        assert numpy.array_equal(array[:2], before[name])
    learn(nlp, with_new(nlp, "textcat"), 60)
    assert nlp("zebra crossing").cats["NEW"] > 0.5
