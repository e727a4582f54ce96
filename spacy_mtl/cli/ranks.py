"""Start the ranks of a training on this machine, and end them together."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Any, Iterator, List, Sequence

from ..cores import threads_each
from ..interrupts import TerminatedError, interrupted_by_terminate
from .errors import INTERRUPTED, CommandError
from .rank import LOST, WATCHED

#: How long the other ranks have to end when one has, in seconds: by themselves, since they may be
#: saving, and after a signal.
_OWN_WAY, _GRACE = 20.0, 20.0
_INTERVAL = 0.1
_GO_ON = "--resume continues from the last checkpoint."


def start_ranks(n_ranks: int, words: Sequence[str]) -> int:
    """Run a command once for each rank, and wait until all have ended.

    If one fails, the others are ended. Each fault is reported once, by one of the ranks; what they
    can't tell, that one of them was killed, is reported here.

    n_ranks (int): The number of ranks.
    words (Sequence[str]): The words of the command after `python -m spacy`, without those that
        start ranks.
    RETURNS (int): The exit status of the first rank that has failed, or 0.
    RAISES (CommandError): If a rank was killed, or this process is a rank itself.
    """
    from torch.distributed import TCPStore

    from ..ranks.torch_group import environment_of, size_of_environment

    size = size_of_environment() or 1
    if size > 1:
        raise CommandError(
            f"--ranks {n_ranks} starts ranks, but a launcher has started this process as one of "
            f"{size}",
            "Leave out --ranks under torchrun.",
        )

    # Where ranks find each other. It is kept here, so that any of them may end.
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    common = {
        **os.environ,
        "LOCAL_WORLD_SIZE": str(n_ranks),
        # Tells PyTorch that the store is there already.
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "TORCHELASTIC_RESTART_COUNT": "0",
        WATCHED: str(os.getpid()),
    }
    common.setdefault("OMP_NUM_THREADS", str(threads_each(n_ranks)))
    command = [sys.executable, "-m", "spacy", *words]
    processes: List[subprocess.Popen] = []
    with _output() as output, interrupted_by_terminate():
        try:
            for rank in range(n_ranks):
                own = environment_of(rank, n_ranks, store.port)
                processes.append(subprocess.Popen(command, env={**common, **own}, stdout=output))
            return _wait(processes, store)
        except TerminatedError:
            _end(processes, signal.SIGTERM)
            return INTERRUPTED
        except KeyboardInterrupt:
            # From a terminal, they were interrupted, too.
            _wait_for(processes, _OWN_WAY)
            _end(processes, signal.SIGTERM)
            return INTERRUPTED
        finally:
            _end(processes, signal.SIGKILL)


@contextmanager
def _output() -> Iterator[Any]:
    """Make a file that the ranks can write to, and that ends up in the standard output."""
    try:
        sys.stdout.flush()
        sys.stdout.fileno()
    except (OSError, ValueError):
        with TemporaryFile("w+", encoding="utf8") as file:
            try:
                yield file
            finally:
                file.seek(0)
                sys.stdout.write(file.read())
    else:
        yield sys.stdout


def _wait(processes: Sequence[subprocess.Popen], store: Any) -> int:
    """Wait for the ranks. RETURNS (int): The exit status for all."""
    from ..ranks.torch_group import LOST_REASON

    while True:
        statuses = [process.poll() or 0 for process in processes]
        if any(statuses):
            break
        if all(process.returncode == 0 for process in processes):
            return 0
        time.sleep(_INTERVAL)
    killed = [rank for rank, status in enumerate(statuses) if status < 0]
    # Those that wait for the one that has ended notice that it has.
    _wait_for(processes, _OWN_WAY)
    told = [status for status in (process.poll() for process in processes) if status]
    _end(processes, signal.SIGKILL)
    told = [status for status in told if status > 0 and status != LOST]
    if told:
        return int(told[0])
    if not killed:
        reason = store.get(LOST_REASON).decode("utf8") if store.check([LOST_REASON]) else ""
        raise CommandError(
            f"The {len(processes)} ranks have lost each other", f"{reason} {_GO_ON}".strip()
        )
    raise CommandError(
        f"Rank {killed[0]} of {len(processes)} was ended by "
        f"{signal.Signals(-statuses[killed[0]]).name}",
        "If that was not you, memory may have run out: use fewer ranks or smaller batches. "
        + _GO_ON,
    )


def _end(processes: Sequence[subprocess.Popen], how: int) -> None:
    """End the processes that still run: by a signal, then by force."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(how)
    _wait_for(processes, _GRACE)
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()


def _wait_for(processes: Sequence[subprocess.Popen], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(process.poll() is None for process in processes):
        time.sleep(_INTERVAL)
