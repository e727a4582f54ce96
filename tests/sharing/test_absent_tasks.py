"""Private parameters of a task that is absent from a batch don't change."""

from typing import Any, Dict, List

import numpy
import pytest
from methods import block
from mixed_sharing import TASKS, make_nlp
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam
from tiny_corpus import make_examples, strip

from spacy_mtl.sharing.contract import private_slots, shared_slots

pytestmark = pytest.mark.filterwarnings("ignore:The heads .* both set")


def sharing_of(nlp: Language) -> Any:
    return nlp.get_pipe("mtl").model.get_ref("sharing")


def values(slots: List[Any]) -> numpy.ndarray:
    return numpy.concatenate([slot.value.ravel() for slot in slots])


def step(nlp: Language, examples: List[Example], optimizer: Adam) -> Dict[str, float]:
    losses: Dict[str, float] = {}
    nlp.update(examples, sgd=False, losses=losses)
    for _, pipe in nlp.pipeline:
        pipe.finish_update(optimizer)
    return losses


@pytest.mark.parametrize("in_torch", [False, True], ids=["thinc", "torch"])
@pytest.mark.parametrize("level", ["representation", "parameters"])
def test_momentum_does_not_move_absent_tasks(level: str, in_torch: bool) -> None:
    nlp = make_nlp(level, block("PCGrad"), in_torch=in_torch)
    optimizer = Adam(0.01)
    examples = make_examples(nlp)
    for _ in range(3):
        step(nlp, examples, optimizer)
    private = private_slots(sharing_of(nlp))
    before = {task: values(slots) for task, slots in private.items()}
    shared = values(shared_slots(sharing_of(nlp)))

    # From now on the second head has no gold annotation.
    without = [Example(strip(eg.reference, ""), eg.reference) for eg in examples]
    nlp.get_pipe("t1").has_gold = lambda doc: False
    for _ in range(3):
        step(nlp, without, optimizer)
    assert numpy.array_equal(values(private["t1"]), before["t1"])
    for task in ("t0", "t2"):
        assert not numpy.array_equal(values(private[task]), before[task])
    assert not numpy.array_equal(values(shared_slots(sharing_of(nlp))), shared)


def test_no_gradients_are_left_after_the_optimizer() -> None:
    nlp = make_nlp("representation", block("Constant"))
    step(nlp, make_examples(nlp), Adam(0.01))
    private = private_slots(sharing_of(nlp)).values()
    slots = [*shared_slots(sharing_of(nlp)), *(slot for slots in private for slot in slots)]
    assert len(slots) == 2 * (1 + len(TASKS))
    assert all(slot.gradient() is None for slot in slots)


def test_sub_batches_add_up() -> None:
    """Each sub-batch is weighed on its own, and their gradients add up."""
    whole = make_nlp("representation", block("Constant"))
    examples = make_examples(whole)
    found = []
    for parts in ([examples[:2]], [examples[2:]], [examples[:2], examples[2:]]):
        nlp = make_nlp("representation", block("Constant"))
        for part in parts:
            nlp.update(part, sgd=False)
        gradients = [slot.gradient().ravel() for slot in private_slots(sharing_of(nlp))["t1"]]
        found.append(numpy.concatenate(gradients))
    assert numpy.allclose(found[0] + found[1], found[2], atol=1e-6)
    assert numpy.abs(found[2]).max() > 1e-4


@pytest.mark.parametrize("in_torch", [False, True], ids=["thinc", "torch"])
@pytest.mark.parametrize("level", ["representation", "parameters"])
def test_zeros_are_no_gradient(level: str, in_torch: bool) -> None:
    """What components of others send where nothing is annotated."""
    nlp = make_nlp(level, block("PCGrad"), in_torch=in_torch)
    optimizer, examples = Adam(0.01), make_examples(nlp)
    for _ in range(3):
        step(nlp, examples, optimizer)
    before = values(private_slots(sharing_of(nlp))["t1"])
    head: Any = nlp.get_pipe("t1")
    loss_of = head.loss_of

    def without_gradient(examples: Any, scores: Any) -> Any:
        loss, d_scores = loss_of(examples, scores)
        return loss, [d * 0 for d in d_scores]

    head.loss_of = without_gradient
    for _ in range(3):
        step(nlp, examples, optimizer)
    assert numpy.array_equal(values(private_slots(sharing_of(nlp))["t1"]), before)
