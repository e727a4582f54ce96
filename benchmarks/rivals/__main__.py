"""Compare inference with flair's multitask model, which has the same encoder and tasks.

    python -m benchmarks.rivals               # GUM: tags, entities, genre
    python -m benchmarks.rivals --corpus snips

The other library has an environment of its own, which the first run creates from
benchmarks/rivals/flair/requirements.txt (or --python names one). It runs in a process of its
own, in turns with stock spaCy and this package; all start from texts. With --threads 1, the
processor's time counts. Its heads are linear layers, not trained, and find no entities, which
favors it. MaChAmp is not on PyPI, and not compared.
"""

import argparse
import os
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List

from ..places import WORK, default_encoder
from ..speed.bench import Bench, default_budget
from ..speed.contestants import inference
from ..timing import report, set_threads
from .environment import Runner, set_up

RIVAL = "flair"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", default="gum", choices=["gum", "snips"])
    parser.add_argument("--encoder", help="a folder (MiniLM)")
    parser.add_argument("--limit", type=int, default=0, help="number of documents (0: all)")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--python", type=Path, help="the interpreter of an environment with flair")
    parser.add_argument("--work", type=Path, default=WORK)
    args = parser.parse_args()
    args.work = args.work.resolve()
    args.encoder = args.encoder or default_encoder()
    args.gpu, args.budget = False, default_budget(False)
    set_threads(args.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    compare(args, args.python or set_up(RIVAL, args.work / f"{RIVAL}-env"))


def compare(args: argparse.Namespace, python: Path) -> None:
    """Print a table of speeds.

    args (argparse.Namespace): The options of the command line.
    python (Path): The interpreter of the other library's environment.
    """
    bench = Bench(args)
    texts = [doc.text for doc in bench.test]
    task = {
        "encoder": args.encoder,
        "texts": texts,
        "threads": args.threads,
        "labels": labels_of(bench.train, bench.heads),
    }
    runner = Runner(RIVAL, python, task, args.work)
    contestants: Dict[str, Callable[[], float]] = {
        "flair": partial(runner.seconds, "none"),
        "flair, the encoder once": partial(runner.seconds, "cpu"),
        "stock spaCy": timed(inference(bench.make("stock"), texts), bench.clock),
        "ours": timed(inference(bench.make(), texts), bench.clock),
    }
    seconds = take_turns(contestants, args.turns)
    runner.close()
    words = sum(map(len, bench.test))
    report(bench.title("other libraries", bench.test), seconds, words, bench.clock.__name__)
    for name, found in seconds.items():
        print(f"{name}: {1000 * min(found) / len(texts):.1f} ms per text at best")


def take_turns(contestants: Dict[str, Callable[[], float]], turns: int) -> Dict[str, List[float]]:
    """RETURNS (Dict[str, List[float]]): The seconds of each turn, after one that is not counted."""
    seconds: Dict[str, List[float]] = {name: [] for name in contestants}
    for turn in range(turns + 1):
        for name, run in contestants.items():
            found = run()
            if turn:
                seconds[name].append(found)
    return seconds


def timed(run: Callable[[], Any], clock: Callable[[], float]) -> Callable[[], float]:
    """RETURNS (Callable[[], float]): Does the work, and returns the seconds it took."""

    def run_timed() -> float:
        started = clock()
        run()
        return clock() - started

    return run_timed


def labels_of(docs: List[Any], heads: Any) -> Dict[str, List[str]]:
    """RETURNS (Dict[str, List[str]]): The labels of each task in annotated documents."""
    found = {
        "tagger": {token.tag_ for doc in docs for token in doc if token.tag_},
        "ner": {ent.label_ for doc in docs for ent in doc.ents},
        "textcat": {label for doc in docs for label in doc.cats},
    }
    return {head: sorted(found[head]) for head in heads}


if __name__ == "__main__":
    main()
