"""Transfer the state of an optimizer to another pipeline by address."""

from typing import Any

import numpy
from short_training import values
from spacy.language import Language
from thinc.api import Adam, Linear, to_numpy
from tiny_corpus import make_examples

from spacy_mtl.parameters import slots_of
from spacy_mtl.train.optimizer import get_gradients, get_optimizer, set_gradients, set_optimizer


def step(nlp: Language, sgd: Any) -> None:
    nlp.update(make_examples(nlp), sgd=sgd)


def test_a_copy_continues_identically(make_nlp: Any) -> None:
    """With moments, averages, counters and accumulated gradients, the next step is the same."""
    nlp = make_nlp()
    sgd = Adam(0.01, use_averages=True)
    step(nlp, sgd)
    nlp.update(make_examples(nlp, "tag"), sgd=False)
    optimizer = get_optimizer(sgd, slots_of(nlp))
    gradients = get_gradients(slots_of(nlp))
    # Change the counters, and therefore the keys.
    for _ in range(50):
        Linear()
    other = make_nlp()
    other.from_bytes(nlp.to_bytes())
    copied = Adam(0.01, use_averages=True)
    set_optimizer(copied, slots_of(other), optimizer)
    set_gradients(slots_of(other), gradients)
    for pipeline, its_sgd in ((nlp, sgd), (other, copied)):
        step(pipeline, its_sgd)
    after = values(other)
    assert {slot.key for slot in slots_of(nlp)}.isdisjoint(slot.key for slot in slots_of(other))
    assert all(numpy.array_equal(value, after[name]) for name, value in values(nlp).items())
    averages = (sgd.averages or {}, copied.averages or {})
    for slot, its in zip(slots_of(nlp), slots_of(other), strict=True):
        assert slot.address == its.address
        one, two = averages[0].get(slot.key), averages[1].get(its.key)
        assert (one is None) == (two is None)
        assert one is None or numpy.array_equal(to_numpy(one), to_numpy(two))


def test_gradients_of_zeros_are_shapes_only(make_nlp: Any) -> None:
    nlp = make_nlp(encoder=None)
    slots = slots_of(nlp)
    slots[0].set_gradient(numpy.zeros(slots[0].shape, dtype="float32"))
    assert get_gradients(slots) == {slots[0].address: list(slots[0].shape)}
    other = slots_of(make_nlp(encoder=None))
    set_gradients(other, get_gradients(slots))
    gradient = other[0].gradient()
    assert gradient is not None
    assert gradient.shape == other[0].shape
    assert not gradient.any()
