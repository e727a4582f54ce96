"""One stream of batches through the workers, and its results by shard."""

from collections import deque
from typing import Deque, Dict, Iterator, List, Sequence, Set, Tuple

from .collection import CollectionError, Row, Shard
from .engines.contract import Engine, EngineError


def annotated_shards(
    shards: Sequence[Shard], workers: Engine
) -> Iterator[Tuple[Shard, Iterator[List[Row]]]]:
    """Annotate shards by workers that needn't wait for the end of one to begin with the next.

    shards (Sequence[Shard]): The shards.
    workers (Engine): The workers.
    YIELDS (Tuple[Shard, Iterator[List[Dict[str, Any]]]]): Each shard with its annotated batches,
        which have to be read before the next shard. They end with the error of a shard that can't
        be read, when the ones before it are through.
    """
    owners: Deque[int] = deque()
    failed: Dict[int, Exception] = {}
    is_read: Set[int] = set()

    def read() -> Iterator[List[Row]]:
        for i, shard in enumerate(shards):
            try:
                for batch in shard.batches():
                    owners.append(i)
                    yield batch
            except CollectionError as err:
                failed[i] = err
                return
            is_read.add(i)

    results = ((owners.popleft(), batch) for batch in workers.run(read()))
    waiting: List[Tuple[int, List[Row]]] = []

    def batches_of(i: int) -> Iterator[List[Row]]:
        # Without a look at what follows, where that isn't needed: the next result may take long.
        while waiting or i not in is_read or i in owners:
            if not waiting and (found := next(results, None)) is not None:
                waiting.append(found)
            elif not waiting and i not in failed and (i in owners or i not in is_read):
                raise EngineError("The workers have ended before all rows were annotated.")
            if not waiting or waiting[0][0] != i:
                break
            yield waiting.pop()[1]
        if i in failed:
            raise failed[i]

    for i, shard in enumerate(shards):
        yield shard, batches_of(i)
