"""How ranks end: run as a script, it is one of them. It writes what threads it has then."""

import json
import os
import sys
from pathlib import Path
from typing import List

import numpy
import torch
import torch.distributed as dist


def threads() -> List[str]:
    return [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]


def main(folder: str, how: str) -> None:
    from spacy_mtl.ranks.torch_group import LostRankError, connect

    if how == "connected before":
        dist.init_process_group("gloo")
    group = connect()
    array = numpy.ones(1000, dtype="float32")
    assert group.gather(group.rank) == [0, 1]
    assert group.sum(array)[0] == 2.0
    assert sum(group.gather(group.claim("first"))) == 1
    before = threads()
    if how == "alone" and group.rank == 1:
        os._exit(0)
    is_lost = False
    try:
        if how == "alone":
            group.sum(array)
    except LostRankError as err:
        is_lost = True
        # An error is kept until it is reported.
        kept = err
        assert kept is not None
        group.leave(is_done=False)
    else:
        group.leave()
    if how == "connected before":
        # That one goes on. In another group, nothing has been claimed.
        second = connect()
        assert sum(second.gather(second.claim("first"))) == 1
        second.leave()
        value = torch.ones(1)
        dist.all_reduce(value)
        assert value == 2
        dist.destroy_process_group()
    found = {"before": before, "after": threads(), "is_lost": is_lost}
    Path(folder, f"{group.rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
