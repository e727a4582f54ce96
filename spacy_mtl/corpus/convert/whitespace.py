"""Trim entities that begin or end with whitespace tokens."""

from .document import SourceDoc

TRIMMED = "whitespace at the beginning or end of an entity"
DROPPED = "entity that is whitespace only"


def trim_entities(doc: SourceDoc) -> None:
    """Make entities begin and end with a word that isn't whitespace.

    spaCy's heads never predict other entities. Whitespace follows spaCy's `is_space`,
    which includes no-break spaces and Unicode separators.

    doc (SourceDoc): The document. Updates `ents`, and counts trimmed and dropped
        entities in `left_out`.
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
