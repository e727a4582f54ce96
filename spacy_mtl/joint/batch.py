"""What the log and the auxiliary losses of a step need to know about its batch, over all ranks."""

from collections import Counter
from dataclasses import dataclass
from typing import Dict, List, Mapping, Sequence

from spacy.training import Example

from ..ranks.group import Group
from .annotated import corpus_counts


@dataclass(frozen=True)
class Batch:
    """The batch of one rank, or of all together.

    n_docs (int): The number of documents.
    n_tokens (int): The number of their tokens.
    counts (Dict[str, int]): The number of documents by corpus.
    auxiliary (Dict[str, float]): The auxiliary losses of the sharing scheme. Those of several
        ranks are averaged by tokens. This is exact for penalties on parameters and for means over
        tokens.
    share (float): The share that this rank has of the tokens of all.
    """

    n_docs: int
    n_tokens: int
    counts: Dict[str, int]
    auxiliary: Dict[str, float]
    share: float = 1.0

    @classmethod
    def of(cls, examples: Sequence[Example], auxiliary: Mapping[str, float]) -> "Batch":
        """RETURNS (Batch): The batch of this rank."""
        lengths = [len(eg.predicted) for eg in examples]
        return cls(len(lengths), sum(lengths), corpus_counts(examples), dict(auxiliary))

    @property
    def corpora(self) -> Dict[str, float]:
        """RETURNS (Dict[str, float]): The share of documents of each corpus."""
        return {name: n / self.n_docs for name, n in self.counts.items()}

    def over(self, group: Group) -> "Batch":
        """RETURNS (Batch): The batches of all ranks together; one rank's as it is."""
        found: List[Batch] = group.gather(self)
        if len(found) == 1:
            return self
        # An empty share has one document, which stands for none.
        found = [each for each in found if each.n_tokens] or found
        total = sum(each.n_tokens for each in found) or 1
        counts: Counter = Counter()
        auxiliary: Dict[str, float] = {}
        for each in found:
            counts.update(each.counts)
            for name, value in each.auxiliary.items():
                auxiliary[name] = auxiliary.get(name, 0.0) + value * (each.n_tokens / total)
        n_docs = sum(each.n_docs for each in found)
        return Batch(n_docs, total, dict(counts), auxiliary, self.n_tokens / total)
