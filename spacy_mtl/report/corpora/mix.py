"""Predict what a schedule will draw from the corpora, as far as possible."""

import warnings
from copy import deepcopy
from typing import Dict, Optional

from ...corpus.reader import MultiCorpus
from ...corpus.sampler import Sampler
from .counts import CorpusCounts


def mix_of(sampler: Sampler, n_batches: int, batch_size: float) -> Dict[str, float]:
    """Predict the shares of a schedule, as far as possible.

    sampler (Sampler): A new sampler, which is changed. For a dynamic schedule, the initial shares
        are used.
    n_batches (int): The number of batches.
    batch_size (float): The approximate number of examples per batch.
    RETURNS (Dict[str, float]): Each corpus' share of the batches.
    """
    totals = dict.fromkeys(sampler.sizes, 0.0)
    is_dynamic = sampler.schedule.needs_losses or sampler.schedule.needs_scores
    n_batches = min(n_batches, 1000) if is_dynamic else n_batches
    schedule = sampler.schedule
    for _ in range(n_batches):
        if is_dynamic:
            sampler.schedule = deepcopy(schedule)
        for corpus, share in sampler.shares(mixed=True).items():
            totals[corpus] += share / n_batches
            sampler.note(corpus, share * batch_size)
        sampler.step += 1
    return totals


def planned_sampler(reader: MultiCorpus, counts: Dict[str, CorpusCounts]) -> Optional[Sampler]:
    """RETURNS (Optional[Sampler]): A sampler for the corpora; None without a schedule."""
    if reader.schedule is None:
        return None
    sizes = {name: found.n_texts for name, found in counts.items()}
    with warnings.catch_warnings():
        # Corpora that are never drawn are reported as problems.
        warnings.simplefilter("ignore", UserWarning)
        return Sampler(reader.schedule, sizes, reader.corpora.tasks)
