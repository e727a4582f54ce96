"""The views of documents outside of training steps, for schemes in which they differ by task."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Sequence
from weakref import WeakKeyDictionary

from spacy.tokens import Doc

from ..sharing.contract import scheme_of
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
    copied or retokenized, or read before) are made again. The table holds documents weakly, and
    nothing in it is saved with them.

    pipeline (Pipeline): The pipeline around the joint component.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._kept: "WeakKeyDictionary[Doc, _Kept]" = WeakKeyDictionary()

    @property
    def is_needed(self) -> bool:
        """RETURNS (bool): Whether views differ from the shared representation."""
        return scheme_of(self._pipeline.model.get_ref("sharing")).has_own_views

    def keep(self, docs: Sequence[Doc]) -> None:
        """Make the views of all enabled heads for a batch that the encoder has just read.

        docs (Sequence[Doc]): The documents.
        """
        nlp = self._pipeline.nlp
        tasks = self._pipeline.tasks
        if nlp is not None:
            enabled = nlp.pipe_names
            tasks = [task for task in tasks if task in enabled]
        filled = [doc for doc in docs if len(doc)]
        if not tasks or not filled:
            return
        views = self._make(tasks, filled)
        for i, doc in enumerate(filled):
            self._kept[doc] = _Kept(doc.tensor, {task: views[task][i] for task in tasks})

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

    def _make(self, tasks: Sequence[str], docs: Sequence[Doc]) -> Dict[str, TokenVectors]:
        sharing = self._pipeline.model.get_ref("sharing")
        scheme_of(sharing).set_precision(self._pipeline.precision())
        # A tensor of other code may have another type or be on another device.
        tensors: List[Any] = [doc.tensor for doc in docs]
        arrays = [sharing.ops.asarray2f(tensor) for tensor in tensors]
        by_task: Dict[str, TokenVectors] = sharing.predict((Features(arrays), tasks)).by_task
        return by_task
