"""Encoders of all kinds: each works, or is rejected by name at initialization."""

from typing import Any, Callable, List, Tuple

import numpy
import pytest
import spacy
from cases import Case, Gives, Refused, check, name_of
from spacy.tokens import Doc

from spacy_mtl.encoder.transformer import TransformerEncoder
from spacy_mtl.encoder.transformer_model import create_transformer_model

TEXTS = ["anna books a room", "", "b", "two  spaces\n", "old books of berlin " * 20]
FOLDER = "Couldn't load the encoder from the folder"
UNUSABLE = "can't be used"
BLOCK = "block that has @architectures"


def settings(kind: str, **given: Any) -> Tuple[str, Any]:
    return kind, given


def works(found: Tuple[List[Any], List[Any]]) -> bool:
    """Check that all words have a vector, and that a saved encoder gives the same ones."""
    vectors, again = found
    for text, own, other in zip(map(spacy.blank("en").make_doc, TEXTS), vectors, again):
        assert len(own) == len(text)
        assert numpy.isfinite(own).all()
        assert (abs(own[[not t.is_space for t in text]]).max(axis=1, initial=0) > 0).all()
        numpy.testing.assert_allclose(own, other, atol=1e-5)
    return True


CASES = [
    Case("BERT", settings("bert"), Gives(works)),
    Case("segments for a network without them", settings("distilbert"), Gives(works)),
    Case("the encoder half of T5", settings("t5"), Gives(works)),
    Case("the encoder half of BART", settings("bart"), Gives(works)),
    Case("a decoder", settings("gpt2"), Gives(works)),
    Case("a decoder with its own tokenizer", settings("gpt2 of bytes"), Gives(works)),
    Case(
        "the same, slow",
        settings("gpt2 of bytes", tokenizer_config={"use_fast": False}),
        Gives(works),
    ),
    Case("no position limit", settings("xlnet"), Gives(works)),
    Case("embeddings narrower than the network", settings("electra"), Gives(works)),
    Case("shared layers", settings("albert"), Gives(works)),
    Case("positions after the padding token", settings("mpnet"), Gives(works)),
    Case("bytes", settings("byte-level"), Gives(works)),
    Case("bytes, slow", settings("byte-level", tokenizer_config={"use_fast": False}), Gives(works)),
    Case("slow", settings("bert", tokenizer_config={"use_fast": False}), Gives(works)),
    Case("no padding token", settings("no padding"), Gives(works)),
    Case("a tokenizer that pads and truncates", settings("pads and cuts"), Gives(works)),
    Case("no limit in the tokenizer", settings("no limit"), Gives(works)),
    Case("a limit beyond the positions", settings("high limit"), Gives(works)),
    Case("twelve positions", settings("some positions"), Gives(works)),
    Case(
        "attention in plain steps",
        settings("bert", transformer_config={"attn_implementation": "eager"}),
        Gives(works),
    ),
    Case(
        "hidden states and attentions",
        settings("bert", transformer_config={"output_hidden_states": True}),
        Gives(works),
    ),
    Case(
        "a limit by the config",
        settings("bert", tokenizer_config={"model_max_length": 9}),
        Gives(works),
    ),
    Case("no attention mask", settings("fnet"), Refused(UNUSABLE, "attention_mask", "FNet", BLOCK)),
    Case("of images", settings("vit"), Refused("pixel_values", "ViTModel", "text encoder", BLOCK)),
    Case("of sound", settings("wav2vec2"), Refused("input_values", "Wav2Vec2Model", BLOCK)),
    Case(
        "more wordpieces than rows",
        settings("few rows"),
        Refused(UNUSABLE, "up to number 57", "20 rows", "tokens were added", BLOCK),
    ),
    Case(
        "seven positions",
        settings("few positions"),
        Refused(UNUSABLE, "reads 7 wordpieces", "at least 8", "max_position_embeddings = 7", BLOCK),
    ),
    Case(
        "one position", settings("no positions"), Refused("at least 8", "max_position_embeddings")
    ),
    Case(
        "a limit of five",
        settings("low limit"),
        Refused("reads 5 wordpieces", "model_max_length = 5", "tokenizer_config", BLOCK),
    ),
    Case("a limit below zero", settings("negative limit"), Refused("model_max_length = -1", BLOCK)),
    Case(
        "a limit of three by the config",
        settings("bert", tokenizer_config={"model_max_length": 3}),
        Refused("model_max_length = 3", "tokenizer_config"),
    ),
    Case(
        "weights that are NaN",
        settings("nan"),
        Refused(UNUSABLE, "NaN", "word_embeddings.weight", BLOCK),
    ),
    Case("truncated weights", settings("cut short"), Refused(FOLDER, "model.safetensors", BLOCK)),
    Case("no weights", settings("no weights"), Refused(FOLDER, "contains config.json", BLOCK)),
    Case("no config", settings("no config"), Refused(FOLDER, "needs config.json", BLOCK)),
    Case("no tokenizer", settings("no tokenizer"), Refused(FOLDER, "tokenizer.json", BLOCK)),
    Case(
        "weights of another network",
        settings("other weights"),
        Refused(FOLDER, "weights are missing", "embeddings.", BLOCK),
    ),
    Case("weights of other sizes", settings("other sizes"), Refused(FOLDER, "size", BLOCK)),
    Case("an unknown type", settings("unknown type"), Refused(FOLDER, "bertt", BLOCK)),
    Case(
        "an unknown setting of the network",
        settings("bert", transformer_config={"hidden_droput_prob": 0.5}),
        Refused("transformer_config", "'hidden_droput_prob'", "mean 'hidden_dropout_prob'", BLOCK),
    ),
    Case(
        "an unknown setting of the tokenizer",
        settings("bert", tokenizer_config={"use_fats": True}),
        Refused("tokenizer_config", "'use_fats'", "mean 'use_fast'", BLOCK),
    ),
    Case(
        "a setting of the slow tokenizer, for the fast one",
        settings("bert", tokenizer_config={"do_basic_tokenize": False}),
        Gives(works),
    ),
]


def vectors_inside(folder: str, given: Any) -> Tuple[List[Any], List[Any]]:
    docs = list(map(spacy.blank("en").make_doc, TEXTS))
    encoder = TransformerEncoder(folder, **given)
    encoder.initialize()
    loaded = TransformerEncoder(folder, **given).from_bytes(encoder.to_bytes())
    return encoder.predict(docs), loaded.predict(docs)


def vectors_of_component(folder: str, given: Any) -> Tuple[List[Any], List[Any]]:
    docs = list(map(spacy.blank("en").make_doc, TEXTS))
    model = create_transformer_model(folder, **given)
    model.initialize(X=[Doc(docs[0].vocab, words=["hello"])])
    loaded = create_transformer_model(folder, **given).from_bytes(model.to_bytes())
    first, second = ([pooled(d, 16) for d in m.predict(docs).doc_data] for m in (model, loaded))
    return first, second


def pooled(data: Any, width: int) -> Any:
    if not len(data.align.lengths):
        return numpy.zeros((0, width))
    hidden = data.model_output.last_hidden_state.reshape((-1, width))
    parts = numpy.split(data.align.data.ravel(), numpy.cumsum(data.align.lengths))[:-1]
    return numpy.stack([hidden[p].mean(0) if len(p) else numpy.zeros(width) for p in parts])


@pytest.mark.parametrize("run", [vectors_inside, vectors_of_component])
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_encoder(case: Case, run: Callable, encoder_of: Callable[[str], str]) -> None:
    check(case, lambda given: run(encoder_of(given[0]), given[1]))


@pytest.mark.parametrize("kind", ["bert", "distilbert", "t5", "gpt2", "byte-level"])
def test_both_architectures_give_the_same(kind: str, encoder_of: Callable[[str], str]) -> None:
    inside, component = (
        run(encoder_of(kind), {}) for run in (vectors_inside, vectors_of_component)
    )
    for own, other in zip(inside[0], component[0]):
        numpy.testing.assert_allclose(own, other, atol=1e-5)


@pytest.mark.parametrize("kind", ["distilbert", "t5", "no padding", "byte-level"])
def test_custom_spans(kind: str, encoder_of: Callable[[str], str]) -> None:
    """One span per document gives the same as windows."""
    docs = list(map(spacy.blank("en").make_doc, ["anna books a room", "café 日本", "b"]))
    for fast in (True, False) if kind == "byte-level" else (True,):
        config = {"tokenizer_config": {"use_fast": fast}}
        spans, windows = (
            create_transformer_model(encoder_of(kind), getter, **config)
            for getter in (lambda docs: [[doc[:]] for doc in docs], None)
        )
        for model in (spans, windows):
            model.initialize(X=docs)
        pairs = zip(spans.predict(docs).doc_data, windows.predict(docs).doc_data)
        for own, other in pairs:
            numpy.testing.assert_allclose(pooled(own, 16), pooled(other, 16), atol=1e-5)


WORDS = [
    Case("French", "un café déjà là", Gives(True)),
    Case("combining accents", "e\u0301te\u0301 a\u0308", Gives(True)),
    Case("Chinese", "日本語 中文 漢字", Gives(True)),
    Case("emoji", "ok 😀 👩‍👩‍👧 .", Gives(True)),
    Case("Cyrillic, without spaces", "Москва,Россия", Gives(True)),
    Case("other kinds of spaces", "a\u00a0b \t é\n\n日", Gives(True)),
    Case("plain", "anna books a room", Gives(True)),
    Case("one letter", "é", Gives(True)),
]


@pytest.mark.parametrize("case", WORDS, ids=name_of)
def test_slow_tokenizer_of_bytes(case: Case, encoder_of: Callable[[str], str]) -> None:
    """It gives the same vectors as the fast one."""

    def same(text: str) -> bool:
        doc = spacy.blank("en").make_doc(text)
        found = []
        for fast in (True, False):
            encoder = TransformerEncoder(encoder_of("byte-level"), {"use_fast": fast})
            encoder.initialize()
            found.append(encoder.predict([doc])[0])
        filled = [not token.is_space for token in doc]
        assert (abs(found[1][filled]).max(axis=1) > 0).all()
        return numpy.allclose(found[0][filled], found[1][filled], atol=1e-5)

    check(case, same)
