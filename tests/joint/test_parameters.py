"""Each task's gradient at some parameters."""

from typing import Callable

from tiny_corpus import make_examples
from tiny_pipelines import inner


def test_parameters_without_gradient_get_none(make_nlp: Callable, encoder_dir: str) -> None:
    """Adam decays the weights of whatever has a gradient, if of zeros."""
    nlp = make_nlp(encoder=inner(encoder_dir), gradients="parameters")
    nlp.update(make_examples(nlp), sgd=False)
    module = nlp.get_pipe("mtl").model.get_ref("tok2vec").shims[0]._model
    without = {name for name, p in module.named_parameters() if p.grad is None}
    assert without == {"pooler.dense.weight", "pooler.dense.bias"}
