"""Our model of the stock component has the same output as the library's."""

from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from encoder_gradients import assert_close, encoder_gradient
from helpers.transformer_pipelines import (
    DOCS,
    OURS,
    STRIDED,
    TEXTS,
    THEIRS,
    library_transformer,
    make_transformer,
    vectors_of,
)
from tiny_corpus import make_examples
from tiny_pipelines import HEADS
from transformers import AutoConfig, AutoModel, AutoTokenizer

from spacy_mtl.encoder.transformer import TransformerEncoder


@pytest.mark.parametrize("batch_pieces", [1024, 10])
@pytest.mark.parametrize("spans", [None, DOCS, STRIDED], ids=["windows", "docs", "strided"])
def test_same_as_the_library(
    encoder_dir: str, spans: Any, batch_pieces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spacy_mtl.encoder import batching

    monkeypatch.setitem(batching._PIECES_A_BATCH, "cpu", batch_pieces)
    theirs = library_transformer(encoder_dir, spans or DOCS)
    mine = make_transformer(encoder_dir, OURS, get_spans=spans)
    # The library's doc_spans fails on an empty document.
    filled = [text for text in TEXTS if text]
    docs = [doc for doc in mine.pipe(TEXTS) if len(doc)]
    for expected, found in zip(theirs.pipe(filled), docs):
        numpy.testing.assert_allclose(vectors_of(found), vectors_of(expected), atol=1e-5)
        for key in ("input_ids", "attention_mask"):
            ours, others = (getattr(d._.trf_data.wordpieces, key) for d in (found, expected))
            n = found._.trf_data.wordpieces.attention_mask.sum(axis=1).astype("int64")
            for a, b, length in zip(ours, others, n):
                assert a[:length].tolist() == b[:length].tolist()


def test_all_outputs_of_the_transformer(encoder_dir: str) -> None:
    config = {"output_hidden_states": True, "output_attentions": True}
    config = {**config, "attn_implementation": "eager"}
    theirs = library_transformer(encoder_dir, transformer_config=config)
    mine = make_transformer(encoder_dir, OURS, transformer_config=config)
    docs = [theirs(TEXTS[-1]), mine(TEXTS[-1])]
    expected, found = (doc._.trf_data.model_output for doc in docs)
    assert list(found) == list(expected)
    assert len(found["hidden_states"]) == 3
    for key in found:
        pairs = zip(found[key], expected[key]) if isinstance(found[key], list) else None
        for a, b in pairs or [(found[key], expected[key])]:
            numpy.testing.assert_allclose(a, b, atol=1e-5)
    # The same if several micro-batches are merged.
    several = list(mine.pipe(TEXTS))[-1]._.trf_data.model_output
    length = found["last_hidden_state"].shape[1]
    attentions = several["attentions"][1]
    numpy.testing.assert_allclose(
        attentions[..., :length, :length], found["attentions"][1], atol=1e-5
    )


@pytest.mark.parametrize("spans", [None, DOCS], ids=["windows", "docs"])
def test_same_gradient(encoder_dir: str, spans: Any) -> None:
    heads = {"mtl": "mtl", **HEADS}
    gradients = []
    for architecture, get_spans in ((THEIRS, DOCS), (OURS, spans)):
        nlp = make_transformer(encoder_dir, architecture, heads, get_spans=get_spans)
        nlp.update(make_examples(nlp), sgd=False)
        gradients.append(encoder_gradient(nlp))
    assert_close(gradients[1], gradients[0])


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_precision(encoder_dir: str, tmp_path: Path, precision: str) -> None:
    nlp = make_transformer(encoder_dir, OURS)
    nlp.to_disk(tmp_path)
    settings = {"components.transformer.model.precision": precision}
    rough = spacy.load(tmp_path, config=settings)
    docs = zip(nlp.pipe(TEXTS), rough.pipe(TEXTS))
    pairs = [(vectors_of(a), vectors_of(b)) for a, b in docs if a.text.strip()]
    for exact, found in pairs:
        numpy.testing.assert_allclose(found, exact, atol=0.3)
    assert max(abs(exact - found).max() for exact, found in pairs) > 1e-6


def test_gradient_in_bfloat16(encoder_dir: str) -> None:
    gradients = []
    for precision in ("fp32", "bf16"):
        nlp = make_transformer(encoder_dir, OURS, {"mtl": "mtl", **HEADS}, precision=precision)
        nlp.update(make_examples(nlp), sgd=False)
        gradients.append(encoder_gradient(nlp))
    exact, found = gradients
    assert 1e-6 < numpy.linalg.norm(found - exact) / numpy.linalg.norm(exact) < 0.1


@pytest.mark.parametrize("kind", ["xlnet", "gpt2"])
def test_other_encoders(encoder_dir: str, tmp_path: Path, kind: str) -> None:
    """XLNet has no position limit, and both return a past."""
    sizes = {"vocab_size": 60, "d_model": 16, "n_embd": 16, "n_layer": 1, "n_head": 2}
    config = AutoConfig.for_model(kind, **sizes, d_inner=16, use_mems_eval=True, mem_len=4)
    AutoModel.from_config(config).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(encoder_dir).save_pretrained(tmp_path)
    theirs, mine = library_transformer(str(tmp_path)), make_transformer(str(tmp_path), OURS)
    inside = TransformerEncoder(str(tmp_path))
    inside.initialize()
    for text in ["anna books a room", "b"]:
        expected, found = vectors_of(theirs(text)), vectors_of(mine(text))
        numpy.testing.assert_allclose(found, expected, atol=1e-5)
        (vectors,) = inside.predict([mine.make_doc(text)])
        numpy.testing.assert_allclose(vectors, expected, atol=1e-5)
    assert len(list(mine.pipe(TEXTS))) == len(TEXTS)
