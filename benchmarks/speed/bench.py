"""What is measured: a corpus and an encoder, with the options of the command line."""

import argparse
import os
import time
from pathlib import Path
from typing import Any, Callable, Dict, List

from ..places import default_encoder
from ..timing import Contestant, measure, report
from .contestants import HEADS, gold_docs, make_nlp


def default_budget(gpu: bool) -> int:
    """RETURNS (int): How many wordpieces, with padding, our encoder takes at once by default."""
    return 16_384 if gpu else 1024


class Bench:
    """A corpus and an encoder, with the options of the command line."""

    def __init__(self, args: argparse.Namespace) -> None:
        """Read the corpus.

        args (argparse.Namespace): The options of the command line.
        """
        self.args = args
        self.heads = HEADS.get(args.corpus, HEADS["gum"])
        self.train = gold_docs(args.corpus, "train", args.limit, args.work)
        self.test = gold_docs(args.corpus, "test", args.limit, args.work)

    def make(self, kind: str = "ours", heads: Any = None, **settings: Any) -> Any:
        """RETURNS (Language): See `make_nlp`."""
        return make_nlp(kind, heads or self.heads, self.args.encoder, self.train, **settings)

    def title(self, what: str, docs: List[Any]) -> str:
        """RETURNS (str): The title of a measurement."""
        args = self.args
        changed = [] if args.encoder == default_encoder() else [Path(args.encoder).name]
        changed += (
            [] if args.budget == default_budget(args.gpu) else [f"{args.budget:,} wordpieces"]
        )
        if not args.gpu and args.threads != os.cpu_count():
            changed.append("1 thread" if args.threads == 1 else f"{args.threads} threads")
        return ", ".join([args.corpus, what, f"{len(docs)} documents", *changed])

    @property
    def clock(self) -> Callable[[], float]:
        """RETURNS (Callable[[], float]): The clock.

        With one thread, the processor's time counts: other work on the machine hardly matters
        then, and nobody gains by a second thread.
        """
        is_alone = self.args.threads == 1 and not self.args.gpu
        return time.process_time if is_alone else time.perf_counter

    def measure(
        self, what: str, docs: List[Any], contestants: Dict[str, Contestant]
    ) -> Dict[str, List[float]]:
        """Time the contestants, print a table, and save the figures.

        what (str): What they do.
        docs (List[Doc]): What they do it with.
        contestants (Dict[str, Callable[[], None]]): The contestants by name.
        RETURNS (Dict[str, List[float]]): The seconds of each turn.
        """
        seconds = measure(contestants, self.args.turns, self.clock, alternate=True)
        report(self.title(what, docs), seconds, sum(map(len, docs)), self.clock.__name__)
        return seconds
