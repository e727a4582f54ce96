"""Removing annotation by kind."""

from typing import Any, Callable, Dict, Iterable

from spacy.tokens import Doc

from .kinds import KINDS, has


def clear(doc: Doc, kinds: Iterable[str]) -> None:
    """Make annotation missing, in place. Sentence starts stay if there are dependencies.

    doc (Doc): The document.
    kinds (Iterable[str]): The kinds to remove.
    """
    for kind in sorted(kinds, key=KINDS.index):
        if has(doc, kind):
            _CLEAR[kind](doc)


def _clear_tokens(name: str, value: Any) -> Callable[[Doc], None]:
    def clear_doc(doc: Doc) -> None:
        for token in doc:
            setattr(token, name, value)

    return clear_doc


def _clear_morphology(doc: Doc) -> None:
    for token in doc:
        token.set_morph(None)  # type: ignore[attr-defined]


def _clear_entities(doc: Doc) -> None:
    doc.set_ents([], default="missing")


def _clear_starts(doc: Doc) -> None:
    # Otherwise the dependencies imply them.
    if not doc.has_annotation("DEP"):
        for token in doc:
            token.is_sent_start = None


def _clear_dependencies(doc: Doc) -> None:
    starts = [token.is_sent_start for token in doc]
    for token in doc:
        token.dep = 0
        token.head = token
    for token, start in zip(doc, starts):
        token.is_sent_start = start


_CLEAR: Dict[str, Callable[[Doc], None]] = {
    "tags": _clear_tokens("tag", 0),
    "parts of speech": _clear_tokens("pos", 0),
    "morphology": _clear_morphology,
    "lemmas": _clear_tokens("lemma", 0),
    "dependencies": _clear_dependencies,
    "sentence starts": _clear_starts,
    "entities": _clear_entities,
    "categories": lambda doc: doc.cats.clear(),
    "spans": lambda doc: doc.spans.clear(),
}
