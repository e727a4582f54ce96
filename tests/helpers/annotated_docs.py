"""A document with all kinds of annotation."""

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab


def make_annotated() -> Doc:
    """A document of three words."""
    doc = Doc(
        Vocab(),
        words=["Bo", "runs", "."],
        tags=["NNP", "VBZ", "."],
        pos=["PROPN", "VERB", "PUNCT"],
        morphs=["Number=Sing", "", ""],
        lemmas=["Bo", "run", "."],
        deps=["nsubj", "ROOT", "punct"],
        heads=[1, 1, 1],
        ents=["B-PER", "O", "O"],
    )
    doc.cats = {"sport": 1.0}
    doc.spans["sc"] = [Span(doc, 0, 2, label="CLAUSE")]
    return doc
