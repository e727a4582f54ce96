"""Check the words and labels of a document, whatever its format."""

from typing import Iterator, Optional, Tuple

from .document import SourceDoc
from .errors import ConversionError, show


def label_fault(label: str) -> Optional[str]:
    """Describe what is wrong with a label, if anything.

    label (str): The label of a category, an entity, a tag or a dependency.
    RETURNS (Optional[str]): What is wrong, or None.
    """
    if not label.strip():
        return "is empty or whitespace only"
    if label != label.strip():
        return "begins or ends with whitespace"
    return text_fault(label)


def text_fault(text: str) -> Optional[str]:
    """Describe characters in a text that cannot be written, if any.

    text (str): The text.
    RETURNS (Optional[str]): What is wrong, or None.
    """
    if "\0" in text:
        return "contains a NUL character"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "cannot be written as UTF-8: it contains half of a surrogate pair"
    return None


def check_doc(doc: SourceDoc) -> None:
    """Check the words and labels of a document.

    doc (SourceDoc): The document, its categories complete or not.
    RAISES (ConversionError): If a word or a label is invalid.
    """
    if fault := text_fault("".join(doc.words)):
        word = next(word for word in doc.words if text_fault(word))
        raise ConversionError(f"the word {show(word)} {fault}. Remove it", doc.path, doc.line)
    for kind, label in _labels_of(doc):
        if fault := label_fault(label):
            reason = f"the {kind} {show(label)} {fault}. Rename it, or leave it out"
            raise ConversionError(reason, doc.path, doc.line)


def _labels_of(doc: SourceDoc) -> Iterator[Tuple[str, str]]:
    for label in (*(doc.cats or ()), *(doc.categories or ())):
        yield "category", label
    for _, _, label in doc.ents or ():
        yield "entity label", label
    for kind, labels in (("tag", doc.tags), ("dependency", doc.deps)):
        # "" means missing.
        for label in {*(labels or ())} - {""}:
            yield kind, label
    for lemma in {*(doc.lemmas or ())} - {""}:
        if text_fault(lemma):
            yield "lemma", lemma
