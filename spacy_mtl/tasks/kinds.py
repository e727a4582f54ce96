"""Kinds of annotation: checking for them and listing their labels."""

from typing import Callable, Dict, Iterable, List, Optional, Set

from spacy.morphology import Morphology
from spacy.tokens import Doc, Span

#: All kinds. Dependencies precede sentence starts, which they imply.
KINDS = (
    "tags",
    "parts of speech",
    "morphology",
    "lemmas",
    "dependencies",
    "sentence starts",
    "entities",
    "categories",
    "spans",
)
#: The attributes that components declare in `assigns`, and their kinds of annotation.
_KIND_OF = {
    "token.tag": "tags",
    "token.pos": "parts of speech",
    "token.morph": "morphology",
    "token.lemma": "lemmas",
    "token.dep": "dependencies",
    "token.is_sent_start": "sentence starts",
    "token.ent_iob": "entities",
    "doc.ents": "entities",
    "doc.cats": "categories",
    "doc.spans": "spans",
}


def kinds_among(attributes: Iterable[str]) -> Set[str]:
    """Map attributes to kinds of annotation.

    attributes (Iterable[str]): For example "token.tag".
    RETURNS (Set[str]): For example "tags". Unknown attributes are left out.
    """
    return {_KIND_OF[attribute] for attribute in attributes if attribute in _KIND_OF}


def has(doc: Doc, kind: str) -> bool:
    """RETURNS (bool): Whether a document has this kind of annotation."""
    if kind == "categories":
        return bool(doc.cats)
    if kind == "spans":
        return any(len(group) for group in doc.spans.values())
    return doc.has_annotation(_ATTRIBUTES[kind])


def spans_of(doc: Doc, key: Optional[str]) -> Iterable[Span]:
    """RETURNS (Iterable[Span]): The spans under a key of `doc.spans`; all spans if it is None."""
    groups = doc.spans.values() if key is None else [doc.spans.get(key, [])]
    return (span for group in groups for span in group)


def labels_of(doc: Doc, kinds: Set[str], spans_key: Optional[str]) -> Iterable[str]:
    """Collect the labels in a gold document, once per annotation.

    doc (Doc): The document.
    kinds (Set[str]): The kinds of annotation. The first one with labels is used.
    spans_key (Optional[str]): A key of `doc.spans`; None for all keys.
    RETURNS (Iterable[str]): The labels; empty if no kind has labels: see `has_labels`.
    """
    for kind, find in _LABELS.items():
        if kind in kinds:
            return find(doc, spans_key)
    return []


def has_labels(kinds: Set[str]) -> bool:
    """RETURNS (bool): Whether any of the kinds has labels."""
    return bool(kinds & set(_LABELS))


def _morphology(doc: Doc) -> List[str]:
    """Collect labels in the form of spaCy's morphologizer."""
    found = []
    for token in doc:
        if token.pos or token.has_morph():
            features = Morphology.feats_to_dict(str(token.morph))
            if token.pos:
                features["POS"] = token.pos_
            found.append(doc.vocab.strings[doc.vocab.morphology.add(features)])
    return found


_ATTRIBUTES = {
    "tags": "TAG",
    "parts of speech": "POS",
    "morphology": "MORPH",
    "lemmas": "LEMMA",
    "dependencies": "DEP",
    "sentence starts": "SENT_START",
    "entities": "ENT_IOB",
}
_LABELS: Dict[str, Callable[[Doc, Optional[str]], Iterable[str]]] = {
    "entities": lambda doc, _: [ent.label_ for ent in doc.ents],
    "categories": lambda doc, _: list(doc.cats),
    "tags": lambda doc, _: [token.tag_ for token in doc if token.tag_],
    "spans": lambda doc, key: [span.label_ for span in spans_of(doc, key)],
    "morphology": lambda doc, _: _morphology(doc),
    "dependencies": lambda doc, _: [token.dep_ for token in doc if token.dep],
}
