"""A group of several ranks, over a process group of PyTorch."""

import itertools
import os
import pickle
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from traceback import clear_frames
from typing import Any, Dict, Iterator, List, Mapping, Optional, TypeVar

import numpy
import torch
import torch.distributed as dist
from thinc.api import torch2xp, xp2torch

from ..compat.torch import store_of_ranks
from .draws import Draws
from .group import FLOAT32, Group

_Value = TypeVar("_Value")
#: Most objects fit into one message of so many bytes. Its length is in as many in front.
_FIRST, _HEAD = 2040, 8
#: How long a rank waits for another. The first one may evaluate or save for long. (A rank that has
#: died is noticed at once: its connections are closed.)
_PATIENCE = timedelta(days=7)
#: How long ranks wait for each other at the start, in seconds; and the variable that sets it.
_START, START = 300, "SPACY_MTL_RANKS_START"
#: How long a rank that is done waits for the others, before it closes its connections to them.
_TO_LEAVE = timedelta(seconds=30)
#: The keys in the store that say that a rank is there, that it is done, and who does what for all.
_HERE, _DONE, _CLAIM = "spacy_mtl/", "done/", "claim/"
#: The key of the reason why a rank has lost the others.
LOST_REASON = "spacy_mtl/lost"
#: The groups that this process has been in: one after another, if it trains several pipelines.
_groups = itertools.count()
#: The variables with which PyTorch's launchers tell a process which rank it is.
RANK, SIZE, LOCAL_RANK = "RANK", "WORLD_SIZE", "LOCAL_RANK"


class LostRankError(RuntimeError):
    """Raised if another rank has ended."""


class StartError(RuntimeError):
    """Raised if the ranks don't find each other."""


class TorchGroup(Group):
    """The default process group of this process, with several ranks.

    Arrays on a CPU are summed by gloo, those on GPUs by the process group's own backend (NCCL).

    store (Store): The store by which the ranks have found each other.
    is_own (bool): Whether the process group was made for this one, and ends with it.
    """

    def __init__(self, store: Any, is_own: bool) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self._store, self._is_own = store, is_own
        # What was noted for an earlier group doesn't count for this one.
        self._own_store = dist.PrefixStore(f"spacy_mtl/group/{next(_groups)}", store)
        self._claimed: Dict[str, bool] = {}
        self._draws = Draws(self.rank)
        # Objects, and arrays on a CPU.
        self._of_objects: Any = dist.new_group(backend="gloo", timeout=_PATIENCE)

    def sum(self, array: Any, kind: str = FLOAT32) -> Any:
        """Add up arrays: see `Group`."""
        # An array of numpy stays one, also where models are on a GPU.
        is_numpy = isinstance(array, numpy.ndarray)
        values = (torch.from_numpy(array) if is_numpy else xp2torch(array)).contiguous()
        sent = values if kind == FLOAT32 else values.to(getattr(torch, kind))
        is_on_cpu = sent.device.type == "cpu"
        with told():
            # The default group may know GPUs alone, as that of Ray Train does. No name for the
            # group: an error would hold it, with its threads.
            dist.all_reduce(sent, group=self._of_objects if is_on_cpu else None)
        summed = sent.to(values.dtype)
        return summed.numpy() if is_numpy else torch2xp(summed)

    def gather(self, value: _Value) -> List[_Value]:
        """RETURNS (List[Any]): The values of all ranks: see `Group`."""
        data = pickle.dumps(value)
        most = _FIRST
        while True:
            sent = numpy.zeros(most + _HEAD, dtype="uint8")
            sent[:_HEAD] = numpy.frombuffer(len(data).to_bytes(_HEAD, "little"), dtype="uint8")
            kept = data[:most]
            sent[_HEAD : _HEAD + len(kept)] = numpy.frombuffer(kept, dtype="uint8")
            found = self._gather_bytes(sent)
            lengths = [int.from_bytes(each[:_HEAD].tobytes(), "little") for each in found]
            if max(lengths) <= most:
                pairs = zip(found, lengths)
                return [pickle.loads(each[_HEAD : _HEAD + n].tobytes()) for each, n in pairs]
            most = max(lengths)

    def _gather_bytes(self, sent: numpy.ndarray) -> List[numpy.ndarray]:
        found = [torch.empty(len(sent), dtype=torch.uint8) for _ in range(self.size)]
        with told():
            dist.all_gather(found, torch.from_numpy(sent), group=self._of_objects)
        return [each.numpy() for each in found]

    def broadcast(self, value: _Value) -> _Value:
        """RETURNS (Any): The value of the first rank: see `Group`."""
        found: List[Any] = [value]
        with told():
            dist.broadcast_object_list(found, src=0, group=self._of_objects)
        return found[0]

    def barrier(self) -> None:
        """Wait until all ranks are here."""
        self.gather(None)

    def own_chance(self) -> AbstractContextManager:
        """Draw apart from other ranks: see `Group`."""
        return self._draws.own()

    def common_chance(self) -> AbstractContextManager:
        """Draw the same on all ranks: see `Group`."""
        return self._draws.common()

    def same_chance(self) -> AbstractContextManager:
        """Start from the same state on all ranks: see `Group`."""
        return self._draws.same()

    def get_chance(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The state of this rank's own draws."""
        return self._draws.get_state()

    def set_chance(self, state: Mapping[str, Any]) -> None:
        """Restore a state of this rank's own draws: see `Group`."""
        self._draws.set_state(state)

    def claim(self, what: str) -> bool:
        """Find out whether this rank is the first to ask. Others need not be asking.

        what (str): What it wants to do, such as to report an error for all.
        RETURNS (bool): Whether it is, or was before. Also true if nobody can be asked any more.
        """
        if what not in self._claimed:
            try:
                self._claimed[what] = self._own_store.add(f"{_CLAIM}{what}", 1) == 1
            except RuntimeError:
                return True
        return self._claimed[what]

    def note_lost(self, reason: str) -> None:
        """Tell the launcher, which keeps the store, why this rank ends.

        reason (str): The reason.
        """
        with suppress(RuntimeError):
            self._store.set(LOST_REASON, reason)

    def leave(self, is_done: bool = True) -> None:
        """Leave the group, before the process ends.

        A thread of gloo may still let go of an array then, for which it needs Python: if that was
        ending already, the process would be aborted. So the threads end here.

        is_done (bool): Whether all ranks are to leave, not this one alone. What others still read
            is lost if a connection is closed too early.
        """
        if is_done:
            keys = [f"{_DONE}{rank}" for rank in range(self.size)]
            # Also if the store was kept by a rank that has ended.
            with suppress(RuntimeError):
                self._own_store.set(keys[self.rank], "")
                self._own_store.wait(keys, _TO_LEAVE)
        of_objects, self._of_objects = self._of_objects, None
        if self._is_own:
            dist.destroy_process_group()
        else:
            dist.destroy_process_group(of_objects)


@contextmanager
def told() -> Iterator[None]:
    """Say that another rank has ended, where an operation of PyTorch fails.

    RAISES (LostRankError): If so.
    """
    try:
        yield
    except RuntimeError as err:
        # They hold the process group, which has to end before Python does.
        clear_frames(err.__traceback__)
        reason = (str(err).splitlines() or [type(err).__name__])[0][:200]
        raise LostRankError(
            "Another rank has ended, or can't be reached, so this one ends, too. If nothing else "
            f"is reported, it was killed: memory may have run out. PyTorch says: {reason}"
        ) from err


def size_of_environment() -> Optional[int]:
    """RETURNS (Optional[int]): The number of ranks that a launcher has started, if one has."""
    found = os.environ.get(SIZE, "")
    return int(found) if found.isdecimal() and os.environ.get(RANK, "").isdecimal() else None


def environment_of(rank: int, size: int, port: int) -> Dict[str, str]:
    """RETURNS (Dict[str, str]): The variables with which a rank finds others on this machine.

    rank (int): The rank.
    size (int): The number of ranks, all on this machine.
    port (int): The port where they meet.
    """
    return {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        SIZE: str(size),
        RANK: str(rank),
        LOCAL_RANK: str(rank),
    }


def is_connected() -> bool:
    """RETURNS (bool): Whether this process has found the other ranks."""
    return bool(dist.is_initialized())


def connect(use_gpu: int = -1) -> TorchGroup:
    """Find the other ranks, as the environment says (`torchrun` sets it), unless this process has
    found them already, as in Ray Train.

    use_gpu (int): Whether ranks compute on GPUs, from this one on; -1 for CPUs.
    RETURNS (TorchGroup): The group.
    RAISES (StartError): If they don't find each other in time.
    """
    if is_connected():
        return TorchGroup(store_of_ranks(), is_own=False)
    given = os.environ.get(START, str(_START))
    if not given.isdecimal():
        raise StartError(f"The environment variable {START} is '{given}', but it must be seconds.")
    seconds = int(given)
    try:
        found = dist.rendezvous("env://", timeout=timedelta(seconds=seconds))
        store, rank, size = next(iter(found))
        store.set(f"{_HERE}{rank}", "")
        store.wait([f"{_HERE}{each}" for each in range(size)], timedelta(seconds=seconds))
        dist.init_process_group(
            "gloo" if use_gpu < 0 else "cpu:gloo,cuda:nccl",
            store=store,
            rank=rank,
            world_size=size,
            timeout=_PATIENCE,
        )
    except (RuntimeError, ValueError, OSError) as err:
        reason = (str(err).splitlines() or [type(err).__name__])[0][:200]
        raise StartError(
            f"Rank {os.environ.get(RANK)} of {os.environ.get(SIZE)} did not find the others at "
            f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')} within {seconds} "
            f"seconds ({reason}). Start all ranks, check that the machines reach each other and "
            "that the port is free, or give them more time: set the environment variable "
            f"{START} to a number of seconds."
        ) from err
    return TorchGroup(store, is_own=True)
