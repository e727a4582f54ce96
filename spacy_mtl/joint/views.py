"""The views of documents outside of training steps, for schemes in which they differ by task.

Most schemes make them from `doc.tensor`. Schemes inside the encoder have to run it: see `run`.
"""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Sequence
from weakref import WeakKeyDictionary

from spacy.tokens import Doc

from ..sharing.contract import Scheme, scheme_of
from ..types import Features, TokenVectors
from .pipeline import Pipeline


@dataclass
class _Kept:
    """The views of one document, valid as long as it has this very tensor."""

    tensor: Any
    by_task: Dict[str, Any] = field(default_factory=dict)


class ViewTable:
    """Make each head's view from `doc.tensor`, the shared representation.

    After the joint component has run on a batch, the views of all enabled heads are made at once,
    and kept until each head reads its own. Views that are not there (of a document that was loaded,
    copied or retokenized, or read before) are made again; by a scheme inside the encoder with
    another run of it. The table holds documents weakly, and nothing in it is saved with them.

    pipeline (Pipeline): The pipeline around the joint component.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._kept: "WeakKeyDictionary[Doc, _Kept]" = WeakKeyDictionary()

    @property
    def is_needed(self) -> bool:
        """RETURNS (bool): Whether views differ from the shared representation."""
        return self._scheme.has_own_views

    def keep(self, docs: Sequence[Doc]) -> None:
        """Make the views of all enabled heads for a batch that the encoder has just read.

        docs (Sequence[Doc]): The documents.
        """
        filled = [doc for doc in docs if len(doc)]
        # A scheme inside the encoder has made them while it ran.
        if self._scheme.is_inside or not self._enabled or not filled:
            return
        self._keep(filled, [doc.tensor for doc in filled], self._make(self._enabled, filled))

    def run(self, docs: Sequence[Doc]) -> TokenVectors:
        """Run encoder and scheme, and keep the views of all enabled heads.

        They are valid once `doc.tensor` is what this returns.

        docs (Sequence[Doc]): The documents. At least one has a token.
        RETURNS (List[Floats2d]): The shared representation. Shape of each: (n_tokens, width).
        """
        features = self._pipeline.model.get_ref("tok2vec").predict(docs)
        vectors: TokenVectors = features.vectors
        if self._enabled:
            self._keep(docs, vectors, self._views_of(features, self._enabled))
        return vectors

    def read(self, task: str, docs: Sequence[Doc]) -> TokenVectors:
        """Get a head's view of documents that have a tensor, and stop keeping it.

        task (str): The name of the head.
        docs (Sequence[Doc]): The documents.
        RETURNS (List[Floats2d]): One array per document. Shape: (n_tokens, width of the view).
        """
        found: Dict[int, Any] = {}
        for i, doc in enumerate(docs):
            kept = self._kept.get(doc)
            if kept is not None and kept.tensor is doc.tensor and task in kept.by_task:
                found[i] = kept.by_task.pop(task)
                if not kept.by_task:
                    # It also holds the tensor, which its owner may want to let go.
                    self._kept.pop(doc, None)
        missing = [i for i in range(len(docs)) if i not in found]
        if missing:
            views = self._make([task], [docs[i] for i in missing])[task]
            found.update(zip(missing, views))
        return [found[i] for i in range(len(docs))]

    @property
    def _scheme(self) -> Scheme:
        return scheme_of(self._pipeline.model.get_ref("sharing"))

    @property
    def _enabled(self) -> List[str]:
        """The heads whose views are made. All of them if the pipeline is unknown."""
        nlp, tasks = self._pipeline.nlp, self._pipeline.tasks
        if nlp is None:
            return tasks
        enabled = nlp.pipe_names
        return [task for task in tasks if task in enabled]

    def _keep(
        self, docs: Sequence[Doc], tensors: Sequence[Any], views: Dict[str, TokenVectors]
    ) -> None:
        for i, (doc, tensor) in enumerate(zip(docs, tensors)):
            if len(doc):
                self._kept[doc] = _Kept(tensor, {task: view[i] for task, view in views.items()})

    def _make(self, tasks: Sequence[str], docs: Sequence[Doc]) -> Dict[str, TokenVectors]:
        model = self._pipeline.model
        if self._scheme.is_inside:
            return self._views_of(model.get_ref("tok2vec").predict(docs), tasks)
        # A tensor of other code may have another type or be on another device.
        tensors: List[Any] = [doc.tensor for doc in docs]
        arrays = [model.ops.asarray2f(tensor) for tensor in tensors]
        return self._views_of(Features(arrays), tasks)

    def _views_of(self, features: Features, tasks: Sequence[str]) -> Dict[str, TokenVectors]:
        self._scheme.set_precision(self._pipeline.precision())
        sharing = self._pipeline.model.get_ref("sharing")
        by_task: Dict[str, TokenVectors] = sharing.predict((features, tasks)).by_task
        return by_task
