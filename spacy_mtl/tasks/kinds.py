"""Kinds of annotation: whether a text has them, and their labels."""

from typing import Callable, Dict, Iterable, List, Optional, Set

from spacy.morphology import Morphology
from spacy.tokens import Doc, Span

#: All kinds. Dependencies come before sentence starts, which they imply.
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
#: What components say that they assign, and what their gold annotation is.
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
    """Tell which kinds of annotation attributes are.

    attributes (Iterable[str]): Such as "token.tag".
    RETURNS (Set[str]): Such as "tags". Attributes of no known kind are left out.
    """
    return {_KIND_OF[attribute] for attribute in attributes if attribute in _KIND_OF}


def has(doc: Doc, kind: str) -> bool:
    """RETURNS (bool): Whether a document has annotation of a kind."""
    if kind == "categories":
        return bool(doc.cats)
    if kind == "spans":
        return any(len(group) for group in doc.spans.values())
    return doc.has_annotation(_ATTRIBUTES[kind])


def spans_of(doc: Doc, key: Optional[str]) -> Iterable[Span]:
    """RETURNS (Iterable[Span]): Those of a key of `doc.spans`; with None, those of all keys."""
    groups = doc.spans.values() if key is None else [doc.spans.get(key, [])]
    return (span for group in groups for span in group)


def labels_of(doc: Doc, kinds: Set[str], spans_key: Optional[str]) -> Iterable[str]:
    """Find the labels in a gold document, each as often as it is annotated.

    doc (Doc): The document.
    kinds (Set[str]): What to look at. Of several, the first that has labels.
    spans_key (Optional[str]): Of `doc.spans`; None for all keys.
    RETURNS (Iterable[str]): The labels; none if no kind has labels: see `has_labels`.
    """
    for kind, find in _LABELS.items():
        if kind in kinds:
            return find(doc, spans_key)
    return []


def has_labels(kinds: Set[str]) -> bool:
    """RETURNS (bool): Whether `labels_of` can find any."""
    return bool(kinds & set(_LABELS))


def _morphology(doc: Doc) -> List[str]:
    """The labels of a stock morphologizer."""
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
