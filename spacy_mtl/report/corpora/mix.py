"""What a schedule will draw from the corpora, as far as can be known before."""

import warnings
from copy import deepcopy
from typing import Dict, Optional

from ...corpus.mixer import Mixer
from ...corpus.reader import MultiCorpus
from .counts import CorpusCounts


def mix_of(mixer: Mixer, n_batches: int, batch_size: float) -> Dict[str, float]:
    """Say what a schedule will give, as far as can be known before.

    mixer (Mixer): Newly made: it is drawn from. A dynamic schedule gives what it begins with.
    n_batches (int): How many batches.
    batch_size (float): The examples of a batch, about.
    RETURNS (Dict[str, float]): The share of the batches of each corpus.
    """
    totals = dict.fromkeys(mixer.sizes, 0.0)
    is_dynamic = hasattr(mixer.schedule, "observe_losses") or hasattr(
        mixer.schedule, "observe_scores"
    )
    n_batches = min(n_batches, 1000) if is_dynamic else n_batches
    schedule = mixer.schedule
    for _ in range(n_batches):
        if is_dynamic:
            mixer.schedule = deepcopy(schedule)
        for corpus, share in mixer.shares(mixed=True).items():
            totals[corpus] += share / n_batches
            mixer.note(corpus, share * batch_size)
        mixer.step += 1
    return totals


def mixer_of(reader: MultiCorpus, counts: Dict[str, CorpusCounts]) -> Optional[Mixer]:
    """RETURNS (Optional[Mixer]): What draws from the corpora; None without a schedule."""
    if reader.schedule is None:
        return None
    sizes = {name: found.n_texts for name, found in counts.items()}
    with warnings.catch_warnings():
        # Who is never drawn is among the problems.
        warnings.simplefilter("ignore", UserWarning)
        return Mixer(reader.schedule, sizes, reader.tasks)
