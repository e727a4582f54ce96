"""Which annotation a task reads, whether a text has it, and how to take it away."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

from spacy.language import Language
from spacy.morphology import Morphology
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry

from ..heads.scores import spans_key_of

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


class TaskGold:
    """What a task has in gold documents.

    nlp (Language): The pipeline.
    task (str): The name of the component.
    """

    def __init__(self, nlp: Language, task: str) -> None:
        self.kinds = kinds_of(nlp, task)
        self._pipe: Any = nlp.get_pipe(task)
        block = nlp.config.interpolate()["initialize"]["components"].get(task, {})
        named = registry.resolve({"labels": block.get("labels")})["labels"]
        #: The labels that the config names, if it does.
        self.named: Optional[Set[str]] = None if named is None else _flat(named)

    @property
    def knows_labels(self) -> bool:
        """RETURNS (bool): Whether `labels` can tell."""
        known = {"entities", "categories", "tags", "spans", "morphology", "dependencies"}
        return hasattr(self._pipe, "count_labels") or bool(self.kinds & known)

    def labels(self, example: Example) -> Iterable[str]:
        """Find the labels in an example, each as often as it is annotated.

        example (Example): The example.
        RETURNS (Iterable[str]): The labels, of those that the config names if it does; none
            where it is not known how the component is annotated.
        """
        gold: Doc = example.reference
        found: Iterable[str] = []
        # A head of exclusive categories refuses those of another among its own.
        is_mixed = self.named is not None and "categories" in self.kinds
        if hasattr(self._pipe, "count_labels") and not is_mixed:
            (own,) = self._pipe.own_examples([example])
            found = self._pipe.count_labels(own)
        elif "entities" in self.kinds:
            found = [ent.label_ for ent in gold.ents]
        elif "categories" in self.kinds:
            found = list(gold.cats)
        elif "tags" in self.kinds:
            found = [token.tag_ for token in gold if token.tag_]
        elif "spans" in self.kinds:
            found = [span.label_ for span in self._spans(gold)]
        elif "morphology" in self.kinds:
            found = _morphology(gold)
        elif "dependencies" in self.kinds:
            found = [token.dep_ for token in gold if token.dep]
        return found if self.named is None else [each for each in found if each in self.named]

    def count_unfit(self, example: Example) -> int:
        """RETURNS (int): How many gold entities a head of this package has to trim or leave out."""
        count = getattr(self._pipe, "count_unfit", None)
        return 0 if count is None else count(example)

    def is_in(self, doc: Doc) -> bool:
        """RETURNS (bool): Whether there is annotation; True also where that is not known."""
        if hasattr(self._pipe, "has_gold"):
            return self._pipe.has_gold(doc)
        if self.kinds == {"spans"}:
            return any(True for _ in self._spans(doc))
        return not self.kinds or any(has(doc, kind) for kind in self.kinds)

    def _spans(self, doc: Doc) -> Iterable[Span]:
        key = spans_key_of(self._pipe)
        groups = doc.spans.values() if key is None else [doc.spans.get(key, [])]
        return (span for group in groups for span in group)


def _flat(labels: Any) -> Set[str]:
    """The labels that `spacy init labels` has written: for a parser, or spaCy's ner, by action."""
    if isinstance(labels, dict) and all(isinstance(found, dict) for found in labels.values()):
        return {label for found in labels.values() for label in found}
    return set(labels)


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
    # Elsewhere they come with the dependencies.
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
