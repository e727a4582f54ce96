"""Cut a batch into shares of about the same length, one for each rank."""

from typing import List, Sequence

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from .group import Group


def share_of(nlp: Language, batch: Sequence[Example], group: Group) -> List[Example]:
    """Take this rank's share of a batch.

    nlp (Language): The pipeline.
    batch (Sequence[Example]): The batch, the same on every rank.
    group (Group): The ranks.
    RETURNS (List[Example]): The share, in the order of the batch. If it has no text, an empty one,
        since all ranks have to take part in each step.
    """
    if group.size == 1:
        return list(batch)
    places = cut_evenly([len(eg.predicted) for eg in batch], group.size)[group.rank]
    return [batch[i] for i in places] or [Example(Doc(nlp.vocab), Doc(nlp.vocab))]


def cut_evenly(lengths: Sequence[int], n_shares: int) -> List[List[int]]:
    """Deal texts out so that no share takes much longer than another.

    The longest texts come first, each to the share with the fewest tokens so far. So all shares
    have texts of all lengths: they are about as long when padded, too.

    lengths (Sequence[int]): The number of tokens of each text.
    n_shares (int): The number of shares.
    RETURNS (List[List[int]]): The indices of the texts of each share, in order.
    """
    shares: List[List[int]] = [[] for _ in range(n_shares)]
    totals = [0] * n_shares
    for i in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        # By the number of texts where they are equally long: texts without tokens count, too.
        to = min(range(n_shares), key=lambda k: (totals[k], len(shares[k]), k))
        shares[to].append(i)
        totals[to] += lengths[i]
    return [sorted(share) for share in shares]
