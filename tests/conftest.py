"""Fixtures: a tiny random encoder on disk, a tiny corpus, pipelines on both."""

import os
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import fix_random_seed

ROOT = Path(__file__).parent.parent

TEXTS = [
    ("Anna books a room in Berlin .", "NN VBZ DT NN IN NN .", [(0, 1, "PER"), (5, 6, "LOC")], "a"),
    ("the books of New York are old", "DT NNS IN NN NN VBP JJ", [(3, 5, "LOC")], "b"),
    ("Bo runs to Rome and Anna runs home", "NN VBZ IN NN CC NN VBZ RB", [(0, 1, "PER")], "a"),
    ("old runs", "JJ NNS", [], "b"),
]


def make_docs(nlp: Language) -> List[Doc]:
    """Gold documents with tags, entities and categories, two categories in all."""
    docs = []
    for text, tags, ents, cat in TEXTS:
        doc = Doc(nlp.vocab, words=text.split(), tags=tags.split())
        doc.set_ents([Span(doc, *ent) for ent in ents], default="outside")
        doc.cats = {label: float(label == cat) for label in "ab"}
        docs.append(doc)
    return docs


def strip(doc: Doc, keep: str) -> Doc:
    """Copy a gold document with one kind of annotation: 'tag', 'ents', 'cats', or '' for none."""
    words = [token.text for token in doc]
    spaces = [bool(token.whitespace_) for token in doc]
    tags = [token.tag_ for token in doc] if keep == "tag" else None
    copied = Doc(doc.vocab, words=words, spaces=spaces, tags=tags)
    if keep == "ents":
        ents = [Span(copied, e.start, e.end, e.label_) for e in doc.ents]
        copied.set_ents(ents, default="outside")
    if keep == "cats":
        copied.cats = dict(doc.cats)
    return copied


def make_examples(nlp: Language, keep: Optional[str] = None) -> List[Example]:
    """The tiny corpus as examples, with all annotation or one kind only."""
    docs = make_docs(nlp)
    if keep is not None:
        docs = [strip(doc, keep) for doc in docs]
    return [
        Example(Doc(nlp.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc]), doc)
        for doc in docs
    ]


@pytest.fixture(autouse=True)
def seed() -> None:
    fix_random_seed(0)


@pytest.fixture(scope="session")
def encoder_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a random BERT of 2 layers and 16 dimensions, without dropout."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    path = tmp_path_factory.mktemp("encoder")
    letters = [chr(i) for i in range(ord("a"), ord("z") + 1)]
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", *letters]
    vocab += [f"##{letter}" for letter in letters]
    (path / "vocab.txt").write_text("\n".join(vocab), encoding="utf8")
    tokenizer = BertTokenizerFast(str(path / "vocab.txt"), model_max_length=64)
    tokenizer.save_pretrained(path)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocab),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    BertModel(config).save_pretrained(path)
    return str(path)


HEADS: Dict[str, str] = {"tagger": "mtl_tagger", "ner": "mtl_ner", "textcat": "mtl_textcat"}
CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 16,
    "depth": 1,
    "embed_size": 100,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}


def add_joint(nlp: Language, encoder_dir: Optional[str], **mtl_config: Any) -> None:
    """Add `transformer` and `mtl`, or `mtl` with a CNN of its own."""
    if encoder_dir is None:
        model = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": CNN}
        nlp.add_pipe("mtl", config={"model": model, **mtl_config})
    else:
        nlp.add_pipe("transformer", config={"model": {"name": encoder_dir}})
        nlp.add_pipe("mtl", config=mtl_config)


@pytest.fixture(params=["listener", "embedded"])
def encoder(request: pytest.FixtureRequest, encoder_dir: str) -> Optional[str]:
    """The folder of the tiny transformer, or None for a CNN inside `mtl`."""
    return encoder_dir if request.param == "listener" else None


@pytest.fixture
def make_nlp(encoder_dir: str) -> Callable[..., Language]:
    """Build and initialise a pipeline: make_nlp(["ner", "tagger"], weights={...})."""

    def build(
        heads: Any = ("tagger", "ner", "textcat"),
        *,
        encoder: Optional[str] = encoder_dir,
        initialize: bool = True,
        **mtl_config: Any,
    ) -> Language:
        nlp = spacy.blank("en")
        add_joint(nlp, encoder, **mtl_config)
        for head in heads:
            nlp.add_pipe(HEADS.get(head, head), name=head)
        if initialize:
            fix_random_seed(0)
            nlp.initialize(lambda: make_examples(nlp))
        return nlp

    return build


def constant(**weights: float) -> Dict[str, Any]:
    """The config of fixed weights."""
    return {"@mtl_weightings": "spacy_mtl.Constant.v1", "weights": weights}


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the real corpora. Missing ones fail the test."""
    path = Path(os.environ.get("SPACY_MTL_DATA", ROOT.parent / "shared"))
    if not (path / "data").is_dir() or not (path / "raw").is_dir():
        pytest.fail(
            f"The real corpora are not at {path}. Set SPACY_MTL_DATA to the folder that holds "
            "data/ and raw/, or leave these tests out with -m 'not realdata'."
        )
    return path
