"""Weightings that users register: what is asked of them, and what a mistake says."""

import math
import re
from typing import Any, Callable, Dict

import numpy
import pytest
import torch
from encoder_gradients import assert_close, encoder_gradient
from methods import registered
from tiny_corpus import make_examples
from tiny_pipelines import constant

from spacy_mtl.registry import registry
from spacy_mtl.types import Combined


class Own:
    """A weighting that gives what a function makes of losses and gradients."""

    def __init__(self, give: Callable) -> None:
        self.give = give

    def __call__(self, losses: Dict[str, float], gradients: Any) -> Any:
        return self.give(losses, gradients)


def train(make_nlp: Callable, weighting: Any, gradients: str = "representation") -> Any:
    nlp = make_nlp(encoder=None, gradients=gradients)
    nlp.get_pipe("mtl").weighting = weighting
    nlp.update(make_examples(nlp), sgd=False)
    return nlp


@pytest.mark.parametrize("gradients", ["representation", "parameters"])
def test_a_call_is_all_that_is_asked(make_nlp: Callable, gradients: str) -> None:
    """Double precision and numbers of any library will do."""

    def double(losses: Any, rows: Any) -> Any:
        weights = dict(zip(losses, (1, numpy.float32(1.0), torch.tensor(1.0))))
        return Combined(rows.astype("float64").sum(axis=0), {**weights, "another": 2.0})

    found = train(make_nlp, Own(double), gradients)
    expected = train(make_nlp, registry.resolve({"w": constant()})["w"], gradients)
    assert_close(encoder_gradient(found), encoder_gradient(expected))


def ones(losses: Dict[str, float]) -> Dict[str, float]:
    return dict.fromkeys(losses, 1.0)


WRONG: Dict[str, Callable] = {
    "a NoneType": lambda losses, rows: None,
    "a tuple": lambda losses, rows: (rows.sum(axis=0), ones(losses)),
    "a Combined": lambda losses, rows: Combined(rows.sum(axis=0), [1.0] * 3),
    "a gradient of shape (3, ": lambda losses, rows: Combined(rows, ones(losses)),
    "a gradient of shape (5,)": lambda losses, rows: Combined(rows[0, :5], ones(losses)),
    "a gradient that is a Tensor": lambda losses, rows: Combined(
        torch.tensor(rows.sum(axis=0)), ones(losses)
    ),
    "None for the weight of the task 'ner'": lambda losses, rows: Combined(
        rows.sum(axis=0), {"tagger": 1.0}
    ),
    "nan for the weight of the task 'tagger'": lambda losses, rows: Combined(
        rows.sum(axis=0), dict.fromkeys(losses, numpy.nan)
    ),
    "'much' for the weight": lambda losses, rows: Combined(
        rows.sum(axis=0), dict.fromkeys(losses, "much")
    ),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_it_gives(make_nlp: Callable, message: str) -> None:
    pattern = f"weighting Own returned {re.escape(message)}.*It must return"
    with pytest.raises(ValueError, match=pattern):
        train(make_nlp, Own(WRONG[message]))


def test_not_finite(make_nlp: Callable) -> None:
    """Whose fault it is: the weighting's, large weights', or the data's."""
    infinite = Own(lambda losses, rows: Combined(rows.sum(axis=0) * numpy.inf, ones(losses)))
    with pytest.raises(ValueError, match="are finite, but Own turned them into one that is not"):
        train(make_nlp, infinite)
    with numpy.errstate(all="ignore"):
        large = registry.resolve({"w": constant(ner=1e300)})["w"]
        with pytest.raises(ValueError, match="but Constant turned.*'ner': 1e\\+300.*too large"):
            train(make_nlp, large)


def test_diverged(make_nlp: Callable) -> None:
    """Constant weights do not look at gradients, but what comes of them is looked at."""
    nlp = make_nlp(encoder=None)
    layer = next(node for node in nlp.get_pipe("ner").model.walk() if node.has_param("W"))
    layer.set_param("W", layer.get_param("W") * numpy.nan)
    with pytest.raises(ValueError, match="gradient of the task 'ner' is not finite.*diverged"):
        nlp.update(make_examples(nlp), sgd=False)


class Halves(Own):
    """Has one half of what learning needs."""

    def get_state(self) -> Dict[str, Any]:
        return {}


class Deaf(Own):
    """Asks for the losses after a step, and cannot be told."""

    recompute = True


def from_config(make_nlp: Callable, kind: type) -> Any:
    with registered("own.v1", lambda: kind(None)) as own:
        return make_nlp(encoder=None, weighting=own)


@pytest.mark.parametrize(
    "kind, message",
    [
        (Halves, "Halves has only one of get_state and set_state"),
        (Deaf, "Deaf sets 'recompute'.*no observe"),
    ],
)
def test_halves(make_nlp: Callable, kind: type, message: str) -> None:
    with pytest.raises(ValueError, match=rf"{message}.*\[components.mtl.weighting\]"):
        from_config(make_nlp, kind)


@pytest.mark.parametrize("block", ["spacy_mtl.PCGrad.v1", [1.0, 2.0], None, 2.0])
def test_no_weighting_in_the_block(make_nlp: Callable, block: Any) -> None:
    message = r"'mtl' is .*which cannot be called.*@mtl_weightings = .*\[components.mtl.weighting\]"
    with pytest.raises(ValueError, match=message):
        make_nlp(encoder=None, weighting=block)


def test_function_of_another_registry(make_nlp: Callable) -> None:
    block = {"@architectures": "spacy.Tagger.v2", "tok2vec": {"@architectures": "none"}}
    block["tok2vec"] = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None}
    settings = {"width": 8, "depth": 1, "embed_size": 10, "window_size": 1, "maxout_pieces": 2}
    block["tok2vec"].update(settings, subword_features=False)
    with pytest.raises(
        ValueError, match="weighting of the component 'mtl' is <.*@mtl_weightings ="
    ):
        make_nlp(encoder=None, weighting=block)


def test_weight_of_an_unknown_task(make_nlp: Callable, encoder: Any) -> None:
    with pytest.raises(ValueError, match=r"'nerr'.*'tagger', 'ner', 'textcat'.*weighting"):
        make_nlp(encoder=encoder, weighting=constant(nerr=1.0))


def test_weight_of_a_task_that_is_gone(make_nlp: Callable) -> None:
    nlp = make_nlp(encoder=None)
    nlp.get_pipe("mtl").weighting.weights["nerr"] = 1.0
    nlp.add_pipe("sentencizer")  # the pipeline is looked at again when it changes
    with pytest.warns(UserWarning, match="'nerr'"):
        nlp.update(make_examples(nlp), sgd=False)


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf, "much", True, None, [1.0]])
def test_weights_that_are_none(weight: Any) -> None:
    block = {"weighting": constant(ner=weight)}
    with pytest.raises(ValueError, match=r"weight of task 'ner' is .*components.mtl.weighting"):
        registry.resolve(block)
