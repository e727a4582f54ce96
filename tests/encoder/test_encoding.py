"""The forward pass of a transformer inside a model."""

from typing import Any, List

import numpy
import pytest
import torch
from encoder_gradients import assert_rounded
from helpers.inner_encoders import make_encoder, pooled_one_by_one
from spacy.language import Language
from spacy.tokens import Doc
from transformers import AutoModel, AutoTokenizer

from spacy_mtl.encoder.attention import AttentionWithin, NotPackableError
from spacy_mtl.encoder.packing import find_packing
from spacy_mtl.encoder.transformer import TransformerEncoder


@pytest.mark.parametrize("packing", [True, False])
@pytest.mark.parametrize("batch_pieces", [None, 1, 20])
def test_vectors_and_gradient(
    encoder_dir: str, docs: List[Doc], packing: bool, batch_pieces: Any
) -> None:
    encoder = make_encoder(encoder_dir, packing=packing, batch_pieces=batch_pieces)
    network = AutoModel.from_pretrained(encoder_dir)
    expected = pooled_one_by_one(network, AutoTokenizer.from_pretrained(encoder_dir), docs)
    vectors, backprop = encoder.begin_update(docs)
    assert [len(v) for v in vectors] == [len(doc) for doc in docs]
    numpy.testing.assert_allclose(numpy.concatenate(vectors), expected.detach(), atol=1e-5)
    for found, again in zip(encoder.predict(docs), vectors):
        # Other kernels round differently.
        numpy.testing.assert_allclose(found, again, atol=1e-6)

    d_vectors = torch.randn(expected.shape)
    expected.backward(d_vectors)
    assert backprop(encoder.ops.unflatten(d_vectors.numpy(), [len(d) for d in docs])) == docs
    mine = dict(encoder.shims[0]._model.named_parameters())
    for name, parameter in network.named_parameters():
        if parameter.grad is not None:
            assert_rounded(mine[name].grad, parameter.grad, name)


@pytest.mark.parametrize("kept_pieces", [0, 30])
def test_kept_pieces(
    encoder_dir: str, docs: List[Doc], kept_pieces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recomputed activations are the same, even with dropout."""
    from spacy_mtl.encoder import encoding

    calls = []
    encode = encoding._encode
    monkeypatch.setattr(encoding, "_encode", lambda *a: calls.append(a) or encode(*a))
    dropout = {"transformer_config": {"hidden_dropout_prob": 0.5}}
    found = []
    for kept in (None, kept_pieces):
        encoder = make_encoder(encoder_dir, batch_pieces=10, kept_pieces=kept, **dropout)
        torch.manual_seed(1)
        vectors, backprop = encoder.begin_update(docs)
        n_batches = len(calls)
        # Annotating components do this in training; it must not change anything.
        with torch.random.fork_rng():
            network = encoder.shims[0]._model.eval()
            network(torch.ones((1, 3), dtype=torch.int64))
        backprop([numpy.ones_like(v) for v in vectors])
        found.append((len(calls) - n_batches, vectors, encoder.shims[0]._model))
        calls.clear()
    (none, exact, plain), (again, same, network) = found
    assert none == 0
    assert again == n_batches - int(kept_pieces > 0)
    numpy.testing.assert_array_equal(numpy.concatenate(same), numpy.concatenate(exact))
    for a, b in zip(network.parameters(), plain.parameters()):
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None:
            torch.testing.assert_close(a.grad, b.grad)


def test_fallback_if_packing_fails(
    encoder_dir: str, docs: List[Doc], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = make_encoder(encoder_dir)
    network = encoder.shims[0]._model
    expected = encoder.predict(docs)
    assert find_packing(network, 64) is not None

    def attend(*args: Any, **kwargs: Any) -> Any:
        raise NotPackableError

    monkeypatch.setattr(AttentionWithin, "_attend", attend)
    for found, vectors in zip(encoder.predict(docs), expected):
        numpy.testing.assert_allclose(found, vectors, atol=1e-5)
    assert find_packing(network, 64) is None


def test_long_document(encoder_dir: str, nlp: Language) -> None:
    """The first and last tokens come from the first and last window."""
    doc = Doc(nlp.vocab, words=list("abcdefghijklmnopqrst" * 10))
    encoder = make_encoder(encoder_dir)
    (vectors,) = encoder.predict([doc])
    network = AutoModel.from_pretrained(encoder_dir)
    tokenizer = AutoTokenizer.from_pretrained(encoder_dir)
    # Windows have at most 62 pieces and overlap by 14: four of 61, the last of 59.
    for part, rows in ((doc[:61], slice(0, 54)), (doc[141:], slice(148, 200))):
        expected = pooled_one_by_one(network, tokenizer, [part.as_doc()]).detach().numpy()
        at = slice(rows.start - part.start, rows.stop - part.start)
        numpy.testing.assert_allclose(vectors[rows], expected[at], atol=1e-5)


def test_token_longer_than_a_window(encoder_dir: str, nlp: Language) -> None:
    doc = Doc(nlp.vocab, words=["a", "xyz" * 30, "b"])
    assert len(AutoTokenizer.from_pretrained(encoder_dir).tokenize(doc[1].text)) == 90
    (vectors,) = make_encoder(encoder_dir).predict([doc])
    assert numpy.isfinite(vectors).all()
    assert (abs(vectors).max(axis=1) > 0).all()


def test_not_initialized(docs: List[Doc]) -> None:
    with pytest.raises(ValueError, match="no weights yet: call nlp.initialize"):
        TransformerEncoder("x").predict(docs)


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_gradient_checkpointing(encoder_dir: str, docs: List[Doc], use_reentrant: bool) -> None:
    gradients = []
    for checkpointing in (False, True):
        encoder = make_encoder(encoder_dir, packing=False)
        network = encoder.shims[0]._model
        if checkpointing:
            network.gradient_checkpointing_enable({"use_reentrant": use_reentrant})
        vectors, backprop = encoder.begin_update(docs)
        backprop(vectors)
        gradients.append(network.encoder.layer[0].output.dense.weight.grad)
    torch.testing.assert_close(*gradients)
