"""Labels of spaCy's parser and ner, which grow when a text has new ones: on all ranks alike."""

from typing import Any, Dict, Iterable, List, Sequence

from spacy.language import Language
from spacy.pipeline import DependencyParser
from spacy.training import Example

from .group import Group


def parsers_of(nlp: Language, frozen: Sequence[str] = ()) -> Dict[str, Any]:
    """Find the components that are parsers in spaCy's sense: ner, too.

    nlp (Language): The pipeline.
    frozen (Sequence[str]): Components to leave out.
    RETURNS (Dict[str, TransitionBasedParser]): The parsers, by name.
    """
    return {
        name: pipe
        for name, pipe in nlp.pipeline
        if name not in frozen and hasattr(pipe, "moves") and hasattr(pipe, "add_label")
    }


def add_labels(parsers: Dict[str, Any], batch: Sequence[Example]) -> None:
    """Add the labels of a batch, which a parser would do with those of its own share.

    parsers (Dict[str, TransitionBasedParser]): The parsers.
    batch (Sequence[Example]): The batch, the same on every rank.
    """
    docs = [doc for eg in batch for doc in (eg.predicted, eg.reference)]
    for pipe in parsers.values():
        # The parser proper has a common label for those that it didn't see at the start.
        if isinstance(pipe, DependencyParser):
            continue
        labels = {label for doc in docs for label in pipe.moves.get_doc_labels(doc)}
        # The order of a set differs by process.
        for label in sorted(labels):
            pipe.add_label(label)


def note_seen(parsers: Dict[str, Any], group: Group) -> None:
    """Agree on the classes without an example so far, which parsers leave out.

    parsers (Dict[str, TransitionBasedParser]): The parsers.
    group (Group): The ranks.
    """
    if not parsers:
        return
    unseen = [sorted(_unseen(pipe)) for pipe in parsers.values()]
    for pipe, found in zip(parsers.values(), zip(*group.gather(unseen))):
        # In place: it is an attribute of the model.
        _unseen(pipe).intersection_update(*found)


def sizes_of(parsers: Dict[str, Any]) -> Dict[str, int]:
    """RETURNS (Dict[str, int]): The number of classes of each parser."""
    return {name: len(pipe.move_names) for name, pipe in parsers.items()}


def take_over(parsers: Dict[str, Any], before: Dict[str, int], group: Group) -> None:
    """Give parsers the labels that those of the first rank have got in an evaluation.

    They add those of entities and parses that texts have before they are predicted.

    parsers (Dict[str, TransitionBasedParser]): The parsers.
    before (Dict[str, int]): The numbers of their classes before: see `sizes_of`.
    group (Group): The ranks.
    """
    if not parsers:
        return
    grown = {
        name: (_in_order(pipe), pipe.model.to_bytes(), sorted(_unseen(pipe)))
        for name, pipe in parsers.items()
        if group.is_first and len(pipe.move_names) != before[name]
    }
    for name, (labels, values, unseen) in group.broadcast(grown).items():
        if group.is_first:
            continue
        pipe = parsers[name]
        for label in labels:
            pipe.add_label(label)
        pipe.model.from_bytes(values)
        pipe.model.attrs["unseen_classes"] = set(unseen)


def _unseen(pipe: Any) -> Any:
    return pipe.model.attrs["unseen_classes"]


def _in_order(pipe: Any) -> List[str]:
    """RETURNS (List[str]): All labels, in the order in which new ones were added."""
    actions: Iterable[Dict[str, int]] = pipe.moves.labels.values()
    # Frequencies of new labels are negative, and fall.
    ranked = {label: n for action in actions for label, n in action.items() if label}
    return sorted(ranked, key=lambda label: -ranked[label])
