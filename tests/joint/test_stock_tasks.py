"""Stock spaCy components as tasks, through a TaskListener."""

from typing import Any, Callable, List

import numpy
import pytest
import spacy
from encoder_gradients import assert_close, encoder_gradient, encoder_values
from methods import NAMES, block
from stock_heads import with_stock
from stock_models import OURS, STOCK, build_with, examples_for
from thinc.api import Adam
from tiny_pipelines import constant
from training_steps import step
from weighted_training import level_of, train

# Heads of this package beside stock ones of the same kind are what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:The heads 'our_.* both set")


@pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
@pytest.mark.parametrize("stock", list(STOCK))
def test_trains_jointly(make_nlp: Callable, encoder: Any, stock: str, last: bool) -> None:
    nlp = build_with(stock, encoder, make_nlp, last)
    sgd = Adam(0.01)
    before = nlp.get_pipe(stock).model.to_bytes()
    first = step(nlp, examples_for(nlp), sgd)
    for _ in range(30):
        latest = step(nlp, examples_for(nlp), sgd)
    assert nlp.get_pipe(stock).model.to_bytes() != before
    assert latest[stock] < first[stock]
    assert latest["mtl"] < first["mtl"]
    # Stock gradients are sums over tokens or parser states: unweighted, they weigh most.
    assert latest["our_tagger"] < first["our_tagger"]
    scores = nlp.evaluate(examples_for(nlp))
    reloaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert reloaded.evaluate(examples_for(reloaded))["tag_acc"] == scores["tag_acc"]


@pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
@pytest.mark.parametrize("stock", list(STOCK))
def test_gradient_is_the_weighted_sum(
    make_nlp: Callable, encoder_dir: str, stock: str, last: bool
) -> None:
    """What reaches the encoder: that of the stock task alone, weighted, and of ours alone."""
    weights = {"weighting": constant(**{stock: 0.01})}
    nlp = build_with(stock, encoder_dir, make_nlp, last, **weights)
    # thinc's Softmax starts at zero, and no gradient passes it before a first step.
    for _ in range(2):
        step(nlp, examples_for(nlp), Adam(0.01))
    stems = [name for name in nlp.pipe_names if name in ("transformer", "mtl")]
    gradients = []
    for tasks in ([stock], list(OURS.values()), [stock, *OURS.values()]):
        nlp.get_pipe("transformer").model.transformer.zero_grad()
        with nlp.select_pipes(enable=[*stems, *tasks]):
            nlp.update(examples_for(nlp), sgd=False)
        gradients.append(encoder_gradient(nlp))
        assert gradients[-1].any()
    assert_close(gradients[2], gradients[0] + gradients[1])


def test_ensemble_before_others(make_nlp: Callable) -> None:
    """TextCatEnsemble.v2 is a TypeError in stock spaCy unless it stands last."""
    nlp = build_with("textcat", None, make_nlp, last=False)
    assert nlp.update(examples_for(nlp), sgd=False)["textcat"] >= 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tasks", [["tagger", "textcat"], ["textcat", "tagger"]], ids="-".join)
def test_every_method_trains_stock_components(name: str, tasks: List[str]) -> None:
    nlp = with_stock(None, block(name), tasks, gradients=level_of(name))
    before = encoder_values(nlp)
    train(nlp, 4, nlp.create_optimizer())
    after = encoder_values(nlp)
    assert numpy.isfinite(after).all()
    assert (after != before).any()
