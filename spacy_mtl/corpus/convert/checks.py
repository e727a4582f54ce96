"""What every document must hold, whatever its format: words, and labels that can be learned."""

from typing import Iterator, Optional, Tuple

from .document import SourceDoc
from .errors import ConversionError, show


def label_fault(label: str) -> Optional[str]:
    """Tell what is wrong with a label.

    label (str): Of a category, an entity, a tag or a dependency.
    RETURNS (Optional[str]): What is wrong, None if nothing is.
    """
    if not label.strip():
        return "is empty or whitespace only"
    if label != label.strip():
        return "begins or ends with whitespace"
    return text_fault(label)


def text_fault(text: str) -> Optional[str]:
    """Tell whether a text has characters that cannot be written.

    text (str): The text.
    RETURNS (Optional[str]): What is wrong, None if nothing is.
    """
    if "\0" in text:
        return "contains a NUL character"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "cannot be written as UTF-8: it contains half of a surrogate pair"
    return None


def check_doc(doc: SourceDoc) -> None:
    """Check words and labels of a document.

    doc (SourceDoc): The document, its categories complete or not.
    RAISES (ConversionError): If a word or a label can be none.
    """
    if fault := text_fault("".join(doc.words)):
        word = next(word for word in doc.words if text_fault(word))
        raise ConversionError(f"the word {show(word)} {fault}. Remove it", doc.path, doc.line)
    for kind, label in _labels_of(doc):
        if fault := label_fault(label):
            reason = f"the {kind} {show(label)} {fault}. Give it another name, or leave it out"
            raise ConversionError(reason, doc.path, doc.line)


def _labels_of(doc: SourceDoc) -> Iterator[Tuple[str, str]]:
    for label in (*(doc.cats or ()), *(doc.categories or ())):
        yield "category", label
    for _, _, label in doc.ents or ():
        yield "label of an entity", label
    for kind, labels in (("tag", doc.tags), ("dependency", doc.deps)):
        # "" is a missing one.
        for label in {*(labels or ())} - {""}:
            yield kind, label
    for lemma in {*(doc.lemmas or ())} - {""}:
        if text_fault(lemma):
            yield "lemma", lemma
