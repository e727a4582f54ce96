"""What heads send back, through listeners of ours or of spaCy's."""

from typing import Any, Callable, Dict, List, Tuple

import numpy
import pytest
from encoder_gradients import assert_close
from joint_gradients import gradient_of
from open_steps import filled, loss_of
from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab
from stock_models import TAGGER
from thinc.api import Adam, Linear, Model, chain, concatenate, fix_random_seed, with_array
from tiny_corpus import make_examples
from tiny_pipelines import CNN, HEADS
from training_steps import step

from spacy_mtl.joint.answer import Answer, hand_out, report, skip, take_back, was_read
from spacy_mtl.joint.listener import TaskListener
from spacy_mtl.types import LossAndGradient, TokenVectors

KINDS = [TaskListener, Tok2VecListener]
PAIRS = [[a, b] for a in KINDS for b in KINDS]


class Receiver:
    """Takes down what comes."""

    def __init__(self) -> None:
        self.reports: List[Tuple[str, LossAndGradient]] = []
        self.gradients: List[Tuple[str, int, TokenVectors]] = []
        self.skips: List[Tuple[str, int]] = []

    def take_report(self, task: str, loss: LossAndGradient) -> None:
        self.reports.append((task, loss))

    def take_gradient(self, task: str, listener: int, d_view: TokenVectors) -> TokenVectors:
        self.gradients.append((task, listener, d_view))
        return [0 * d for d in d_view]

    def take_skip(self, task: str, listener: int) -> None:
        self.skips.append((task, listener))


@pytest.fixture
def docs() -> List[Doc]:
    vocab = Vocab()
    return [Doc(vocab, words=["old", "runs"]), Doc(vocab, words=["home"])]


def listening(kinds: List[Any], receiver: Receiver, docs: List[Doc]) -> Tuple[Model, List[Any]]:
    """A model with a layer of each kind, each of which holds a view and an answer."""
    listeners = [kind("mtl", 3) for kind in kinds]
    for i, listener in enumerate(listeners):
        hand_out(listener, docs, filled(docs, 1), Answer(receiver, "ner", i))
    model = chain(listeners[0], with_array(Linear(2, 3)))
    for listener in listeners[1:]:
        model.layers.append(listener)
    return model, listeners


@pytest.mark.parametrize("kind", KINDS)
def test_view_and_gradient(kind: Any, docs: List[Doc]) -> None:
    receiver = Receiver()
    _, (listener,) = listening([kind], receiver, docs)
    view, backprop = listener(docs, is_train=True)
    assert all(map(numpy.array_equal, view, filled(docs, 1)))
    zeros = backprop(filled(docs, 5))
    assert all(map(numpy.array_equal, zeros, filled(docs, 0)))
    ((task, which, d_view),) = receiver.gradients
    assert (task, which) == ("ner", 0)
    assert all(map(numpy.array_equal, d_view, filled(docs, 5)))


@pytest.mark.parametrize("kinds", [[kind] for kind in KINDS] + PAIRS)
def test_report_goes_to_the_step(kinds: List[Any], docs: List[Doc]) -> None:
    receiver, loss = Receiver(), loss_of(0.5)
    report(listening(kinds, receiver, docs)[0], loss)
    assert receiver.reports == [("ner", loss)] * len(kinds)


@pytest.mark.parametrize("kinds", [[kind] for kind in KINDS] + PAIRS)
def test_skip_at_every_listener(kinds: List[Any], docs: List[Doc]) -> None:
    receiver = Receiver()
    assert skip(listening(kinds, receiver, docs)[0])
    assert receiver.skips == [("ner", i) for i in range(len(kinds))]


@pytest.mark.parametrize("first", KINDS)
def test_no_skip_if_another_component_waits(first: Any, docs: List[Doc]) -> None:
    """Its encoder learns from what the last listener sends. Nobody is told anything else."""
    receiver = Receiver()
    model, (_, other) = listening([first, Tok2VecListener], receiver, docs)
    other.receive(other.get_batch_id(docs), filled(docs, 1), lambda d_view: docs)
    assert not skip(model)
    assert receiver.skips == []
    report(model, loss_of(0.5))
    assert len(receiver.reports) == 1


@pytest.mark.parametrize("kinds", PAIRS)
def test_nothing_is_open(kinds: List[Any], docs: List[Doc]) -> None:
    receiver = Receiver()
    model, listeners = listening(kinds, receiver, docs)
    for listener in listeners:
        take_back(listener)
    assert not skip(model), "the joint component should learn that the head is trained"
    report(model, loss_of(0.5))
    assert receiver.skips == receiver.reports == []


def test_model_without_a_listener() -> None:
    """A head with an encoder of its own."""
    model = chain(Linear(2, 3), Linear(2, 2))
    assert skip(model)
    report(model, loss_of(0.5))


def test_who_took_the_view(docs: List[Doc]) -> None:
    """Only our listeners tell."""
    found = {}
    for kind in KINDS:
        _, (listener,) = listening([kind], Receiver(), docs)
        before = was_read(listener)
        listener(docs, is_train=True)
        found[kind] = before, was_read(listener)
        take_back(listener)
        assert not was_read(listener)
    assert found == {TaskListener: (False, True), Tok2VecListener: (False, False)}


STOCK_LISTENER = {
    "@architectures": "spacy.Tok2VecListener.v1",
    "width": CNN["width"],
    "upstream": "mtl",
}


@registry.architectures("two_listeners_for_tests.v1")
def two_listeners(width: int) -> Model:
    """A view twice: through a listener of ours, and one of spaCy's."""
    return concatenate(TaskListener("mtl", width), Tok2VecListener("mtl", width))


TWO_LISTENERS = {"@architectures": "two_listeners_for_tests.v1", "width": CNN["width"]}


def with_heads(make_nlp: Callable, listener: Dict[str, Any], **config: Any) -> Language:
    """Heads of this package, the last of which listens otherwise."""
    nlp = make_nlp(["tagger", "textcat"], encoder=None, initialize=False, **config)
    model = {"tok2vec": listener}
    nlp.add_pipe(HEADS["ner"], name="ner", config={"model": model})
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


@pytest.mark.parametrize("listener", [STOCK_LISTENER, TWO_LISTENERS], ids=["stock", "two"])
@pytest.mark.parametrize("gradients", ["representation", "parameters"])
def test_heads_of_ours_through_other_listeners(
    make_nlp: Callable, listener: Dict[str, Any], gradients: str
) -> None:
    """A gradient and units of every task; those that have no gold skip."""
    nlp = with_heads(make_nlp, listener, gradients=gradients)
    reports: List[Any] = []
    nlp.get_pipe("mtl").observers.subscribe(reports.append)
    assert nlp.get_pipe("mtl").tasks == ["tagger", "textcat", "ner"]
    everything = gradient_of(nlp, make_examples(nlp))
    alone = [gradient_of(nlp, make_examples(nlp, kind)) for kind in ("tag", "cats", "ents")]
    assert_close(everything, sum(alone))
    tasks = [list(report.losses) for report in reports]
    assert tasks == [["tagger", "textcat", "ner"], ["tagger"], ["textcat"], ["ner"]]
    assert [list(report.units) for report in reports] == tasks


def test_stock_listener_gives_what_ours_gives(make_nlp: Callable) -> None:
    ours = {"@architectures": "spacy_mtl.TaskListener.v1"}
    gradients, losses = [], []
    for listener in (ours, STOCK_LISTENER):
        nlp = with_heads(make_nlp, listener)
        found: Dict[str, float] = {}
        gradients.append(gradient_of(nlp, make_examples(nlp, "ents"), losses=found))
        losses.append(found)
    assert_close(gradients[1], gradients[0], 1e-6)
    assert losses[1] == pytest.approx(losses[0])


def test_plain_tok2vec_listener(make_nlp: Callable) -> None:
    """A Tok2VecListener that names 'mtl' is a task, too."""
    nlp = make_nlp(["ner"], encoder=None, initialize=False)
    nlp.add_pipe("tagger", config={"model": {**TAGGER, "tok2vec": STOCK_LISTENER}})
    nlp.initialize(lambda: make_examples(nlp))
    assert nlp.get_pipe("mtl").tasks == ["ner", "tagger"]
    sgd = Adam(0.01)
    for _ in range(40):
        step(nlp, make_examples(nlp), sgd)
    assert nlp.evaluate(make_examples(nlp))["tag_acc"] == 1.0
