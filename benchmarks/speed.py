"""Speed of this package and of stock spaCy, relative to the bare encoder.

    python -m benchmarks.speed inference
    python -m benchmarks.speed training
    python -m benchmarks.speed tasks

The contestants run in one process and take turns, so that what else the machine does
meets all of them; figures are ratios within a turn: median (lowest to highest). The bare
encoder is the Hugging Face model, called on wordpieces that were made beforehand, sorted
by length, in padded batches of --budget wordpieces. The others start from texts (inference)
or from examples (training). The corpus is read from $SPACY_MTL_DATA (default ../shared).
Results are kept in benchmarks/results/speed.jsonl.
"""

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

from .accuracy import ROOT, default_encoder

RESULTS = ROOT / "benchmarks/results/speed.jsonl"
HEADS = ("tagger", "ner", "textcat")
BARE = "bare encoder"

#: What is timed: does its work once.
Contestant = Callable[[], None]


def measure(contestants: Dict[str, Contestant], turns: int) -> Dict[str, List[float]]:
    """Time contestants in turn, after one round that is not counted.

    contestants (Dict[str, Callable[[], None]]): What to time, by name.
    turns (int): How often.
    RETURNS (Dict[str, List[float]]): The seconds of each turn.
    """
    seconds: Dict[str, List[float]] = {name: [] for name in contestants}
    for turn in range(turns + 1):
        for name, run in contestants.items():
            started = time.perf_counter()
            run()
            if turn:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def ratios(seconds: Dict[str, List[float]], of: str) -> Dict[str, List[float]]:
    """RETURNS (Dict[str, List[float]]): How fast each is, relative to one, in each turn."""
    return {name: [b / s for s, b in zip(own, seconds[of])] for name, own in seconds.items()}


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


def training(nlp: Any, gold: List[Any], budget: int) -> Contestant:
    """RETURNS (Callable[[], None]): One pass, as `spacy train` makes its steps."""
    from spacy.training import Example
    from spacy.training.batchers import minibatch_by_padded_size
    from thinc.api import Adam

    examples = [Example(nlp.make_doc(doc.text), doc) for doc in gold]
    # Steps of about as many wordpieces as those of the bare encoder.
    size = int(budget * sum(map(len, gold)) / n_pieces(nlp, gold))
    optimizer = Adam(1e-6)

    def run() -> None:
        batches = minibatch_by_padded_size(examples, size, buffer=256, get_length=_n_tokens)
        for batch in batches:
            nlp.update(batch, sgd=False)
            for _, pipe in nlp.pipeline:
                pipe.finish_update(optimizer)

    return run


def _n_tokens(example: Any) -> int:
    return len(example.predicted)


def n_pieces(nlp: Any, docs: List[Any]) -> int:
    """RETURNS (int): How many wordpieces some documents have."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(default_encoder())
    return sum(map(len, tokenizer([doc.text for doc in docs], verbose=False)["input_ids"]))


def report(title: str, seconds: Dict[str, List[float]], of: str, n_words: int) -> None:
    """Print a table and keep the figures."""
    print(f"\n### {title}\n\n| | relative to {of} | words a second |\n| --- | --- | --- |")
    for name, values in ratios(seconds, of).items():
        speed = n_words / statistics.median(seconds[name])
        spread = f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"
        print(f"| {name} | {spread} | {speed:,.0f} |")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    row = {"title": title, "seconds": seconds, "n_words": n_words, "machine": machine()}
    with RESULTS.open("a", encoding="utf8") as file:
        file.write(json.dumps(row) + "\n")


def machine() -> str:
    """RETURNS (str): What it ran on."""
    import torch

    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    return f"{versions}, {torch.get_num_threads()} threads, {platform.machine()}"


def contestants_of(args: argparse.Namespace) -> Iterator[Any]:
    """YIELDS (Tuple[str, Contestant]): What to compare, by name."""
    train = gold_docs("train", args.limit, args.work)
    docs = train if args.what == "training" else gold_docs("test", args.limit, args.work)
    texts = [doc.text for doc in docs]
    bare = bare_training if args.what == "training" else bare_inference
    yield BARE, bare(args.encoder, texts, args.budget, "fp32")
    kinds = ["stock", "ours"]
    if args.what == "tasks":
        kinds = [f"ours, {n} heads" for n in (1, 2, 4, 8, 16)]
    for kind in kinds:
        nlp = make_nlp(kind, args.encoder, train)
        work = training(nlp, docs, args.budget) if args.what == "training" else None
        yield kind, work or inference(nlp, texts)
    if args.bf16:
        yield f"{BARE}, bf16", bare(args.encoder, texts, args.budget, "bf16")
        nlp = make_nlp("ours", args.encoder, train, "bf16")
        work = training(nlp, docs, args.budget) if args.what == "training" else None
        yield "ours, bf16", work or inference(nlp, texts)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["inference", "training", "tasks"])
    parser.add_argument("--limit", type=int, default=0, help="so many documents of GUM (0: all)")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--budget", type=int, default=1024, help="padded wordpieces a batch")
    parser.add_argument("--bf16", action="store_true", help="bfloat16, too")
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--work", type=Path, default=ROOT / "training/benchmarks")
    args = parser.parse_args()
    args.encoder = args.encoder or default_encoder()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    contestants = dict(contestants_of(args))
    docs = gold_docs("train" if args.what == "training" else "test", args.limit, args.work)
    seconds = measure(contestants, args.turns)
    title = f"GUM, {args.what}, {len(docs)} documents"
    report(title, seconds, BARE, sum(map(len, docs)))


if __name__ == "__main__":
    main()
