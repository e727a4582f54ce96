"""A faster model for the stock `transformer` component: it gives what the library's gives."""

import warnings
from pathlib import Path
from typing import Any, Dict

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Adam, fix_random_seed
from tiny import HEADS, assert_close, encoder_gradient, make_examples
from transformers import AutoConfig, AutoModel, AutoTokenizer

from spacy_mtl.encoder.transformer import TransformerEncoder
from spacy_mtl.encoder.transformer_model import create_transformer_model

TEXTS = ["anna books a room", "", "b", " \n ", "two  spaces\n", "the old books of berlin are old"]
OURS = "spacy_mtl.TransformerModel.v1"
THEIRS = "spacy-transformers.TransformerModel.v3"
DOCS = {"@span_getters": "spacy-transformers.doc_spans.v1"}
STRIDED = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 4, "stride": 3}


def make_nlp(encoder_dir: str, architecture: str, heads: Any = (), **settings: Any) -> Language:
    nlp = spacy.blank("en")
    model = {"@architectures": architecture, "name": encoder_dir, **settings}
    nlp.add_pipe("transformer", config={"model": model})
    for name, factory in dict(heads).items():
        nlp.add_pipe(factory, name=name)
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def stock(encoder_dir: str, spans: Dict[str, Any] = DOCS, **settings: Any) -> Language:
    config = {"use_fast": True}
    return make_nlp(encoder_dir, THEIRS, get_spans=spans, tokenizer_config=config, **settings)


def with_stock_tagger(encoder_dir: str) -> Language:
    """spaCy's tagger on our model."""
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"@architectures": OURS, "name": encoder_dir}})
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    nlp.add_pipe("tagger", config={"model": model})
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def vectors_of(doc: Doc) -> numpy.ndarray:
    """The mean of each token's wordpieces; zeros if there are none."""
    data = doc._.trf_data
    if not len(doc):
        return numpy.zeros((0, 16))
    hidden = data.model_output.last_hidden_state.reshape((-1, 16))
    parts = numpy.split(data.align.data.ravel(), numpy.cumsum(data.align.lengths))[:-1]
    return numpy.stack([hidden[p].mean(0) if len(p) else numpy.zeros(16) for p in parts])


@pytest.mark.parametrize("batch_pieces", [1024, 10])
@pytest.mark.parametrize("spans", [None, DOCS, STRIDED], ids=["windows", "docs", "strided"])
def test_same_as_the_library(
    encoder_dir: str, spans: Any, batch_pieces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spacy_mtl.encoder import batching

    monkeypatch.setitem(batching._PIECES_A_BATCH, "cpu", batch_pieces)
    theirs = stock(encoder_dir, spans or DOCS)
    mine = make_nlp(encoder_dir, OURS, get_spans=spans)
    # With doc_spans the library fails on an empty document.
    filled = [text for text in TEXTS if text]
    docs = [doc for doc in mine.pipe(TEXTS) if len(doc)]
    for expected, found in zip(theirs.pipe(filled), docs):
        numpy.testing.assert_allclose(vectors_of(found), vectors_of(expected), atol=1e-5)
        for key in ("input_ids", "attention_mask"):
            ours, others = (getattr(d._.trf_data.wordpieces, key) for d in (found, expected))
            n = found._.trf_data.wordpieces.attention_mask.sum(axis=1).astype("int64")
            for a, b, length in zip(ours, others, n):
                assert a[:length].tolist() == b[:length].tolist()


def test_all_that_the_transformer_gives(encoder_dir: str) -> None:
    config = {"output_hidden_states": True, "output_attentions": True}
    config = {**config, "attn_implementation": "eager"}
    theirs = stock(encoder_dir, transformer_config=config)
    mine = make_nlp(encoder_dir, OURS, transformer_config=config)
    docs = [theirs(TEXTS[-1]), mine(TEXTS[-1])]
    expected, found = (doc._.trf_data.model_output for doc in docs)
    assert list(found) == list(expected)
    assert len(found["hidden_states"]) == 3
    for key in found:
        pairs = zip(found[key], expected[key]) if isinstance(found[key], list) else None
        for a, b in pairs or [(found[key], expected[key])]:
            numpy.testing.assert_allclose(a, b, atol=1e-5)
    # The same where several micro-batches are put together.
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
        nlp = make_nlp(encoder_dir, architecture, heads, get_spans=get_spans)
        nlp.update(make_examples(nlp), sgd=False)
        gradients.append(encoder_gradient(nlp))
    assert_close(gradients[1], gradients[0])


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_precision(encoder_dir: str, tmp_path: Path, precision: str) -> None:
    nlp = make_nlp(encoder_dir, OURS)
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
        nlp = make_nlp(encoder_dir, OURS, {"mtl": "mtl", **HEADS}, precision=precision)
        nlp.update(make_examples(nlp), sgd=False)
        gradients.append(encoder_gradient(nlp))
    exact, found = gradients
    assert 1e-6 < numpy.linalg.norm(found - exact) / numpy.linalg.norm(exact) < 0.1


def test_precision_out_of_range() -> None:
    with pytest.raises(ValueError, match="spacy_mtl.TransformerModel.v1 is 'fp16'"):
        create_transformer_model("x", precision="fp16")
    with pytest.raises(ValueError, match="mixed_precision = true and precision = 'bf16'"):
        create_transformer_model("x", mixed_precision=True, precision="bf16")


def test_stock_heads_train_on_it(encoder_dir: str) -> None:
    nlp = with_stock_tagger(encoder_dir)
    sgd = Adam(0.01)
    for _ in range(60):
        nlp.update(make_examples(nlp), sgd=sgd)
    assert nlp.evaluate(make_examples(nlp))["tag_acc"] == 1.0


def test_long_document(encoder_dir: str) -> None:
    nlp = make_nlp(encoder_dir, OURS)
    doc = Doc(nlp.vocab, words=["ab", "\n", "c"] * 100)
    for _, pipe in nlp.pipeline:
        doc = pipe(doc)
    data = doc._.trf_data
    assert len(data.wordpieces) > 1
    assert data.wordpieces.input_ids.shape[1] <= 64
    assert data.align.lengths.tolist() == [2, 0, 1] * 100
    ids = data.wordpieces.input_ids.ravel()[data.align.data.ravel()]
    strings = nlp.get_pipe("transformer").model.tokenizer.convert_ids_to_tokens(ids)
    assert strings == ["a", "##b", "c"] * 100


def test_span_longer_than_the_window(encoder_dir: str) -> None:
    nlp = make_nlp(encoder_dir, OURS, get_spans=DOCS)
    with pytest.warns(UserWarning, match="span of 102 wordpieces .* window .64.*'get_spans'"):
        doc = nlp("a " * 100)
    assert doc._.trf_data.align.lengths.sum() == 63


def test_saved_and_loaded(encoder_dir: str, tmp_path: Path) -> None:
    nlp = make_nlp(encoder_dir, OURS, {"mtl": "mtl", **HEADS})
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    for a, b in zip(nlp.pipe(TEXTS), loaded.pipe(TEXTS)):
        assert [t.tag_ for t in a] == [t.tag_ for t in b]
        numpy.testing.assert_array_equal(a.tensor, b.tensor)


@pytest.mark.parametrize("spans", [None, STRIDED], ids=["windows", "strided"])
def test_replaced_listeners(encoder_dir: str, tmp_path: Path, spans: Any) -> None:
    settings = {} if spans is None else {"get_spans": spans}
    nlp = make_nlp(encoder_dir, OURS, {"mtl": "mtl", **HEADS}, **settings)
    # More than one window.
    text = " ".join(TEXTS * 40)
    (expected,) = nlp.get_pipe("tagger").predict([nlp(text)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nlp.replace_listeners("mtl", "tagger", ["model.tok2vec"])
    doc = nlp.make_doc(text)
    numpy.testing.assert_allclose(nlp.get_pipe("tagger").predict([doc])[0], expected, atol=1e-5)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path).get_pipe("tagger")
    numpy.testing.assert_allclose(loaded.predict([doc])[0], expected, atol=1e-5)


def test_replaced_listener_of_a_stock_component(encoder_dir: str, tmp_path: Path) -> None:
    nlp = with_stock_tagger(encoder_dir)
    text = " ".join(TEXTS * 40)
    expected = [token.tag_ for token in nlp(text)]
    nlp.replace_listeners("transformer", "tagger", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    assert [token.tag_ for token in nlp(text)] == expected
    nlp.to_disk(tmp_path)
    assert [token.tag_ for token in spacy.load(tmp_path)(text)] == expected


def test_tokenizer_that_pads_on_the_left(encoder_dir: str) -> None:
    config = {"use_fast": True, "padding_side": "left"}
    theirs = stock(encoder_dir)
    mine = make_nlp(encoder_dir, OURS, get_spans=DOCS, tokenizer_config=config)
    filled = [text for text in TEXTS if text]
    for expected, found in zip(theirs.pipe(filled), mine.pipe(filled)):
        numpy.testing.assert_allclose(vectors_of(found), vectors_of(expected), atol=1e-5)
    assert mine.get_pipe("transformer").model.tokenizer.padding_side == "left"


@pytest.mark.parametrize("kind", ["xlnet", "gpt2"])
def test_other_encoders(encoder_dir: str, tmp_path: Path, kind: str) -> None:
    """XLNet has no limit of positions, and both give a past along."""
    sizes = {"vocab_size": 60, "d_model": 16, "n_embd": 16, "n_layer": 1, "n_head": 2}
    config = AutoConfig.for_model(kind, **sizes, d_inner=16, use_mems_eval=True, mem_len=4)
    AutoModel.from_config(config).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(encoder_dir).save_pretrained(tmp_path)
    theirs, mine = stock(str(tmp_path)), make_nlp(str(tmp_path), OURS)
    inside = TransformerEncoder(str(tmp_path))
    inside.initialize()
    for text in ["anna books a room", "b"]:
        expected, found = vectors_of(theirs(text)), vectors_of(mine(text))
        numpy.testing.assert_allclose(found, expected, atol=1e-5)
        (vectors,) = inside.predict([mine.make_doc(text)])
        numpy.testing.assert_allclose(vectors, expected, atol=1e-5)
    assert len(list(mine.pipe(TEXTS))) == len(TEXTS)


def test_unknown_words_only(encoder_dir: str) -> None:
    """A tokenizer that does not tell where its pieces are, and pieces that match no letter."""
    nlp = make_nlp(encoder_dir, OURS, tokenizer_config={"use_fast": False})
    texts = ["日 " * 200, "a " + "日 " * 200, "日 日", "日 " * 200 + "a"]
    with pytest.warns(UserWarning, match="200 of 200 words .* no wordpiece .*'日'"):
        doc = nlp(texts[0])
    # Once.
    for each in [doc, *map(nlp, texts[1:])]:
        assert len(each._.trf_data.align.lengths) == len(each)


def test_same_model_from_its_config(encoder_dir: str) -> None:
    nlp = make_nlp(encoder_dir, OURS)
    config = nlp.get_pipe_config("transformer")["model"]
    assert config["@architectures"] == OURS
    again = spacy.util.load_model_from_config(nlp.config)
    assert again.pipe_names == ["transformer"]
