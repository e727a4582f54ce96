"""Finding the ranges of activations."""

from typing import Any, Callable, List

import numpy
import pytest
import torch
from helpers.inner_encoders import make_encoder
from spacy.language import Language
from spacy.tokens import Doc

from spacy_mtl.encoder import batching
from spacy_mtl.encoder.calibration import Batch, calibrate, mean_cosine, read_batches
from spacy_mtl.encoder.static_int8 import with_int8_layers


def batches_of(encoder: Any, docs: List[Doc]) -> List[Batch]:
    objects = encoder.shims[0]._hfmodel
    return read_batches(docs, objects.tokenizer, objects.transformer)


def test_batches(
    encoder_dir: str, docs: List[Doc], nlp: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = make_encoder(encoder_dir)
    (batch,) = batches_of(encoder, docs)
    assert len(batch.hidden) == batch.is_piece.sum() < batch.is_piece.numel()
    assert batch.is_piece.shape == batch.given["input_ids"].shape
    assert batches_of(encoder, [nlp.make_doc("")]) == []
    monkeypatch.setitem(batching._PIECES_A_BATCH, "cpu", 30)
    several = batches_of(encoder, docs)
    assert len(several) > 2
    found = sorted(round(x, 4) for each in several for x in each.hidden[:, 0].tolist())
    assert found == pytest.approx(sorted(batch.hidden[:, 0].tolist()), abs=1e-3)


def test_ranges(encoder_dir: str, docs: List[Doc]) -> None:
    """They contain all inputs of texts, but not those of padding."""
    encoder = make_encoder(encoder_dir)
    network = encoder.shims[0]._model
    batches = batches_of(encoder, docs)
    assert not all(batch.is_piece.all() for batch in batches)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    ranges = calibrate(network, batches)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
    # The pooler, too, is linear, but its output isn't used.
    assert len(ranges) == 2 * 6
    name = "encoder.layer.1.output.dense"
    inputs: List[torch.Tensor] = []
    layer = network.get_submodule(name)
    hook = layer.register_forward_pre_hook(lambda _, args: inputs.append(*args))
    for batch in batches:
        network(**batch.given)
    hook.remove()
    known = torch.cat([X[batch.is_piece] for X, batch in zip(inputs, batches)]).detach().numpy()
    found = ranges[name]
    smooth = known / found.factors
    numpy.testing.assert_allclose([found.low, found.high], [smooth.min(), smooth.max()], rtol=1e-4)
    assert found.factors.std() > 0
    # Hooks are gone.
    assert not any(m._forward_pre_hooks or m._forward_hooks for m in network.modules())


def test_vectors_in_int8(encoder_dir: str, docs: List[Doc]) -> None:
    encoder = make_encoder(encoder_dir)
    network = encoder.shims[0]._model
    batches = batches_of(encoder, docs)
    ranges = calibrate(network, batches)
    assert mean_cosine(network, batches) == pytest.approx(1.0, abs=1e-6)
    cosine = mean_cosine(with_int8_layers(network, ranges), batches)
    assert 0.999 < cosine < 1 - 1e-9
    some = dict(list(ranges.items())[:4])
    assert cosine < mean_cosine(with_int8_layers(network, some), batches) < 1 - 1e-12
    # The mean error is corrected.
    shifted = {name: found.shift for name, found in ranges.items()}
    assert all(abs(shift).max() > 0 for shift in shifted.values())


def test_copies_share_other_parameters(encoder_dir: str, docs: List[Doc]) -> None:
    encoder = make_encoder(encoder_dir)
    network = encoder.shims[0]._model
    twin = with_int8_layers(network, calibrate(network, batches_of(encoder, docs)))
    assert twin is not network
    shared = {id(p) for p in network.parameters()} & {id(p) for p in twin.parameters()}
    linears = [m for n, m in network.named_modules() if type(m) is torch.nn.Linear]
    assert len(shared) == len(list(network.parameters())) - 2 * (len(linears) - 1)


@pytest.mark.parametrize("kind", ["distilbert", "albert", "electra", "xlnet", "t5"])
def test_other_networks(kind: str, encoder_of: Callable[[str], str], docs: List[Doc]) -> None:
    encoder = make_encoder(encoder_of(kind))
    network = encoder.shims[0]._model
    batches = batches_of(encoder, docs)
    ranges = calibrate(network, batches)
    assert ranges
    assert 0.99 < mean_cosine(with_int8_layers(network, ranges), batches) < 1 - 1e-12
