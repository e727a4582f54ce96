"""Whitespace within the words of a document, and entities that begin or end there."""

from .document import SourceDoc

TRIMMED = "whitespace at the beginning or end of an entity"
DROPPED = "entity that is whitespace only"


def trim_entities(doc: SourceDoc) -> None:
    """Let entities begin and end with a word that is not whitespace.

    spaCy's heads never output another one. Whitespace is what spaCy's `is_space`
    says: a no-break space and the separators of Unicode are.

    doc (SourceDoc): The document. Changes `ents`, and counts in `left_out` entities
        that are trimmed or dropped.
    """
    if not doc.ents or not any(map(str.isspace, doc.words)):
        return
    trimmed = []
    for first, end, label in doc.ents:
        words = [i for i in range(first, end) if not doc.words[i].isspace()]
        if not words:
            doc.left_out[DROPPED] += 1
            continue
        if words[0] > first or words[-1] + 1 < end:
            doc.left_out[TRIMMED] += 1
        trimmed.append((words[0], words[-1] + 1, label))
    doc.ents = trimmed
