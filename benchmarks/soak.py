"""Ten minutes of texts: does the memory of a pipeline grow with the words it has read?

    python -m benchmarks.soak
    python -m benchmarks.soak --minutes 60 --kinds ours

Briefly trained pipelines with tags, entities and categories read endless texts of random words,
all different, or of the words of a corpus; with an `nlp.memory_zone()` around every 64 texts, or
without. One process for each, two at a time with one thread each. Memory is measured after a
warm-up of a quarter of the time, once the allocator has returned free memory (as glibc does;
others keep some, so their figures are higher). spaCy keeps every word that it has seen. "Bytes per
word" is the slope of memory over the words read.
"""

import argparse
import ctypes
import gc
import json
import random
import string
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import numpy

from . import timing
from .places import ROOT, WORK, default_encoder
from .speed.contestants import HEADS, gold_docs, make_nlp
from .speed.one import peak_memory

#: The number of texts between measurements of memory, and of words per text.
N_TEXTS, N_WORDS = 64, 60
KINDS = ("stock", "stock heads", "ours")
WORDS = ("random", "known")


def texts_of(kind: str, known: List[str], chance: random.Random) -> Iterator[List[str]]:
    """Generate texts forever.

    kind (str): One of `WORDS`.
    known (List[str]): The words of a corpus.
    chance (Random): The random number generator.
    YIELDS (List[str]): A batch of texts.
    """

    def draw() -> str:
        if kind == "known":
            return chance.choice(known)
        return "".join(chance.choices(string.ascii_lowercase, k=chance.randint(4, 10)))

    while True:
        yield [" ".join(draw() for _ in range(N_WORDS)) for _ in range(N_TEXTS)]


def read_for(nlp: Any, texts: Iterator[List[str]], seconds: float, zone: bool) -> Dict[str, Any]:
    """Annotate texts for some time.

    nlp (Language): The pipeline.
    texts (Iterator[List[str]]): Batches of texts.
    seconds (float): How long to annotate.
    zone (bool): Whether to free after each batch what spaCy keeps of it.
    RETURNS (Dict[str, Any]): The words read; MiB after the warm-up, at the end and at the peak;
        and bytes per word.
    """
    seen: List[Tuple[int, float]] = []
    n_words = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        batch = next(texts)
        if zone:
            with nlp.memory_zone():
                _read(nlp, batch)
        else:
            _read(nlp, batch)
        n_words += N_TEXTS * N_WORDS
        if time.perf_counter() - started > seconds / 4:
            seen.append((n_words, kept_memory()))
    return {"n_words": n_words, **growth(seen), "peak": peak_memory()}


def _read(nlp: Any, batch: List[str]) -> None:
    # No document may outlive this loop: the end of a memory zone would invalidate it.
    for _ in nlp.pipe(batch, batch_size=N_TEXTS):
        pass


def growth(seen: List[Tuple[int, float]]) -> Dict[str, float]:
    """Fit a line through measurements of memory.

    seen (List[Tuple[int, float]]): The words read so far and MiB, for each measurement.
    RETURNS (Dict[str, float]): MiB at the beginning and at the end, and bytes per word.
    """
    words, mib = (numpy.asarray(values, dtype="float64") for values in zip(*seen))
    slope = numpy.polyfit(words - words[0], mib, 1)[0] if len(words) > 1 else numpy.nan
    return {"begin": mib[0], "end": mib[-1], "bytes_a_word": float(slope) * 2**20}


def kept_memory() -> float:
    """RETURNS (float): The memory that this process uses, in MiB. Linux only."""
    gc.collect()
    # Texts of random lengths leave holes that glibc keeps for later.
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give_back is not None:
        give_back(0)
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def run_one(spec: Dict[str, Any]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The measurements of one process: see `read_for`."""
    import spacy
    import torch

    torch.set_num_threads(1)
    nlp = spacy.load(spec["pipeline"])
    known = json.loads(Path(spec["known"]).read_text(encoding="utf8"))
    texts = texts_of(spec["words"], known, random.Random(0))
    return read_for(nlp, texts, spec["seconds"], spec["zone"])


def prepare(kinds: List[str], encoder: str, work: Path) -> Path:
    """Briefly train the pipelines, and save them with the known words.

    RETURNS (Path): The folder, with one pipeline per kind.
    """
    folder = work / "soak"
    folder.mkdir(parents=True, exist_ok=True)
    gold = gold_docs("gum", "train", 100, work)
    words = sorted({token.text for doc in gold for token in doc if token.is_alpha})
    (folder / "known.json").write_text(json.dumps(words), encoding="utf8")
    for kind in kinds:
        make_nlp(kind, HEADS["gum"], encoder, gold).to_disk(folder / kind)
    return folder


def start(spec: Dict[str, Any]) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The spec and the result of `run_one` in its own process."""
    command = [sys.executable, "-m", "benchmarks.soak", "--one", json.dumps(spec)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return {**spec, **json.loads(done.stdout.splitlines()[-1])}


def report(rows: List[Dict[str, Any]]) -> None:
    """Print the table."""
    titles = ["pipeline", "words", "memory zone", "words read", "MiB after the warm-up"]
    titles += ["MiB at the end", "peak", "bytes per word"]
    print(f"\n| {' | '.join(titles)} |\n|{' --- |' * len(titles)}")
    for row in rows:
        cells = [row["kind"], row["words"], "yes" if row["zone"] else "no"]
        cells += [f"{row['n_words']:,}", *(f"{row[key]:.0f}" for key in ("begin", "end", "peak"))]
        print(f"| {' | '.join(cells)} | {row['bytes_a_word']:.0f} |")
    print(f"\n{timing.machine()}")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="total time")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--one", help="(used for each process)")
    args = parser.parse_args()
    if args.one:
        print(json.dumps(run_one(json.loads(args.one))))
        return
    folder = prepare(args.kinds, args.encoder or default_encoder(), args.work)
    cells = list(product(args.kinds, WORDS, (False, True)))
    n_jobs = 2
    seconds = 60 * args.minutes * n_jobs / len(cells)
    specs = [
        {
            "kind": kind,
            "words": words,
            "zone": zone,
            "pipeline": str(folder / kind),
            "known": str(folder / "known.json"),
            "seconds": seconds,
        }
        for kind, words, zone in cells
    ]
    with ThreadPoolExecutor(n_jobs) as pool:
        rows = list(pool.map(start, specs))
    report(rows)
    kept = ("kind", "words", "zone", "seconds", "n_words", "begin", "end", "peak", "bytes_a_word")
    timing.keep({"title": "soak", "rows": [{key: row[key] for key in kept} for row in rows]})


if __name__ == "__main__":
    main()
