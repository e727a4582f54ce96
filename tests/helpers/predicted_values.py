"""What a pipeline predicts, as values to compare."""

from typing import Any, List

from spacy.language import Language
from spacy.tokens import Doc

TEXTS = ["Anna books a room in Berlin .", "the books of New York", "old runs", ""]


def as_values(doc: Doc) -> Any:
    """Tags, entities and categories of a document."""
    ents = [(e.start, e.end, e.label_) for e in doc.ents]
    cats = {label: round(value, 5) for label, value in doc.cats.items()}
    return [token.tag_ for token in doc], ents, cats


def predictions(nlp: Language, texts: List[str] = TEXTS) -> List[Any]:
    """What the pipeline predicts for some texts."""
    return [as_values(doc) for doc in nlp.pipe(texts)]
