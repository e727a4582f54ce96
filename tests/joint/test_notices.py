"""What the joint component warns of."""

import warnings
from types import SimpleNamespace
from typing import Any, Callable, List

import numpy
import pytest
import spacy
from open_steps import open_step
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from stock_models import build_with
from thinc.api import Adam
from tiny_corpus import make_examples
from tiny_pipelines import add_joint
from training_steps import step, train_steps

from spacy_mtl.joint.listener import TaskListener
from spacy_mtl.joint.notices import Notices

# Heads of this package beside stock ones of the same kind are what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:The heads 'our_.* both set")


def test_all_tasks_frozen(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    nlp.config["training"]["frozen_components"] = ["ner"]
    with pytest.warns(UserWarning, match="nothing trains the encoder"):
        nlp.update(make_examples(nlp), sgd=False, exclude=["ner"])


def test_no_task(encoder: Any) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder)
    with pytest.warns(UserWarning, match="No component listens to 'mtl'"):
        nlp.initialize(lambda: make_examples(nlp))
    nlp.update(make_examples(nlp), sgd=False)


def test_update_that_failed(make_nlp: Callable) -> None:
    nlp = make_nlp()
    broken = make_examples(nlp)
    broken[0].reference.cats = {"a": 0.5}
    with pytest.raises(ValueError, match="exclusive categories"):
        nlp.update(broken, sgd=False)
    with pytest.warns(UserWarning, match="update of 'textcat' .* most likely failed"):
        nlp.update(make_examples(nlp), sgd=False)


def test_frozen_mtl_beside_a_transformer_that_is_not(make_nlp: Callable) -> None:
    nlp = make_nlp()
    nlp.config["training"]["frozen_components"] = ["mtl"]
    with pytest.warns(UserWarning, match="'mtl' is frozen .* 'transformer' is not.*Nothing trains"):
        train_steps(nlp, 1, exclude=["mtl"])


def count_backward_passes(nlp: Language) -> List[float]:
    """Record the size of each gradient that reaches the encoder."""
    sent: List[float] = []
    tok2vec = nlp.get_pipe("mtl").model.get_ref("tok2vec")
    inner = tok2vec._func

    def forward(model: Any, docs: Any, is_train: bool) -> Any:
        outputs, backprop = inner(model, docs, is_train)

        def record(d_outputs: Any) -> Any:
            sent.append(float(sum(numpy.abs(d).sum() for d in d_outputs)))
            return backprop(d_outputs)

        return outputs, record

    tok2vec._func = forward
    return sent


@pytest.mark.parametrize("stock", ["ner", "parser"])
def test_silent_stock_component_last(make_nlp: Callable, encoder: Any, stock: str) -> None:
    """It returns before it runs forward. Its silence may delay, not lose, a gradient."""
    nlp = build_with(stock, encoder, make_nlp, last=True)
    ours = [
        Example(
            Doc(nlp.vocab, words=["Anna", "runs"]),
            Doc(nlp.vocab, words=["Anna", "runs"], tags=["NN", "VBZ"]),
        )
    ]
    sent = count_backward_passes(nlp)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            step(nlp, ours, Adam(0.01))
    late = [str(w.message) for w in caught if "one step later" in str(w.message)]
    assert len(sent) == 3
    assert all(size > 0 for size in sent)
    # With an encoder of its own mtl closes in time, and there is nothing to say.
    assert [stock in message for message in late] == ([True] if isinstance(encoder, str) else [])


@pytest.fixture
def notices() -> Notices:
    around: Any = SimpleNamespace(name="joint")
    return Notices(around)


def messages(give: Callable[[], Any]) -> List[str]:
    """What is warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        give()
    return [str(each.message) for each in caught]


def test_each_once(notices: Notices) -> None:
    assert messages(lambda: notices.once("first")) == ["first"]
    assert messages(lambda: notices.once("first")) == []
    assert messages(lambda: notices.once("second")) == ["second"]
    assert messages(lambda: notices.once("other words", key="second")) == []


@pytest.mark.parametrize(
    "give, says",
    [
        (lambda notices: notices.all_frozen(), "All tasks of 'joint' are frozen"),
        (lambda notices: notices.missed("ner"), "'ner' was updated after 'joint' had closed"),
        (lambda notices: notices.left_alone("transformer"), "'joint' is frozen .* 'transformer'"),
        (lambda notices: notices.no_averages(), "'joint' was sourced .* use_averages = false"),
    ],
    ids=["all frozen", "missed", "left alone", "no averages"],
)
def test_what_is_said(notices: Notices, give: Callable, says: str) -> None:
    with pytest.warns(UserWarning, match=says):
        give(notices)
    assert messages(lambda: give(notices)) == []


def test_without_a_task_each_initialisation_says_so(notices: Notices) -> None:
    for _ in range(2):
        (message,) = messages(notices.no_task)
        assert message.startswith("No component listens to 'joint'")


def test_late_steps_are_one_notice_whoever_is_silent(notices: Notices) -> None:
    late = [open_step({"tagger": 1, "ner": 1, "textcat": 1})[0] for _ in range(2)]
    late[0].take_gradient("tagger", 0, [])
    late[1].take_gradient("ner", 0, [])
    (message,) = messages(lambda: [notices.late(step) for step in late])
    assert "(silent: ner, textcat), so 'joint' closed the joint step late" in message


def test_update_that_was_cut_short_is_another_one(notices: Notices) -> None:
    """Its head took its view, and nothing came back."""
    step, _, _ = open_step({"tagger": 1, "ner": 1})
    listener = TaskListener("mtl", 3)
    step.listeners["ner"] = [listener]
    listener.open(step.docs, [], lambda d_view: d_view)
    step.take_gradient("tagger", 0, [])
    (message,) = messages(lambda: notices.late(step))
    assert "(silent: ner)" in message
    listener.held.was_read = True
    (message,) = messages(lambda: notices.late(step))
    assert message.startswith("The update of 'ner' took its view of a batch but sent no gradient")
