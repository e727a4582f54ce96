"""Encoders that are split into lower and upper layers, of several architectures."""

from typing import Any, Dict, List, Tuple

import numpy
import pytest
import torch
from architectures import ARCHITECTURES, N_LAYERS
from encoder_gradients import assert_rounded
from helpers.inner_encoders import make_encoder, pooled_one_by_one
from spacy.language import Language
from spacy.tokens import Doc
from transformers import AutoConfig, AutoModel, AutoTokenizer

from spacy_mtl.arrays import cut
from spacy_mtl.encoder.inside import read_all_layers, read_lower_layers
from spacy_mtl.encoder.layers import find_layers
from spacy_mtl.encoder.loading import EncoderError
from spacy_mtl.encoder.split import check_hidden_states, try_split
from spacy_mtl.encoder.upper import copy_upper, run_upper


@pytest.fixture
def long_docs(nlp: Language, docs: List[Doc]) -> List[Doc]:
    """Texts of several kinds, of which one is longer than the windows."""
    return [*docs, nlp.make_doc("the old books of berlin are old " * 4)]


def run_split(
    encoder: Any, n_upper: int, docs: List[Doc], d_vectors: Any
) -> Tuple[Any, Dict[str, Any], Any]:
    """Vectors, gradients of the lower layers by name, and the upper layers with theirs."""
    features, backprop = encoder.begin_update(docs)
    network = encoder.shims[0]._model
    upper = copy_upper(network, n_upper).train()
    X = torch.tensor(numpy.concatenate(features.arrays), requires_grad=True)
    vectors = run_upper(upper, X, features.context)
    vectors.backward(d_vectors)
    assert X.grad is not None
    assert backprop(cut(X.grad.numpy(), list(map(len, features.arrays)))) == docs
    found = {k: p.grad for k, p in network.named_parameters() if p.grad is not None}
    return vectors.detach(), found, upper


@pytest.mark.parametrize("n_upper", range(N_LAYERS + 1))
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_packed_equals_padded_equals_one_by_one(
    kind: str, n_upper: int, folder_of: Any, docs: List[Doc]
) -> None:
    """Vectors and gradients are those of the whole encoder."""
    folder = folder_of(kind)
    whole = AutoModel.from_pretrained(folder).train()
    # Not all of them take segments.
    taken = ["input_ids", "attention_mask"]
    tokenizer = AutoTokenizer.from_pretrained(folder, model_input_names=taken)
    expected = pooled_one_by_one(whole, tokenizer, docs)
    d_vectors = torch.randn(expected.shape)
    expected.backward(d_vectors)
    of_whole = {k: p.grad for k, p in whole.named_parameters() if p.grad is not None}
    names = find_layers(whole)
    for settings in ({}, {"packing": False}, {"batch_pieces": 8, "kept_pieces": 10}):
        encoder = make_encoder(folder, **settings)
        read_lower_layers(encoder, "scheme", n_upper=n_upper, freeze_embeddings=False)
        vectors, found, upper = run_split(encoder, n_upper, docs, d_vectors)
        numpy.testing.assert_allclose(vectors, expected.detach(), atol=1e-5)
        private = [*names.layers[N_LAYERS - n_upper :], *(names.after if n_upper else [])]
        of_upper = dict(zip(private, [*upper.layers, *upper.after]))
        for name, own in of_upper.items():
            found.update({f"{name}.{k}": p.grad for k, p in own.named_parameters()})
        assert set(found) == set(of_whole)
        for name, gradient in of_whole.items():
            assert_rounded(found[name], gradient, name)


@pytest.mark.parametrize("kind", ["bert", "deberta-v2", "modernbert"])
def test_windows_of_long_documents(kind: str, folder_of: Any, long_docs: List[Doc]) -> None:
    whole = make_encoder(folder_of(kind), window=24, context=4)
    encoder = make_encoder(folder_of(kind), window=24, context=4)
    read_lower_layers(encoder, "scheme", n_upper=2, freeze_embeddings=False)
    features = encoder.predict(long_docs)
    X = torch.tensor(numpy.concatenate(features.arrays))
    upper = copy_upper(encoder.shims[0]._model, 2).eval()
    with torch.no_grad():
        found = run_upper(upper, X, features.context)
    expected = numpy.concatenate(whole.predict(long_docs))
    numpy.testing.assert_allclose(found, expected, atol=1e-5)
    assert [len(vectors) for vectors in features.vectors] == [len(doc) for doc in long_docs]


@pytest.mark.parametrize("kind", [*ARCHITECTURES, "albert"])
def test_all_layers(kind: str, folder_of: Any, docs: List[Doc]) -> None:
    """The same packed and padded. The last one is the output of the whole encoder."""
    folder = folder_of(kind)
    expected, _ = make_encoder(folder).begin_update(docs)
    d_vectors = [numpy.random.default_rng(0).normal(size=x.shape).astype("f") for x in expected]
    found = []
    for settings in ({}, {"packing": False}):
        encoder = make_encoder(folder, **settings)
        read_all_layers(encoder, "scheme", is_frozen=False)
        features, backprop = encoder.begin_update(docs)
        for array, vectors in zip(features.arrays, expected):
            assert array.shape == (len(vectors), N_LAYERS + 1, 16)
            numpy.testing.assert_allclose(array[:, -1], vectors, atol=1e-5)
        d_arrays = [numpy.repeat(d[:, None], N_LAYERS + 1, axis=1) for d in d_vectors]
        backprop(d_arrays)
        parameters = encoder.shims[0]._model.named_parameters()
        found.append((features.arrays, {k: p.grad for k, p in parameters}))
    (arrays, gradients), (of_padded, gradients_of_padded) = found
    for one, two in zip(arrays, of_padded):
        numpy.testing.assert_allclose(one, two, atol=1e-5)
    for name, gradient in gradients.items():
        if gradient is not None:
            assert_rounded(gradient, gradients_of_padded[name], name)


def test_bfloat16_goes_through_the_split(folder_of: Any, docs: List[Doc]) -> None:
    folder = folder_of("bert")
    with torch.autocast("cpu", torch.bfloat16):
        encoder = make_encoder(folder, precision="bf16")
        expected = numpy.concatenate(encoder.predict(docs))
        split = make_encoder(folder, precision="bf16")
        read_lower_layers(split, "scheme", n_upper=1, freeze_embeddings=False)
        features = split.predict(docs)
        upper = copy_upper(split.shims[0]._model, 1).eval()
        with torch.no_grad():
            found = run_upper(
                upper, torch.tensor(numpy.concatenate(features.arrays)), features.context
            )
    numpy.testing.assert_allclose(found, expected, atol=0.05)


def test_albert_is_refused(folder_of: Any) -> None:
    network = AutoModel.from_pretrained(folder_of("albert"))
    message = r"\(AlbertModel\) can't be split .* it has no list of 3 layers .* such as ALBERT"
    with pytest.raises(EncoderError, match=message):
        try_split(network, 1)


def test_something_between_layers_is_refused(folder_of: Any) -> None:
    """A convolution above the lowest layer: only the layers above it can be private."""
    folder = folder_of("deberta-v2")
    config = AutoConfig.from_pretrained(folder)
    config.conv_kernel_size = 3
    network = AutoModel.from_config(config)
    try_split(network, 1)
    with pytest.raises(EncoderError, match=r"\(DebertaV2Model\) can't .* gives? another result"):
        try_split(network, N_LAYERS)


def test_an_encoder_without_hidden_states(folder_of: Any) -> None:
    network = AutoModel.from_pretrained(folder_of("bert"))
    check_hidden_states(network, "scheme")
    original = network.forward
    network.forward = lambda *args, **kwargs: original(
        *args, **{**kwargs, "output_hidden_states": False}
    )
    with pytest.raises(
        EncoderError, match=r"\(BertModel\) can't be used with scheme: .* returns none"
    ):
        check_hidden_states(network, "scheme")
    # One that has no such argument.
    network.forward = lambda input_ids: original(input_ids)
    with pytest.raises(EncoderError, match="can't be used with scheme: .* returns none"):
        check_hidden_states(network, "scheme")
