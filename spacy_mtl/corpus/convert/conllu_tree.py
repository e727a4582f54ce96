"""Check the dependency tree of a sentence."""

from typing import List, Optional, Sequence


def find_cycle(heads: Sequence[Optional[int]]) -> Optional[int]:
    """Find a word whose heads lead back to it, in linear time.

    heads (Sequence[Optional[int]]): Number of the head of each word, counted from
        1. 0 is a root, None an unknown head.
    RETURNS (Optional[int]): Number of the first word found in a cycle, None if there
        is no cycle.
    """
    # The walk that visited each word. A walk that meets itself is in a cycle; one
    # that meets an earlier walk needs no further check.
    walk_of: List[int] = [0] * (len(heads) + 1)
    for start in range(1, len(heads) + 1):
        at: Optional[int] = start
        while at and not walk_of[at]:
            walk_of[at] = start
            at = heads[at - 1]
        if at and walk_of[at] == start:
            return at
    return None
