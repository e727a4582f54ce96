"""`LayerMix`: values by hand, layer dropout, and what is shown of it."""

from typing import Any

import pytest
import torch
from scheme_pipelines import build, network_of
from schemes import Row
from thinc.api import Model

from spacy_mtl.sharing.layer_mix import Mix

LAYERS = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 8.0]]])


def test_by_hand() -> None:
    """Weights of 1/7, 2/7 and 4/7, and a factor of 2."""
    mix = Mix(3, None)
    assert torch.allclose(mix(LAYERS, 0.0), LAYERS.mean(dim=1))
    with torch.no_grad():
        mix.scores.copy_(torch.tensor([0.0, 2.0, 4.0]).clamp(min=1).log())
        mix.gamma.fill_(2.0)
    expected = 2 * torch.tensor([[1 + 2 * 3 + 4 * 5, 2 + 2 * 4 + 4 * 8]]) / 7
    assert torch.allclose(mix(LAYERS, 0.0), expected)


def test_the_last_layer_can_start_with_most_of_the_weight() -> None:
    weights = torch.softmax(Mix(3, 0.9).scores, dim=0)
    assert torch.allclose(weights, torch.tensor([0.05, 0.05, 0.9]))
    # Without any other layer, it has all of it.
    assert torch.softmax(Mix(1, 0.9).scores, dim=0).tolist() == [1.0]


def test_layer_dropout() -> None:
    """Each layer is left out as often, but never all; the weights of the others sum to 1."""
    torch.manual_seed(0)
    mix = Mix(3, None).train()
    # The mix of unit vectors is the weights.
    drawn = torch.cat([mix(torch.eye(3)[None], 0.5) for _ in range(2000)])
    assert torch.allclose(drawn.sum(dim=1), torch.ones(2000))
    # All of three are dropped in 1/8 of the draws, which then keep them.
    share = (drawn == 0).float().mean(dim=0)
    assert torch.allclose(share, torch.full((3,), 0.5 - 1 / 8), atol=0.04)
    kept = mix.eval()(torch.eye(3)[None], 0.5)
    assert torch.allclose(kept, torch.full((1, 3), 1 / 3))


def test_mixes_are_shown() -> None:
    nlp = build(Row("LayerMix", {"last_weight": 0.5}, is_inside=True))
    mtl: Any = nlp.get_pipe("mtl")
    (table,) = mtl.structure()
    assert table.title == "layer mix"
    assert table.rows == ["tagger", "ner", "textcat"]
    assert table.columns == ["embeddings", "layer 1", "layer 2", "factor"]
    assert table.values == [pytest.approx([0.25, 0.25, 0.5, 1.0])] * 3


def test_a_frozen_encoder_has_no_dropout_and_no_gradient() -> None:
    nlp = build(Row("LayerMix", {"freeze_encoder": True}, is_inside=True))
    trunk: Model = nlp.get_pipe("mtl").model.get_ref("tok2vec")  # type: ignore[attr-defined]
    shim: Any = trunk.shims[0]
    for module in shim._model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.5
    docs = [nlp.make_doc("old books")]
    features, backprop = trunk.begin_update(docs)
    assert (features.arrays[0] == trunk.predict(docs).arrays[0]).all()
    assert backprop(features.arrays) == docs
    assert all(p.grad is None for p in shim._model.parameters())
    assert network_of(nlp).n_layers == 3
