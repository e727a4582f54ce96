"""Losses of stock components: brought to means, and known late."""

from pathlib import Path
from typing import Callable, Dict

import numpy
import pytest
import spacy
from methods import block
from recording_weighting import Recording
from stock_heads import with_stock
from stock_models import OURS, build_with, examples_for
from thinc.api import Adam
from tiny_corpus import make_examples
from tiny_pipelines import constant
from training_steps import step
from weighted_training import train

# Heads of this package beside stock ones of the same kind are what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:The heads 'our_.* both set")


def test_stock_components_in_means() -> None:
    """What a method by losses sees of them does not grow with the batch, as our heads do not."""
    seen = {}
    for needs_losses in (True, False):
        nlp = with_stock(None, constant(), ["tagger", "textcat"])
        recording = nlp.get_pipe("mtl").weighting = Recording(needs_losses)
        examples = make_examples(nlp)
        first: Dict[str, float] = {}
        for batch in (examples, [*examples, *make_examples(nlp)]):
            losses: Dict[str, float] = {}
            nlp.update(batch, sgd=False, losses=losses)
            first = first or losses
            nlp.get_pipe("mtl").finish_update(lambda key, w, d: (w, d * 0))
        seen[needs_losses] = recording
    n_tokens = sum(len(eg.reference) for eg in examples)
    means, sums = seen[True], seen[False]
    # Sums: twice the documents, twice the loss and each row twice as long by sqrt(2).
    assert sums.losses[1]["tagger"] == pytest.approx(2 * sums.losses[0]["tagger"], rel=1e-4)
    assert means.losses[1]["tagger"] == pytest.approx(means.losses[0]["tagger"], rel=1e-4)
    assert means.losses[0]["tagger"] == pytest.approx(sums.losses[0]["tagger"] / n_tokens)
    assert means.losses[0]["ner"] == pytest.approx(sums.losses[0]["ner"])
    assert numpy.allclose(means.rows[0]["tagger"] * n_tokens, sums.rows[0]["tagger"], rtol=1e-4)
    assert numpy.allclose(means.rows[0]["textcat"] * len(examples), sums.rows[0]["textcat"])
    # textcat stands last and adds its loss too late: that of the step before, a mean as it is.
    assert means.losses[0]["textcat"] == 0
    # Its mean is over both labels, too; here their sum.
    assert means.losses[1]["textcat"] == pytest.approx(2 * first["textcat"])


def test_stock_components_count_what_is_annotated() -> None:
    """Documents without tags do not make the mean smaller."""
    nlp = with_stock(None, constant(), ["tagger"])
    recording = nlp.get_pipe("mtl").weighting = Recording(True)
    tagged, plain = make_examples(nlp), make_examples(nlp, "ents")
    nlp.update(tagged[:2], sgd=False)
    nlp.update([*tagged[:2], *plain[2:]], sgd=False)
    lengths = [numpy.linalg.norm(rows["tagger"]) for rows in recording.rows]
    assert lengths[1] == pytest.approx(lengths[0], rel=1e-5)


def test_late_losses_are_saved(tmp_path: Path) -> None:
    """Those of a stock component that stands last."""
    nlp = with_stock(None, block("GLS"), ["tagger"])
    train(nlp, 1, nlp.create_optimizer())
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    weights = []
    for pipeline in (nlp, loaded):
        mtl = pipeline.get_pipe("mtl")
        recording = mtl.weighting = Recording(True)
        pipeline.update(make_examples(pipeline), sgd=False)
        weights.append(recording.losses)
    assert weights[0][0]["tagger"] > 0
    assert weights[0] == weights[1]


def test_late_losses_of_tasks_that_come_and_go() -> None:
    """A batch without its annotation does not say that the task had a loss of 0."""
    nlp = with_stock(None, constant(), ["tagger"])
    recording = nlp.get_pipe("mtl").weighting = Recording(True)
    first: Dict[str, float] = {}
    nlp.update(make_examples(nlp), sgd=False, losses=first)
    for kind in ("ents", "ents", None):
        nlp.update(make_examples(nlp, kind), sgd=False)
    n_tokens = sum(len(eg.reference) for eg in make_examples(nlp))
    found = [losses.get("tagger") for losses in recording.losses]
    assert found == [0.0, None, None, pytest.approx(first["tagger"] / n_tokens)]


def test_late_losses_without_units() -> None:
    """Softmax layers begin at zero and send nothing: of how many tokens is not known."""
    nlp = with_stock(None, constant(), ["tagger"])
    layer = next(node for node in nlp.get_pipe("tagger").model.walk() if node.name == "softmax")
    values = layer.get_param("W").copy()
    layer.set_param("W", values * 0)
    recording = nlp.get_pipe("mtl").weighting = Recording(True)
    nlp.update(make_examples(nlp), sgd=False)
    layer.set_param("W", values)
    nlp.update(make_examples(nlp), sgd=False)
    # A sum would be 24 times what it is.
    assert [losses.get("tagger") for losses in recording.losses] == [None, 0.0]


def test_the_last_loss_serves_until_the_next(make_nlp: Callable) -> None:
    """Stock components add their loss after they send their gradient."""
    nlp = build_with("tagger", None, make_nlp, last=True)
    sgd = Adam(0.001)
    first = step(nlp, examples_for(nlp), sgd)
    second = step(nlp, examples_for(nlp), sgd)
    ours = list(OURS.values())
    assert first["mtl"] == pytest.approx(sum(first[name] for name in ours))
    assert second["mtl"] == pytest.approx(sum(second[n] for n in ours) + first["tagger"])
