"""Speed of this package and of stock spaCy, relative to the bare encoder.

    python -m benchmarks.speed inference   # words a second, from texts to documents
    python -m benchmarks.speed training    # forward, backward, Adam
    python -m benchmarks.speed tasks       # 1, 2, 4, 8 and 16 heads
    python -m benchmarks.speed length      # documents of 10 to 100,000 words
    python -m benchmarks.speed memory      # peak memory, time to load, size on disk

The contestants run in one process and take turns, so that what else the machine does
meets all of them; figures are ratios within a turn: median (lowest to highest). The bare
encoder is the Hugging Face model, called on wordpieces that were made beforehand, sorted
by length, in padded batches of --budget wordpieces. The others start from texts (inference)
or from examples (training). The corpus is GUM, read from $SPACY_MTL_DATA (default
../shared). Figures are added to benchmarks/results/speed.jsonl.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

from .accuracy import ROOT, default_encoder
from .timing import Contestant, keep, measure, report

HEADS = ("tagger", "ner", "textcat")
LENGTHS = (10, 100, 1000, 10_000, 100_000)


def gold_docs(split: str, limit: int, work: Path) -> List[Any]:
    """RETURNS (List[Doc]): Annotated documents of GUM."""
    import spacy
    from spacy.tokens import DocBin

    from .accuracy import SUITES, _corpus

    path = _corpus(SUITES["gum"], split, work)
    docs = list(DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))
    return docs[:: max(1, len(docs) // limit)][:limit] if limit else docs


def make_nlp(kind: str, encoder: str, gold: List[Any], precision: str = "fp32") -> Any:
    """Make a pipeline with three heads, and train it a little, so that it has opinions.

    kind (str): "stock" or "ours"; "ours, N heads" has so many, tagger, ner, textcat and again.
    """
    import spacy
    from spacy.training import Example
    from thinc.api import Config, fix_random_seed

    fix_random_seed(0)
    if kind == "stock":
        config = Config().from_disk(ROOT / "benchmarks/stock.cfg")
        config["components"]["transformer"]["model"]["name"] = encoder
        nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    else:
        nlp = spacy.blank("en")
        tok2vec = {"@architectures": "spacy_mtl.TransformerEncoder.v1", "name": encoder}
        model = {
            "@architectures": "spacy_mtl.HardSharing.v1",
            "tok2vec": {**tok2vec, "precision": precision},
        }
        nlp.add_pipe("mtl", config={"model": model})
        n_heads = int(kind.split()[1]) if "heads" in kind else len(HEADS)
        for i in range(n_heads):
            head = HEADS[i % len(HEADS)]
            nlp.add_pipe(f"mtl_{head}", name=f"{head}{i}")
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in gold[:100]]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 2e-4
    for start in range(0, len(examples), 10):
        nlp.update(examples[start : start + 10], sgd=optimizer)
    return nlp


def bare_batches(encoder: str, texts: List[str], budget: int) -> List[Dict[str, Any]]:
    """RETURNS (List[Dict[str, Tensor]]): Padded batches of texts of like length."""
    import numpy
    from transformers import AutoTokenizer

    from spacy_mtl.encoder.batching import batch_by_padded_size

    tokenizer = AutoTokenizer.from_pretrained(encoder)
    encoded = tokenizer(texts, truncation=True, max_length=512)["input_ids"]
    groups = batch_by_padded_size(numpy.asarray([len(ids) for ids in encoded]), budget)
    rows = [{"input_ids": [encoded[i] for i in group]} for group in groups]
    return [dict(tokenizer.pad(batch, return_tensors="pt")) for batch in rows]


def bare_inference(encoder: str, texts: List[str], budget: int, precision: str) -> Contestant:
    """RETURNS (Callable[[], None]): The encoder alone, on all texts."""
    import torch
    from transformers import AutoModel

    network = AutoModel.from_pretrained(encoder).eval()
    batches = bare_batches(encoder, texts, budget)

    def run() -> None:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, precision == "bf16"):
            for batch in batches:
                network(**batch)

    return run


def bare_training(encoder: str, texts: List[str], budget: int, precision: str) -> Contestant:
    """RETURNS (Callable[[], None]): Forward, backward and AdamW, one step a batch."""
    import torch
    from transformers import AutoModel

    network = AutoModel.from_pretrained(encoder).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-6)
    batches = bare_batches(encoder, texts, budget)

    def run() -> None:
        for batch in batches:
            with torch.autocast("cpu", torch.bfloat16, precision == "bf16"):
                hidden = network(**batch).last_hidden_state
            hidden.float().square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()

    return run


def inference(nlp: Any, texts: List[str]) -> Contestant:
    """RETURNS (Callable[[], None]): A pipeline, from raw texts to annotated documents."""

    def run() -> None:
        for _ in nlp.pipe(texts, batch_size=256):
            pass

    return run


def training(nlp: Any, gold: List[Any], budget: int, encoder: str) -> Contestant:
    """RETURNS (Callable[[], None]): One pass, as `spacy train` makes its steps."""
    from spacy.training import Example
    from spacy.training.batchers import minibatch_by_padded_size
    from thinc.api import Adam

    examples = [Example(nlp.make_doc(doc.text), doc) for doc in gold]
    # Steps of about as many wordpieces as those of the bare encoder.
    size = int(budget * sum(map(len, gold)) / _n_pieces(gold, encoder))
    # As spaCy sets it up by default.
    optimizer = Adam(1e-6, use_averages=False)

    def run() -> None:
        batches = minibatch_by_padded_size(examples, size, buffer=256, get_length=_n_tokens)
        for batch in batches:
            nlp.update(batch, sgd=False)
            for _, pipe in nlp.pipeline:
                pipe.finish_update(optimizer)

    return run


def _n_tokens(example: Any) -> int:
    return len(example.predicted)


def _n_pieces(docs: List[Any], encoder: str) -> int:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(encoder)
    return sum(map(len, tokenizer([doc.text for doc in docs], verbose=False)["input_ids"]))


def contestants_of(args: argparse.Namespace) -> Iterator[Tuple[str, Contestant]]:
    """YIELDS (Tuple[str, Contestant]): What to compare, by name."""
    train = gold_docs("train", args.limit, args.work)
    docs = corpus_of(args)
    texts = [doc.text for doc in docs]
    is_training = args.what == "training"
    bare = bare_training if is_training else bare_inference

    def pipeline(kind: str, precision: str) -> Contestant:
        nlp = make_nlp(kind, args.encoder, train, precision)
        return (
            training(nlp, docs, args.budget, args.encoder) if is_training else inference(nlp, texts)
        )

    yield "bare encoder", bare(args.encoder, texts, args.budget, "fp32")
    heads = [f"ours, {n} heads" for n in (1, 2, 4, 8, 16)]
    for kind in heads if args.what == "tasks" else ["stock", "ours"]:
        yield kind, pipeline(kind, "fp32")
    if args.bf16:
        yield "bare encoder, bf16", bare(args.encoder, texts, args.budget, "bf16")
        yield "ours, bf16", pipeline("ours", "bf16")


def corpus_of(args: argparse.Namespace) -> List[Any]:
    """RETURNS (List[Doc]): What is trained on or annotated."""
    return gold_docs("train" if args.what == "training" else "test", args.limit, args.work)


def compare_lengths(args: argparse.Namespace) -> None:
    """Print how long documents of so many words take, in words a second."""
    train = gold_docs("train", args.limit, args.work)
    words = [token.text for doc in train for token in doc]
    words *= 1 + max(LENGTHS) // len(words)
    nlp = make_nlp("ours", args.encoder, train)
    print("\n| words a document | words a second |\n| --- | --- |")
    for length in LENGTHS:
        # About ten thousand words in all.
        texts = [
            " ".join(words[start : start + length])
            for start in range(0, max(10_000, length), length)
        ]
        seconds = min(measure({"ours": inference(nlp, texts)}, 2)["ours"])
        n_words = length * len(texts)
        print(f"| {length:,} | {n_words / seconds:,.0f} |", flush=True)
        keep({"title": "length", "length": length, "n_words": n_words, "seconds": seconds})


def compare_memory(args: argparse.Namespace) -> None:
    """Print peak memory at inference, time to load and size on disk, each in a process."""
    train = gold_docs("train", args.limit, args.work)
    print("\n| | peak memory (MiB) | load (s) | on disk (MiB) |\n| --- | --- | --- | --- |")
    for kind in ("stock", "ours"):
        path = args.work / "speed" / kind
        path.mkdir(parents=True, exist_ok=True)
        make_nlp(kind, args.encoder, train).to_disk(path)
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 2**20
        command = [sys.executable, "-m", "benchmarks.speed", "one", "--pipeline", str(path)]
        command += ["--limit", str(args.limit), "--work", str(args.work)]
        found = json.loads(subprocess.check_output(command, cwd=ROOT).splitlines()[-1])
        print(f"| {kind} | {found['peak']:,.0f} | {found['load']:.1f} | {size:,.0f} |", flush=True)
        keep({"title": "memory", "kind": kind, "disk": size, **found})


def one(args: argparse.Namespace) -> None:
    """Load a pipeline and annotate the corpus; print peak memory and time to load."""
    import spacy

    texts = [doc.text for doc in corpus_of(args)]
    started = time.perf_counter()
    nlp = spacy.load(args.pipeline)
    load = time.perf_counter() - started
    inference(nlp, texts)()
    # In KiB on Linux.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"load": load, "peak": peak}))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    comparisons = {"length": compare_lengths, "memory": compare_memory, "one": one}
    parser.add_argument("what", choices=["inference", "training", "tasks", *comparisons])
    parser.add_argument("--limit", type=int, default=0, help="so many documents of GUM (0: all)")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--budget", type=int, default=1024, help="padded wordpieces a batch")
    parser.add_argument("--bf16", action="store_true", help="bfloat16, too")
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--work", type=Path, default=ROOT / "training/benchmarks")
    parser.add_argument("--pipeline", help="(used by memory)")
    args = parser.parse_args()
    args.encoder = args.encoder or default_encoder()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    if args.what in comparisons:
        comparisons[args.what](args)
        return
    docs = corpus_of(args)
    seconds = measure(dict(contestants_of(args)), args.turns)
    report(f"GUM, {args.what}, {len(docs)} documents", seconds, sum(map(len, docs)))


if __name__ == "__main__":
    main()
