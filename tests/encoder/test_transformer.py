"""A pretrained transformer inside a model."""

import logging
from pathlib import Path
from typing import Any, List

import numpy
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from tiny import add_joint, inner, make_examples
from transformers import AutoModel, AutoTokenizer, RobertaConfig, RobertaModel

from spacy_mtl.encoder.attention import AttentionWithin, NotPackableError
from spacy_mtl.encoder.packing import find_packing
from spacy_mtl.encoder.precision import uses_bfloat16
from spacy_mtl.encoder.transformer import TransformerEncoder
from spacy_mtl.encoder.window_size import longest_window

TEXTS = ["anna books a room", "", "b", "two  spaces\n", "\n\n", "the old books of berlin are old"]


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def docs(nlp: Language) -> List[Doc]:
    return [nlp.make_doc(text) for text in TEXTS]


def make_encoder(encoder_dir: str, **settings: Any) -> Any:
    encoder = TransformerEncoder(encoder_dir, **settings)
    encoder.initialize()
    return encoder


def pooled_one_by_one(network: Any, tokenizer: Any, docs: List[Doc]) -> Any:
    """The mean of each token's wordpieces, the plain way: one text and one token at a time."""
    rows = []
    for doc in docs:
        encoded = tokenizer(doc.text, return_offsets_mapping=True, return_tensors="pt")
        offsets = encoded.pop("offset_mapping")[0].tolist()
        hidden = network(**encoded).last_hidden_state[0]
        for token in doc:
            end = token.idx + len(token)
            mine = [i for i, (a, b) in enumerate(offsets) if a < end and b > token.idx]
            rows.append(hidden[mine].mean(0) if mine else torch.zeros(hidden.shape[1]))
    return torch.stack(rows)


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
        numpy.testing.assert_array_equal(found, again)

    d_vectors = torch.randn(expected.shape)
    expected.backward(d_vectors)
    assert backprop(encoder.ops.unflatten(d_vectors.numpy(), [len(d) for d in docs])) == docs
    mine = dict(encoder.shims[0]._model.named_parameters())
    for name, parameter in network.named_parameters():
        if parameter.grad is not None:
            numpy.testing.assert_allclose(mine[name].grad, parameter.grad, atol=1e-4)


@pytest.mark.parametrize("kept_pieces", [0, 30])
def test_less_is_kept(
    encoder_dir: str, docs: List[Doc], kept_pieces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With dropout: what is computed again is the same."""
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
        # As components do that annotate in training; it changes nothing.
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


def test_packing_is_given_up_where_it_fails(
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
    """The first and last tokens are those of what the first and last window read."""
    doc = Doc(nlp.vocab, words=list("abcdefghijklmnopqrst" * 10))
    encoder = make_encoder(encoder_dir)
    (vectors,) = encoder.predict([doc])
    network = AutoModel.from_pretrained(encoder_dir)
    tokenizer = AutoTokenizer.from_pretrained(encoder_dir)
    # Windows have 62 pieces at most, and 14 in common: four of 61, the last of 59.
    for part, rows in ((doc[:61], slice(0, 54)), (doc[141:], slice(148, 200))):
        expected = pooled_one_by_one(network, tokenizer, [part.as_doc()]).detach().numpy()
        at = slice(rows.start - part.start, rows.stop - part.start)
        numpy.testing.assert_allclose(vectors[rows], expected[at], atol=1e-5)


def test_window_by_config(encoder_dir: str, nlp: Language) -> None:
    doc = nlp.make_doc("a b c d e f g h i j k l")
    whole, cut, too_wide = (
        make_encoder(encoder_dir, window=window).predict([doc])[0] for window in (None, 8, 1000)
    )
    assert numpy.isfinite(cut).all()
    assert abs(whole - cut).max() > 1e-3
    numpy.testing.assert_array_equal(whole, too_wide)


def test_token_longer_than_a_window(encoder_dir: str, nlp: Language) -> None:
    doc = Doc(nlp.vocab, words=["a", "xyz" * 30, "b"])
    assert len(AutoTokenizer.from_pretrained(encoder_dir).tokenize(doc[1].text)) == 90
    (vectors,) = make_encoder(encoder_dir).predict([doc])
    assert numpy.isfinite(vectors).all()
    assert (abs(vectors).max(axis=1) > 0).all()


@pytest.mark.parametrize("precision", ["bf16", "auto"])
def test_bfloat16(encoder_dir: str, docs: List[Doc], precision: str) -> None:
    exact = numpy.concatenate(make_encoder(encoder_dir).predict(docs))
    encoder = make_encoder(encoder_dir, precision=precision)
    vectors, backprop = encoder.begin_update(docs)
    found = numpy.concatenate(vectors)
    assert found.dtype == "float32"
    numpy.testing.assert_allclose(found, exact, atol=0.1)
    is_exact = numpy.allclose(found, exact, atol=1e-6)
    assert is_exact is not uses_bfloat16(precision, torch.device("cpu"))
    backprop(vectors)
    parameters = list(encoder.shims[0]._model.parameters())
    assert any(p.grad is not None and p.grad.any() for p in parameters)
    assert {p.dtype for p in parameters} == {torch.float32}


def test_int8(encoder_dir: str, docs: List[Doc]) -> None:
    exact = numpy.concatenate(make_encoder(encoder_dir).predict(docs))
    encoder = make_encoder(encoder_dir, precision="int8")
    before = encoder.to_bytes()
    found = numpy.concatenate(encoder.predict(docs))
    filled = abs(exact).max(axis=1) > 0
    assert (abs(found).max(axis=1) > 0).tolist() == filled.tolist()
    cosine = (found * exact).sum(1) / numpy.linalg.norm(found, axis=1).clip(1e-9)
    cosine = cosine[filled] / numpy.linalg.norm(exact, axis=1)[filled]
    assert 0.99 < cosine.min() < 1.0
    assert abs(found - exact).max() > 1e-4
    # The weights are still there, and are what is saved.
    assert encoder.to_bytes() == before
    with pytest.raises(ValueError, match='"int8" cannot be trained'):
        encoder.begin_update(docs)


def test_auto_says_what_it_takes(caplog: pytest.LogCaptureFixture) -> None:
    uses_bfloat16.cache_clear()
    with caplog.at_level(logging.INFO, logger="spacy"):
        uses_bfloat16("auto", torch.device("cpu"))
        uses_bfloat16("auto", torch.device("cpu"))
    assert len([m for m in caplog.messages if "encoder computes in" in m]) == 1


def test_settings_of_a_trained_pipeline_can_be_changed(encoder_dir: str, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, inner(encoder_dir))
    nlp.add_pipe("mtl_ner", name="ner")
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path)
    key = "components.mtl.model.tok2vec.precision"
    plain, rough = (
        spacy.load(tmp_path, config={key: precision})(TEXTS[0]).tensor
        for precision in ("fp32", "bf16")
    )
    numpy.testing.assert_array_equal(plain, nlp(TEXTS[0]).tensor)
    assert 1e-6 < abs(plain - rough).max() < 0.01


def test_positions_of_roberta(encoder_dir: str) -> None:
    config = RobertaConfig(
        vocab_size=50,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=34,
    )
    tokenizer = AutoTokenizer.from_pretrained(encoder_dir)
    longest = longest_window(tokenizer, RobertaModel(config))
    assert longest == 32
    RobertaModel(config)(torch.ones((1, longest), dtype=torch.int64) * 5)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"precision": "fp16"}, "'precision' .* 'fp16'.*fp32.*bf16.*auto.*int8"),
        ({"window": 4}, "'window' .* is 4, .* at least 8"),
        ({"context": -1}, "'context' .* is -1, .* at least 0"),
        ({"kept_pieces": -1}, "'kept_pieces' .* is -1, .* at least 0"),
        ({"batch_pieces": 0}, "'batch_pieces' .* is 0, .* at least 1"),
    ],
)
def test_settings_out_of_range(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TransformerEncoder("x", **settings)


def test_not_initialised(docs: List[Doc]) -> None:
    with pytest.raises(ValueError, match="no weights yet: call nlp.initialize"):
        TransformerEncoder("x").predict(docs)
