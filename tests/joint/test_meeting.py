"""Gradients weighed at the shared representation and at the encoder's parameters."""

from typing import Any, Callable, Dict, List

import numpy
import pytest
import spacy
import torch
from encoder_gradients import assert_close, clear_gradient, encoder_gradient
from joint_gradients import WEIGHTS, gradient_of
from methods import BY_LOSSES, NAMES, ONLY_AT_PARAMETERS, RANDOM, block
from spacy.language import Language
from thinc.api import fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import CNN, HEADS, constant, inner

LEVELS = ["representation", "parameters"]


@pytest.fixture(params=["transformer", "ours before mtl", "inside mtl", "in windows", "cnn"])
def any_encoder(request: pytest.FixtureRequest, encoder_dir: str) -> Any:
    """All kinds of encoders, some of which run several passes a batch."""
    return {
        "transformer": encoder_dir,
        "ours before mtl": ("spacy_mtl.TransformerModel.v1", encoder_dir),
        "inside mtl": inner(encoder_dir),
        "in windows": inner(encoder_dir, window=16, context=2, batch_pieces=16, kept_pieces=16),
        "cnn": CNN,
    }[request.param]


def build(make_nlp: Callable, encoder: Any, heads: Any = tuple(HEADS), **config: Any) -> Language:
    """A pipeline on an encoder, or on our model in a `transformer` component."""
    if not isinstance(encoder, tuple):
        return make_nlp(heads, encoder=encoder, **config)
    architecture, folder = encoder
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"@architectures": architecture, "name": folder}})
    nlp.add_pipe("mtl", config={"weighting": constant(), **config})
    for head in heads:
        nlp.add_pipe(HEADS[head], name=head)
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


@pytest.mark.parametrize("drop", [0.0, 0.3])
def test_sum_of_rows_is_one_joint_pass(make_nlp: Callable, any_encoder: Any, drop: float) -> None:
    found = {}
    for level in LEVELS:
        nlp = build(make_nlp, any_encoder, weighting=constant(**WEIGHTS), gradients=level)
        found[level] = gradient_of(nlp, make_examples(nlp), drop=drop)
    assert_close(found["parameters"], found["representation"], 1e-6)


def test_sum_of_rows_with_accumulated_gradients(make_nlp: Callable, any_encoder: Any) -> None:
    """Two sub-batches: what the first has left is neither lost nor weighed again."""
    moved = []
    for level in LEVELS:
        nlp = build(make_nlp, any_encoder, weighting=constant(**WEIGHTS), gradients=level)
        examples = make_examples(nlp)
        clear_gradient(nlp)
        fix_random_seed(0)
        nlp.update(examples[:2], sgd=False, drop=0.2)
        nlp.update(examples[2:], sgd=False, drop=0.2)
        moved.append(encoder_gradient(nlp))
    assert_close(moved[1], moved[0], 1e-6)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in (*ONLY_AT_PARAMETERS, "DBMTL")]
)
def test_one_task_in_the_batch(make_nlp: Callable, encoder_dir: str, name: str) -> None:
    """Its own gradient, times its weight, at both levels."""
    encoder = inner(encoder_dir)
    plain = make_nlp(encoder=encoder)
    expected = 2.0 * gradient_of(plain, make_examples(plain, "ents"))
    for level in LEVELS:
        weighting = block(name, weights={"ner": 2.0})
        nlp = make_nlp(encoder=encoder, weighting=weighting, gradients=level)
        assert_close(gradient_of(nlp, make_examples(nlp, "ents")), expected)


def _behind_tok2vec(level: str) -> Language:
    """A pipeline that listens to spaCy's own `tok2vec` component."""
    nlp = Language()
    nlp.add_pipe("tok2vec", config={"model": CNN})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "*"}
    model = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": listener}
    config = {"model": model, "gradients": level, "weighting": constant(**WEIGHTS)}
    nlp.add_pipe("mtl", config=config)
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name)
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


@pytest.mark.parametrize("encoder_kind", ["before mtl", "tok2vec"])
def test_loss_of_the_encoder_counts_once(
    make_nlp: Callable, encoder_dir: str, encoder_kind: str
) -> None:
    losses: Dict[str, Dict[str, float]] = {}
    for level in LEVELS:
        nlp = _behind_tok2vec(level) if encoder_kind == "tok2vec" else None
        nlp = nlp or make_nlp(weighting=constant(**WEIGHTS), gradients=level)
        losses[level] = {"transformer": 5.0, "tok2vec": 5.0}
        fix_random_seed(0)
        nlp.update(make_examples(nlp), sgd=False, losses=losses[level])
    assert losses["parameters"] == pytest.approx(losses["representation"], rel=1e-4)


def test_behind_a_tok2vec_component() -> None:
    """It adds up what it is sent, and would go on from the task before."""
    gradients = []
    for level in LEVELS:
        nlp = _behind_tok2vec(level)
        nlp.update(make_examples(nlp), sgd=False)
        nodes = nlp.get_pipe("tok2vec").model.walk()
        gradients.append(
            numpy.concatenate(
                [
                    node.get_grad(name).ravel()
                    for node in nodes
                    for name in node.param_names
                    if node.has_grad(name)
                ]
            )
        )
    assert_close(gradients[1], gradients[0], 1e-6)


def test_a_torch_layer_after_a_thinc_layer(make_nlp: Callable) -> None:
    """The gradient of its input starts anew for each task."""
    from thinc.api import PyTorchWrapper, with_array

    gradients = []
    for level in LEVELS:
        nlp = make_nlp(encoder=CNN, gradients=level, weighting=constant(**WEIGHTS))
        tok2vec = nlp.get_pipe("mtl").model.get_ref("tok2vec")
        fix_random_seed(0)
        extra = with_array(PyTorchWrapper(torch.nn.Linear(16, 16)))
        tok2vec.layers.append(extra)
        gradients.append(gradient_of(nlp, make_examples(nlp)))
    assert_close(gradients[1], gradients[0], 1e-6)


@pytest.mark.parametrize("name", BY_LOSSES)
def test_levels_agree_for_methods_by_losses(make_nlp: Callable, encoder: Any, name: str) -> None:
    found = {}
    for level in LEVELS:
        nlp = make_nlp(encoder=encoder, weighting=block(name), gradients=level)
        found[level] = gradient_of(nlp, make_examples(nlp))
    assert_close(found["parameters"], found["representation"])


def _spy(weighting: Any, seen: List[Any]) -> Any:
    class Spy:
        needs_losses = weighting.needs_losses

        def __call__(self, losses: Any, gradients: Any) -> Any:
            seen.append(gradients.copy())
            return weighting(losses, gradients)

        def check_tasks(self, tasks: Any) -> None:
            pass

    return Spy()


@pytest.mark.parametrize("name", ["PCGrad", "MGDA", "UPGrad", "CAGrad", "NashMTL", "GradVac"])
def test_levels_differ_where_documents_do(make_nlp: Callable, encoder: Any, name: str) -> None:
    """Tasks in conflict, with gold on different documents: their rows at the representation are
    orthogonal. Only at the parameters they meet."""
    found = {}
    for level in LEVELS:
        nlp = make_nlp(("tagger", "ner"), encoder=encoder, weighting=block(name), gradients=level)
        tagged, named = make_examples(nlp, "tag"), make_examples(nlp, "ents")
        examples = [tagged[0], named[1], tagged[2], named[3]]
        # The gradient of a head with small weights turns round with their sign.
        output = nlp.get_pipe("ner").model.get_ref("output_layer")
        output.set_param("W", -output.get_param("W"))
        seen: List[Any] = []
        mtl = nlp.get_pipe("mtl")
        mtl.weighting = _spy(mtl.weighting, seen)
        found[level] = gradient_of(nlp, examples)
        (a, b) = seen[0].astype("float64")
        cosine = a @ b / numpy.linalg.norm(a) / numpy.linalg.norm(b)
        assert abs(cosine) < 1e-12 if level == "representation" else cosine < -0.05, cosine
    error = numpy.linalg.norm(found["parameters"] - found["representation"])
    assert error > 1e-3 * numpy.linalg.norm(found["parameters"])


def test_random_methods_are_reproducible(make_nlp: Callable, encoder: Any) -> None:
    for name in RANDOM:
        nlp = make_nlp(encoder=encoder, weighting=block(name))
        examples = make_examples(nlp)
        first = gradient_of(nlp, examples)
        if name != "GradVac":
            assert numpy.array_equal(gradient_of(nlp, examples), first)
