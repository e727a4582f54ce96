"""The processor's cores, shared out between processes."""

import os


def threads_each(n_processes: int) -> int:
    """RETURNS (int): How many threads each of several processes should have; at least one."""
    try:
        # Fewer than there are, where this process may not use all.
        n_cores = len(os.sched_getaffinity(0))
    except AttributeError:
        n_cores = os.cpu_count() or 1
    return max(1, n_cores // n_processes)
