"""Which annotation a task reads, whether a text has it, and how to take it away."""

from typing import Any, Callable, Dict, Iterable, Set, Tuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

#: What components say that they assign, and what their gold annotation is.
_KINDS = {
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


def kinds_of(nlp: Language, task: str) -> Set[str]:
    """Tell what annotation a component is trained on.

    nlp (Language): The pipeline.
    task (str): The name of the component.
    RETURNS (Set[str]): Such as "tags". Empty if that is not known.
    """
    pipe: Any = nlp.get_pipe(task)
    # Heads of this package know; of others, what they set is what they learn.
    known = getattr(pipe, "gold_attributes", None)
    assigned = nlp.get_pipe_meta(task).assigns if known is None else known()
    return {kind for attribute, kind in _KINDS.items() if attribute in assigned}


def labels_of(nlp: Language, task: str, example: Example) -> Iterable[str]:
    """Find the labels of a task in an example, each as often as it is annotated.

    nlp (Language): The pipeline.
    task (str): The name of the component.
    example (Example): The example.
    RETURNS (Iterable[str]): The labels; none where it is not known how the component is
        annotated.
    """
    pipe: Any = nlp.get_pipe(task)
    if hasattr(pipe, "count_labels"):
        return pipe.count_labels(example)
    kinds = kinds_of(nlp, task)
    gold: Doc = example.reference
    if "entities" in kinds:
        return [ent.label_ for ent in gold.ents]
    if "categories" in kinds:
        return list(gold.cats)
    if "tags" in kinds:
        return [token.tag_ for token in gold if token.tag_]
    if "spans" in kinds:
        return [span.label_ for group in gold.spans.values() for span in group]
    return []


def has(doc: Doc, kind: str) -> bool:
    """RETURNS (bool): Whether a document has annotation of a kind."""
    if kind == "categories":
        return bool(doc.cats)
    if kind == "spans":
        return any(len(group) for group in doc.spans.values())
    return doc.has_annotation(_ATTRIBUTES[kind])


def clear(doc: Doc, kinds: Iterable[str]) -> None:
    """Make annotation missing, in place. Sentence starts stay where there are dependencies.

    doc (Doc): The document.
    kinds (Iterable[str]): What to take away.
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


_ATTRIBUTES = {
    "tags": "TAG",
    "parts of speech": "POS",
    "morphology": "MORPH",
    "lemmas": "LEMMA",
    "dependencies": "DEP",
    "sentence starts": "SENT_START",
    "entities": "ENT_IOB",
}
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
# Dependencies before sentence starts, which they imply.
KINDS: Tuple[str, ...] = tuple(_CLEAR)
