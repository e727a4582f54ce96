"""The soft targets of documents: computed once per text, kept in memory and on disk."""

import hashlib
import json
from typing import Callable, List, Sequence

import numpy
from spacy.tokens import Doc

from .store import Targets, TargetStore

#: How many bytes to keep in memory.
_MEMORY = 2**28

Compute = Callable[[Sequence[Doc]], List[numpy.ndarray]]


class SoftTargets:
    """The probabilities that a teacher gives to the classes of documents.

    A text is known by its words and spaces. What is on disk counts, so that a resumed training
    goes on with the same values, whatever batch they were computed in.

    store (TargetStore): The file.
    compute (Callable): Computes the probabilities of documents with tokens.
    dtype (str): The precision to keep.
    """

    def __init__(self, store: TargetStore, compute: Compute, dtype: str) -> None:
        self.store = store
        self._compute = compute
        self._dtype = dtype
        self._memory: Targets = {}
        self._n_bytes = 0

    def of(self, docs: Sequence[Doc], n_empty: int) -> List[numpy.ndarray]:
        """Look up or compute the probabilities of documents.

        docs (Sequence[Doc]): The documents. At least one has tokens.
        n_empty (int): The number of rows of a document without tokens.
        RETURNS (List[Floats2d]): One array per document, of NaN if it has no tokens. Shape of
            each: (n_units, n_classes).
        """
        keys = [key_of(doc) for doc in docs]
        by_key = {key: doc for key, doc in zip(keys, docs) if len(doc)}
        found = {key: self._memory[key] for key in by_key if key in self._memory}
        missing = [key for key in by_key if key not in found]
        if missing:
            known = self.store.read(missing)
            unknown = [key for key in missing if key not in known]
            if unknown:
                computed = self._compute([by_key[key] for key in unknown])
                new = {key: array.astype(self._dtype) for key, array in zip(unknown, computed)}
                known.update(self.store.add(new))
            found.update(known)
            self._remember(known)
        width = next(iter(found.values())).shape[1]
        empty = numpy.full((n_empty, width), numpy.nan, dtype=self._dtype)
        return [found.get(key, empty) for key in keys]

    def _remember(self, known: Targets) -> None:
        self._memory.update(known)
        self._n_bytes += sum(array.nbytes for array in known.values())
        while self._n_bytes > _MEMORY and self._memory:
            # The one that has been there for longest.
            self._n_bytes -= self._memory.pop(next(iter(self._memory))).nbytes


def key_of(doc: Doc) -> bytes:
    """RETURNS (bytes): A hash of the words and spaces of a document."""
    words = [[token.text, bool(token.whitespace_)] for token in doc]
    return hashlib.sha256(json.dumps(words).encode("utf8")).digest()
