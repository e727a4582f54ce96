"""What many tasks cost on one encoder: shared, with private layers, with adapters, or apart.

    python -m benchmarks.many_tasks                        # 1, 4 and 16 tasks, MiniLM
    python -m benchmarks.many_tasks --tasks 4 --turns 9

Each way has a pipeline with as many taggers (`HardSharing`, `PartialSharing` with two upper layers
per task, `Adapters`: LoRA of rank 8 in all linear layers), or a pipeline per task. They are saved,
loaded in a process of their own, and annotate the first texts of the test set of GUM on one
thread, in turns. Prints words per second of processor time, so that other work on the machine
doesn't count, relative to `HardSharing` with as many tasks; the peak memory of the process; and
the size of the folders. The heads aren't trained: that changes nothing here.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, List

from spacy_mtl.train.checkpoint import sizes_of

from . import timing
from .places import ROOT, WORK, default_encoder, python_path
from .speed.contestants import gold_docs
from .speed.one import peak_memory

#: The settings of the sharing schemes, by title.
SCHEMES: Dict[str, Dict[str, Any]] = {
    "HardSharing": {},
    "PartialSharing": {"n_private": 2},
    "Adapters": {"rank": 8},
}
APART = "a pipeline per task"
WAYS = (*SCHEMES, APART)


def make_pipelines(way: str, n_tasks: int, encoder: str, folder: Path) -> List[Path]:
    """Make the pipelines of a way, and save them.

    way (str): One of `WAYS`.
    n_tasks (int): The number of tasks.
    encoder (str): Folder or hub name.
    folder (Path): Where to save them.
    RETURNS (List[Path]): Their folders.
    """
    folder.mkdir(parents=True, exist_ok=True)
    groups = [[i] for i in range(n_tasks)] if way == APART else [list(range(n_tasks))]
    paths = []
    for group in groups:
        scheme = "HardSharing" if way == APART else way
        paths.append(folder / f"{scheme}.{group[0]}")
        _make(scheme, group, encoder).to_disk(paths[-1])
    return paths


def _make(scheme: str, tasks: List[int], encoder: str) -> Any:
    import spacy
    from spacy.tokens import Doc
    from spacy.training import Example

    nlp = spacy.blank("en")
    tok2vec = {
        "@architectures": "spacy_mtl.TransformerEncoder.v1",
        "name": encoder,
        "precision": "auto",
    }
    model = {"@architectures": f"spacy_mtl.{scheme}.v1", "tok2vec": tok2vec, **SCHEMES[scheme]}
    nlp.add_pipe("mtl", config={"model": model})
    for task in tasks:
        nlp.add_pipe("mtl_tagger", name=f"tagger{task}")
    words = ["a", "b", "c"]
    gold = Doc(nlp.vocab, words=words, tags=["A", "B", "C"])
    with warnings.catch_warnings():
        # All of them set tags.
        warnings.simplefilter("ignore")
        nlp.initialize(lambda: [Example(Doc(nlp.vocab, words=words), gold)])
    return nlp


def ways_of(n_tasks: int) -> List[str]:
    """RETURNS (List[str]): The ways to have a number of tasks."""
    # A single task has all layers for itself.
    return [way for way in WAYS if n_tasks > 1 or way != "PartialSharing"]


def size_of(paths: List[Path]) -> float:
    """RETURNS (float): The size of some folders, in MiB."""
    return sum(sum(sizes_of(path).values()) for path in paths) / 2**20


def serve(paths: List[Path], texts: List[str]) -> None:
    """Load pipelines, and annotate the texts for each line of standard input.

    Prints "ready", then each time the seconds of processor time and the peak memory in MiB.
    """
    import spacy
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    pipelines = [spacy.load(path) for path in paths]
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.process_time()
        for nlp in pipelines:
            for _ in nlp.pipe(texts):
                pass
        print(json.dumps([time.process_time() - started, peak_memory()]), flush=True)


class Contestant:
    """A way, with its pipelines in a process of their own.

    paths (List[Path]): The pipelines.
    texts (Path): A JSON file with the texts.
    """

    def __init__(self, paths: List[Path], texts: Path) -> None:
        self.size = size_of(paths)
        self.seconds: List[float] = []
        self.peak = 0.0
        given = json.dumps({"paths": list(map(str, paths)), "texts": str(texts)})
        environ = {**os.environ, "PYTHONPATH": python_path(), "OMP_NUM_THREADS": "1"}
        environ["TOKENIZERS_PARALLELISM"] = "false"
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.many_tasks", "--serve", given],
            stdin=pipe,
            stdout=pipe,
            text=True,
            cwd=ROOT,
            env=environ,
        )
        self._read()

    def run(self, *, counts: bool) -> None:
        """Annotate the texts once.

        counts (bool): Whether the time counts.
        """
        assert self._process.stdin is not None
        self._process.stdin.write("once\n")
        self._process.stdin.flush()
        seconds, self.peak = json.loads(self._read())
        if counts:
            self.seconds.append(seconds)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a process failed: see the error above")
        return line


def compare(n_tasks: int, encoder: str, texts: List[str], n_words: int, turns: int) -> None:
    """Print the costs of all ways, for a number of tasks.

    n_tasks (int): The number of tasks.
    encoder (str): Folder or hub name.
    texts (List[str]): What to annotate.
    n_words (int): The number of words in it.
    turns (int): How often each annotates, after one time that doesn't count.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "texts.json"
        file.write_text(json.dumps(texts), encoding="utf8")
        found = {}
        for i, way in enumerate(ways_of(n_tasks)):
            own = Path(folder) / str(i)
            found[way] = Contestant(make_pipelines(way, n_tasks, encoder, own), file)
        for turn in range(turns + 1):
            for each in found.values():
                each.run(counts=turn > 0)
        for each in found.values():
            each.close()
    hard = found["HardSharing"].seconds
    for way, each in found.items():
        speed = statistics.median(n_words / seconds for seconds in each.seconds)
        ratio = statistics.median(base / own for base, own in zip(hard, each.seconds))
        print(
            f"| {n_tasks} | {way} | {speed:,.0f} | {ratio:.2f} | {each.peak:,.0f} | "
            f"{each.size:,.0f} |",
            flush=True,
        )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--texts", type=int, default=30, help="documents of GUM")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--encoder", default=None, help="folder or hub name")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        given = json.loads(args.serve)
        texts = json.loads(Path(given["texts"]).read_text(encoding="utf8"))
        serve(list(map(Path, given["paths"])), texts)
        return
    docs = gold_docs("gum", "test", args.texts, args.work)
    warnings.simplefilter("ignore")
    print("| tasks | | words/s | relative | memory, MiB | on disk, MiB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for n_tasks in args.tasks:
        texts = [doc.text for doc in docs]
        encoder = args.encoder or default_encoder()
        compare(n_tasks, encoder, texts, sum(map(len, docs)), args.turns)
    print(f"\n{timing.machine()}")


if __name__ == "__main__":
    main()
