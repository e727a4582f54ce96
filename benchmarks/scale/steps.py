"""A training that takes steps when it is asked to: one process, or one of several ranks.

benchmarks.scale.training starts it, and writes to its standard input: the number of steps and of
threads. What they took is a line of JSON on the standard output of the first rank.
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

from ..accuracy.runs import Run
from ..accuracy.suites import SUITES
from ..accuracy.training import config_of

SUITE = "gum-sharing"


@dataclass(frozen=True)
class Plan:
    """What is trained.

    precision (str): The precision of the encoder.
    size (int): The size of a batch, of all ranks together.
    unit (str): What the size counts: "words" or "texts".
    encoder (str): Folder or hub name.
    work (str): Folder for corpora and models.
    """

    precision: str
    size: int
    unit: str
    encoder: str
    work: str


def title_of(precision: str, size: int, unit: str) -> str:
    """RETURNS (str): A plan in words."""
    return f"{precision}, {size:,} {unit}"


class Stopwatch:
    """Adds up the seconds that calls of functions take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, function: Callable) -> Callable:
        """RETURNS (Callable): The function, with each call timed."""

        def call(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - started

        return call


def make_training(plan: Plan, group: Any) -> Any:
    """RETURNS (Training): A joint training on GUM, before its first step."""
    from spacy.training.initialize import init_nlp
    from spacy.util import load_config

    from spacy_mtl.train.training import Training

    run = Run(SUITE, "ours-joint-equal", SUITES[SUITE].tasks, 0)
    path, overrides = config_of(run, plan.encoder, Path(plan.work))
    config = load_config(path, overrides=overrides, interpolate=False)
    # Inside `mtl`, where it needs no padding, as in the configs that `spacy mtl init-config` makes.
    del config["components"]["transformer"]
    config["nlp"]["pipeline"] = [
        name for name in config["nlp"]["pipeline"] if name != "transformer"
    ]
    config["components"]["mtl"]["model"]["tok2vec"] = {
        "@architectures": "spacy_mtl.TransformerEncoder.v1",
        "name": plan.encoder,
        "precision": plan.precision,
    }
    kind = {"words": "batch_by_words", "texts": "batch_by_sequence"}[plan.unit]
    config["training"]["batcher"] = {"@batchers": f"spacy.{kind}.v1", "size": plan.size}
    if plan.unit == "words":
        config["training"]["batcher"].update(tolerance=0.1, discard_oversize=False)
    return Training(init_nlp(config), group=group)


def answers(training: Any, group: Any, orders: Iterator[str]) -> Iterator[Dict[str, float]]:
    """Take steps when asked to.

    training (Training): The training.
    group (Group): The ranks.
    orders (Iterator[str]): The number of steps and of threads, separated by a space.
    YIELDS (Dict[str, float]): The seconds per step: in all ("step"), of the optimizer
        ("optimizer"), of the reduction with its wait for other ranks ("reduction"), and of adding
        up as many values when nobody waits ("sum"); and the number of values that were added up
        ("values"), 0 for one process.
    """
    import numpy
    import torch

    optimizer, reduction = Stopwatch(), Stopwatch()
    sizes: List[int] = []
    add_up = group.sum

    def noted(array: Any, *args: Any) -> Any:
        sizes.append(array.size)
        return add_up(array, *args)

    training._reduction.reduce = reduction.timed(training._reduction.reduce)
    for _, pipe in training.nlp.pipeline:
        pipe.finish_update = optimizer.timed(pipe.finish_update)
    steps = training.steps(evaluates=False)
    for order in orders:
        n, n_threads = map(int, order.split())
        torch.set_num_threads(n_threads)
        optimizer.seconds = reduction.seconds = 0.0
        sizes.clear()
        group.sum = noted
        group.barrier()
        started = time.perf_counter()
        for _ in range(n):
            next(steps)
        group.barrier()
        ended = time.perf_counter()
        group.sum = add_up
        n_values = sum(sizes) / n
        values = numpy.zeros(int(n_values), dtype="float32")
        group.barrier()
        added = time.perf_counter()
        group.sum(values)
        yield {
            "step": (ended - started) / n,
            "optimizer": optimizer.seconds / n,
            "reduction": reduction.seconds / n,
            "sum": time.perf_counter() - added,
            "values": n_values,
        }


def main() -> None:
    """Take steps until the standard input ends."""
    from spacy_mtl.ranks.group import ALONE
    from spacy_mtl.ranks.torch_group import connect, size_of_environment

    group = connect() if size_of_environment() else ALONE
    # Its own prints don't mix with the answers.
    output, sys.stdout = sys.stdout, sys.stderr
    training = make_training(Plan(**json.loads(sys.argv[1])), group)
    for answer in answers(training, group, iter(sys.stdin)):
        if group.is_first:
            print(json.dumps(answer), file=output, flush=True)
    group.leave()


if __name__ == "__main__":
    main()
