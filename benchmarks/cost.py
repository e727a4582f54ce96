"""Compare what a training step and inference cost with two checkouts of the package.

    python -m benchmarks.cost PATH/OF/ANOTHER/CHECKOUT --encoder cnn --turns 60
    python -m benchmarks.cost PATH/OF/ANOTHER/CHECKOUT --turns 20      # MiniLM

Each checkout trains the same pipeline (tags, entities, a category; batches of 16 made-up texts)
in its own process, on one thread. The two take turns, step by step, and only CPU time counts, so
other work on the machine affects both equally. The output is this checkout's time relative to the
other's: the ratio of the medians, and the median of the ratios within a turn.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable, Dict, List

from . import timing
from .corpora.config import EQUAL_WEIGHTS
from .places import ROOT, default_encoder

N_TEXTS, N_BATCH = 64, 16
TEXT = "the of and to in Anna Bert books room Berlin Rome runs home old new city says that"
HEADS = {"tagger": "mtl_tagger", "ner": "mtl_ner", "textcat": "mtl_textcat"}
CNN: Dict[str, Any] = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 96,
    "depth": 4,
    "embed_size": 2000,
    "window_size": 1,
    "maxout_pieces": 3,
    "subword_features": True,
}


def make_texts(nlp: Any) -> List[Any]:
    """RETURNS (List[Doc]): Gold documents of 8 to 40 words, the same in every process."""
    from spacy.tokens import Doc, Span

    numbers = random.Random(1)
    docs = []
    for i in range(N_TEXTS):
        words = [numbers.choice(TEXT.split()) for _ in range(numbers.randrange(8, 40))]
        doc = Doc(nlp.vocab, words=words, tags=[word[:2] for word in words])
        names = [Span(doc, j, j + 1, "PER") for j, word in enumerate(words) if word[0].isupper()]
        doc.set_ents(names, default="outside")
        doc.cats = {"a": float(i % 2), "b": float(1 - i % 2)}
        docs.append(doc)
    return docs


def make_jobs(encoder: str) -> Dict[str, Callable[[int], Any]]:
    """Make the jobs to time.

    encoder (str): "cnn", or the folder or hub name of a transformer.
    RETURNS (Dict[str, Callable[[int], Any]]): By name, a function that does the job once. It
        takes the number of the turn.
    """
    import spacy
    import torch
    from spacy.tokens import Doc
    from spacy.training import Example
    from thinc.api import Adam, fix_random_seed

    torch.set_num_threads(1)
    fix_random_seed(0)
    nlp = spacy.blank("en")
    ours = {"@architectures": "spacy_mtl.TransformerEncoder.v1", "name": encoder}
    tok2vec = CNN if encoder == "cnn" else ours
    model = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": tok2vec}
    nlp.add_pipe("mtl", config={"model": model, "weighting": EQUAL_WEIGHTS})
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name)
    gold = make_texts(nlp)
    texts = [doc.text for doc in gold]
    nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc) for doc in gold])
    sgd = Adam(0.001)

    def take_step(turn: int) -> None:
        start = turn * N_BATCH % N_TEXTS
        batch = gold[start : start + N_BATCH]
        examples = [Example(Doc(nlp.vocab, words=[t.text for t in doc]), doc) for doc in batch]
        nlp.update(examples, drop=0.1, sgd=False, losses={})  # type: ignore[arg-type]
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)  # type: ignore[attr-defined]

    return {"a training step": take_step, "inference": lambda turn: list(nlp.pipe(texts))}


def serve(encoder: str) -> None:
    """Run each job that standard input names, and print the seconds it took."""
    warnings.simplefilter("ignore")
    jobs = make_jobs(encoder)
    print("ready", flush=True)
    for turn, line in enumerate(sys.stdin):
        started = time.process_time()
        jobs[line.strip()](turn)
        print(time.process_time() - started, flush=True)


class Checkout:
    """A checkout of the package, running in its own process.

    path (Path): The folder of the checkout.
    encoder (str): See `make_jobs`.
    """

    def __init__(self, path: Path, encoder: str) -> None:
        self._folder = TemporaryDirectory()
        # Use the checkout's own entry points, whatever is installed.
        setup = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", self._folder.name]
        subprocess.run(setup, cwd=path, check=True)
        found = os.pathsep.join([self._folder.name, str(path)])
        environ = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": found}
        # The package comes from the checkout, but both run this very module.
        start = f"import sys, spacy_mtl; sys.path.insert(0, {str(ROOT)!r}); import benchmarks.cost"
        command = [sys.executable, "-P", "-c", f"{start} as c; c.serve({encoder!r})"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environ, text=True)
        self._answer()

    def seconds(self, job: str) -> float:
        """RETURNS (float): How many seconds a job takes."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{job}\n")
        self._process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
        self._folder.cleanup()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a checkout failed: see the error above")
        return line.strip()


def compare(other: Path, encoder: str, turns: int) -> None:
    """Print how this checkout compares to another.

    other (Path): The folder of the other checkout.
    encoder (str): See `make_jobs`.
    turns (int): How often each checkout runs each job, after three runs that don't count.
    """
    this, that = Checkout(ROOT, encoder), Checkout(other, encoder)
    print("| | ms, other | ms, this | ratio of medians | median ratio |")
    print("| --- | --- | --- | --- | --- |")
    for job in ("a training step", "inference"):
        ours: List[float] = []
        theirs: List[float] = []
        for turn in range(turns + 3):
            # Alternate who goes first: the second may find warm caches.
            for checkout, found in [(this, ours), (that, theirs)][:: 1 if turn % 2 else -1]:
                found.append(checkout.seconds(job))
        ours, theirs = ours[3:], theirs[3:]
        medians = [statistics.median(found) for found in (theirs, ours)]
        ratio = statistics.median(a / b for a, b in zip(ours, theirs))
        print(
            f"| {job} | {1000 * medians[0]:.1f} | {1000 * medians[1]:.1f} | "
            f"{medians[1] / medians[0]:.3f} | {ratio:.3f} |"
        )
    this.close()
    that.close()
    print(f"\n{timing.machine()}")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="folder of the other checkout")
    parser.add_argument("--encoder", default=None, help='"cnn", a folder or a hub name')
    parser.add_argument("--turns", type=int, default=20)
    args = parser.parse_args()
    if not (args.other / "spacy_mtl").is_dir():
        parser.error(f"{args.other} is not a checkout: it has no folder 'spacy_mtl'")
    compare(args.other.resolve(), args.encoder or default_encoder(), args.turns)


if __name__ == "__main__":
    main()
