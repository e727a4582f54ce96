"""How speed and memory depend on sizes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator

from ..places import ROOT
from ..timing import Contestant, keep
from .bare import bare_batches, bare_inference, load_network
from .bench import Bench
from .contestants import inference
from .engines.table import EAGER

BUDGETS = (256, 512, 1024, 2048, 4096, 8192)
LENGTHS = (10, 100, 1000, 10_000, 20_000, 100_000)
N_DOCS = (10, 100, 1000, 10_000, 100_000)


def compare_budgets(bench: Bench) -> None:
    """Compare numbers of wordpieces that go through the encoder at once."""
    args = bench.args
    texts = [doc.text for doc in bench.test]
    network = load_network(args.encoder)
    contestants: Dict[str, Contestant] = {}
    for budget in BUDGETS:
        batches = bare_batches(args.encoder, texts, budget)
        contestants[f"{EAGER}, {budget:,}"] = bare_inference(network, batches, "fp32")
        nlp = bench.make(batch_pieces=budget)
        contestants[f"ours, {budget:,}"] = inference(nlp, texts)
    first = f"{EAGER}, 1,024"
    bench.measure("wordpieces at once", bench.test, {first: contestants[first], **contestants})


def compare_memory(bench: Bench) -> None:
    """Compare peak memory, load time and size, each pipeline in its own process."""
    print("\n| | peak memory (MiB) | load (s) | on disk (MiB) | wheel (MiB) |")
    print("| --- | --- | --- | --- | --- |")
    for kind in ("stock", "ours"):
        path = _saved(bench, kind)
        row = {**one(bench, path), "disk": _mib(path.rglob("*")), "wheel": _size_of_wheel(path)}
        figures = f"{row['peak']:,.0f} | {row['load']:.1f} | {row['disk']:,.0f}"
        print(f"| {kind} | {figures} | {row['wheel']:,.0f} |", flush=True)
        keep({"title": bench.title("memory", bench.test), "kind": kind, **row})


def compare_sizes(what: str, bench: Bench) -> None:
    """Print how time and memory grow.

    what (str): "length": with the length of a document. "documents": with the number of
        documents of ten words.
    """
    path = _saved(bench, "ours")
    print(f"\n| {what} | words | words per second | peak memory (MiB) |")
    print("| --- | --- | --- | --- |")
    for size in LENGTHS if what == "length" else N_DOCS:
        # About ten thousand words in total, or one document.
        length, n_docs = (size, max(1, 10_000 // size)) if what == "length" else (10, size)
        row = one(bench, path, f"--words={length}", f"--docs={n_docs}")
        n_words = length * n_docs
        speed = n_words / row["seconds"]
        print(f"| {size:,} | {n_words:,} | {speed:,.0f} | {row['peak']:,.0f} |", flush=True)
        keep({"title": f"{bench.args.corpus}, {what}", "size": size, "n_words": n_words, **row})


def one(bench: Bench, pipeline: Path, *options: str) -> Dict[str, float]:
    """Annotate in a process of its own.

    pipeline (Path): A saved pipeline.
    *options (str): For `benchmarks.speed.one`. By default the test texts of the corpus.
    RETURNS (Dict[str, float]): "load" and "seconds", and "peak" in MiB.
    """
    args = bench.args
    command = [sys.executable, "-m", "benchmarks.speed.one", str(pipeline), *options]
    command += ["--corpus", args.corpus, "--limit", str(args.limit), "--work", str(args.work)]
    command += ["--gpu"] if args.gpu else ["--threads", str(args.threads)]
    return json.loads(subprocess.check_output(command, cwd=ROOT).splitlines()[-1])


def _saved(bench: Bench, kind: str) -> Path:
    path = bench.args.work / "speed" / kind
    path.mkdir(parents=True, exist_ok=True)
    bench.make(kind).to_disk(path)
    return path


def _size_of_wheel(path: Path) -> float:
    packages = path.with_name(f"{path.name}-wheel")
    packages.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "spacy", "package", str(path), str(packages)]
    command += ["--build", "wheel", "--force", "--name", path.name, "--version", "0.0.0"]
    subprocess.run(command, check=True, capture_output=True)
    return _mib(packages.rglob("*.whl"))


def _mib(paths: Iterator[Path]) -> float:
    return sum(path.stat().st_size for path in paths if path.is_file()) / 2**20
