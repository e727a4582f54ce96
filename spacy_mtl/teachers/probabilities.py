"""What a component must give as a teacher: this package's heads do, spaCy's have an adapter."""

from typing import Any, Callable, Dict, List, Protocol, Sequence, Tuple, runtime_checkable

import numpy
from spacy.language import Language
from spacy.tokens import Doc

from ..losses import softmax
from .settings import TeacherSettings

#: The kinds of probabilities, and the factories that can give them.
KINDS = {
    "tags": "mtl_tagger or tagger",
    "entities": "mtl_ner",
    "categories": "mtl_textcat or textcat",
    "labels": "mtl_textcat_multilabel or textcat_multilabel",
}


@runtime_checkable
class GivesProbabilities(Protocol):
    """A component that others can learn from."""

    #: One of `KINDS`.
    target_kind: str

    @property
    def labels(self) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): Its labels."""

    def give_targets(self, docs: Sequence[Doc]) -> List[numpy.ndarray]:
        """Compute the probabilities of documents, whose encoder has run.

        docs (Sequence[Doc]): Documents with tokens.
        RETURNS (List[Floats2d]): One array per document: one row per token, or one for the
            whole document. Shape of each: (n_units, n_classes).
        """
        ...


class StockTeacher:
    """A component of spaCy's.

    pipe (TrainablePipe): The component.
    target_kind (str): One of `KINDS`.
    """

    def __init__(self, pipe: Any, target_kind: str) -> None:
        self.pipe = pipe
        self.target_kind = target_kind

    @property
    def labels(self) -> Tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): Its labels."""
        return tuple(self.pipe.labels)

    def give_targets(self, docs: Sequence[Doc]) -> List[numpy.ndarray]:
        """RETURNS (List[Floats2d]): The probabilities: see `GivesProbabilities`."""
        model = self.pipe.model
        return _STOCK[self.target_kind](model.ops, model.predict(list(docs)))


def find_component(nlp: Language, settings: TeacherSettings, kind: str) -> GivesProbabilities:
    """Find the component of a teacher that a head learns from.

    nlp (Language): The pipeline of the teacher.
    settings (TeacherSettings): The settings.
    kind (str): What the head needs: one of `KINDS`.
    RETURNS (GivesProbabilities): The component, or its adapter.
    RAISES (ValueError): If there is no such component, or it is of another kind.
    """
    name, path = settings.component, settings.path
    if name not in nlp.component_names:
        raise ValueError(
            f"The teacher of the component '{settings.head}', {path}, has no component '{name}'. "
            f"Its components are {', '.join(nlp.component_names) or 'none'}. Set 'component' in "
            f"{settings.block} to the one to learn from, or 'path' to another pipeline."
        )
    pipe: Any = nlp.get_pipe(name)
    factory = nlp.get_pipe_meta(name).factory
    if not isinstance(pipe, GivesProbabilities) and factory in _STOCK_KINDS:
        pipe = StockTeacher(pipe, _STOCK_KINDS[factory])
    found = pipe.target_kind if isinstance(pipe, GivesProbabilities) else None
    if found == kind:
        return pipe
    why = ""
    if factory in ("ner", "beam_ner"):
        why = " It moves from state to state, and has no probabilities of single tokens."
    raise ValueError(
        f"The component '{name}' of {path}, the teacher of '{settings.head}', is of the factory "
        f"'{factory}', but must be of {KINDS.get(kind, kind)}.{why} Set 'component' or 'path' in "
        f"{settings.block} to one that is."
    )


def _of_tokens(ops: Any, scores: Any) -> List[numpy.ndarray]:
    found: List[Any] = []
    for array in map(ops.to_numpy, scores):
        # spaCy's taggers leave out the softmax unless they were built with `normalize`.
        sums = array.sum(axis=1)
        is_done = bool((array >= 0).all()) and bool((abs(sums - 1) < 1e-3).all())
        found.append(array if is_done else softmax(array))
    return found


def _of_docs(ops: Any, scores: Any) -> List[numpy.ndarray]:
    return [row.reshape((1, -1)) for row in ops.to_numpy(scores)]


_STOCK_KINDS = {"tagger": "tags", "textcat": "categories", "textcat_multilabel": "labels"}
_STOCK: Dict[str, Callable[[Any, Any], List[numpy.ndarray]]] = {
    "tags": _of_tokens,
    "categories": _of_docs,
    "labels": _of_docs,
}
