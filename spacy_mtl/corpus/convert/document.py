"""Represent a document between its format and spaCy."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Counter as CounterType
from typing import Dict, List, Optional, Tuple

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

EntitySpan = Tuple[int, int, str]


@dataclass
class SourceDoc:
    """One document as read from a format.

    None means that the format doesn't have this annotation at all, "" that one token
    lacks it. Neither is the same as an empty annotation.

    words (List[str]): The tokens.
    spaces (List[bool]): Whether a space follows the token.
    path (Path): Where the document comes from.
    line (int): Its first line there.
    heads (Optional[List[Optional[int]]]): Index of the head within the document;
        a root is its own head.
    sent_starts (Optional[List[bool]]): Whether the token starts a sentence.
    ents (Optional[List[EntitySpan]]): First token, end token (exclusive), label.
    unknown_ents (List[int]): Tokens without entity annotation, if others have it.
    cats (Optional[Dict[str, float]]): Scores of labels, taken as they are.
    categories (Optional[List[str]]): The labels that hold. All other labels of the
        corpus don't; `complete_cats` turns this into `cats`.
    left_out (Counter[str]): What could not be converted, and how often.
    """

    words: List[str]
    spaces: List[bool]
    path: Path
    line: int
    tags: Optional[List[str]] = None
    pos: Optional[List[str]] = None
    lemmas: Optional[List[str]] = None
    morphs: Optional[List[str]] = None
    heads: Optional[List[Optional[int]]] = None
    deps: Optional[List[str]] = None
    sent_starts: Optional[List[bool]] = None
    ents: Optional[List[EntitySpan]] = None
    unknown_ents: List[int] = field(default_factory=list)
    cats: Optional[Dict[str, float]] = None
    categories: Optional[List[str]] = None
    left_out: CounterType[str] = field(default_factory=Counter)


def to_doc(source: SourceDoc, vocab: Vocab) -> Doc:
    """Make a spaCy document that keeps missing annotation missing.

    The text doesn't end in a space, whatever `spaces` says about the last token.
    A parse that spaCy cannot represent along with the sentence starts (several roots
    in a sentence, a first word without a head) is left out and counted.

    source (SourceDoc): The document. Only `left_out` may change.
    vocab (Vocab): The vocabulary of the new document.
    RETURNS (Doc): The document.
    """
    doc = _make_doc(source, vocab, with_parse=True)
    if source.heads is not None and source.sent_starts is not None:
        starts = [bool(token.is_sent_start) for token in doc]
        if starts != source.sent_starts:
            source.left_out["parse without exactly one root that spans the sentence"] += 1
            doc = _make_doc(source, vocab, with_parse=False)
    if source.ents is not None:
        doc.set_ents(
            [Span(doc, start, end, label=label) for start, end, label in source.ents],
            missing=[doc[i : i + 1] for i in source.unknown_ents],
            default="outside",
        )
    doc.cats = dict(source.cats or {})
    return doc


def _make_doc(source: SourceDoc, vocab: Vocab, with_parse: bool) -> Doc:
    return Doc(
        vocab,
        words=source.words,
        spaces=[*source.spaces[:-1], False] if source.spaces else [],
        tags=source.tags,
        pos=source.pos,
        lemmas=source.lemmas,
        morphs=source.morphs,
        heads=source.heads if with_parse else None,  # type: ignore[arg-type]
        deps=source.deps if with_parse else None,
        sent_starts=list(source.sent_starts) if source.sent_starts is not None else None,
    )
