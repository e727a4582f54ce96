"""Scores of trained pipelines before and after quantization, and the encoder's speed.

    python -m benchmarks.quantize gum-sharing-short snips-sharing-short

Trains the joint pipelines of these suites of `benchmarks.accuracy` (about two minutes each on one
thread) unless their folders are there, quantizes them with the development set as `spacy mtl
quantize` does, and scores both on the test set. Speed is that of the bare encoder on padded batches
of 1,024 wordpieces, relative to PyTorch in float32, in processor time. Needs
spacy-mtl[openvino].
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any, Dict, List

from .accuracy.runs import Run, runs_of
from .accuracy.suites import SUITES, corpus_of, parse_change
from .accuracy.training import score, trained_pipeline
from .metrics import METRICS
from .places import WORK, default_encoder
from .speed.bare import bare_batches
from .speed.contestants import gold_docs
from .timing import Contestant, machine, measure, ratios


def compare(run: Run, encoder: str, work: Path, turns: int) -> Dict[str, float]:
    """Quantize a run's pipeline.

    RETURNS (Dict[str, float]): The points that each score loses on the test set, and the "speed"
        of the bare encoder.
    """
    import spacy

    from spacy_mtl.deploy.quantize import quantize

    folder = trained_pipeline(run, encoder, work)
    dev, test = (corpus_of(run.plan, split, work) for split in ("dev", "test"))
    found = quantize(folder, dev, gold_preproc=run.plan.gold_words)
    before, after = (score(nlp, run, test) for nlp in (spacy.load(folder), found.nlp))
    last = found.tried[-1]
    in_int8 = found.n_layers - last.n_left_out
    print(f"\n{run.name}: {in_int8} of {found.n_layers} layers in int8, cosine {last.cosine:.4f}")
    keys = [key for task in run.tasks for key in METRICS[task]]
    for key in keys:
        print(f"  {key:15} {before[key]:6.2f} {after[key]:6.2f} {before[key] - after[key]:+.2f}")
    speed = measure_speed(found.nlp, run.plan.corpus, encoder, work, turns)
    print(f"  {speed:.2f} times as fast as PyTorch in float32", flush=True)
    return {**{key: before[key] - after[key] for key in keys}, "speed": speed}


def measure_speed(nlp: Any, corpus: str, encoder: str, work: Path, turns: int) -> float:
    """RETURNS (float): The median speed of the encoder in int8 relative to PyTorch in float32."""
    import torch

    from spacy_mtl.compat.thinc import network_of
    from spacy_mtl.deploy.layer_choice import encoders_of
    from spacy_mtl.encoder.int8 import quantized
    from spacy_mtl.encoder.openvino import openvino_network
    from spacy_mtl.encoder.precision import uses_bfloat16

    (shim,) = encoders_of(nlp)
    network: Any = network_of(shim)
    others = "bf16" if uses_bfloat16("auto", torch.device("cpu")) else "f32"
    by_openvino = openvino_network(quantized(network, shim.ranges), others, has_types=False)
    texts = [doc.text for doc in gold_docs(corpus, "test", 400 if corpus == "snips" else 20, work)]
    batches = [dict(batch) for batch in bare_batches(encoder, texts, 1024)]
    for batch in batches:
        batch["attention_mask"] = batch["attention_mask"].float()

    def reads(own: Any) -> Contestant:
        def run() -> None:
            with torch.no_grad():
                for batch in batches:
                    own(**batch)

        return run

    contestants = {"PyTorch": reads(network), "int8": reads(by_openvino)}
    # Not the time of others who use the machine.
    seconds = measure(contestants, turns, clock=time.process_time)
    return statistics.median(ratios(seconds, "PyTorch")["int8"])


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.quantize", description=__doc__)
    parser.add_argument("suites", nargs="+", choices=list(SUITES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--change", nargs="+", default=[], help="as in benchmarks.accuracy")
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--turns", type=int, default=7)
    args = parser.parse_args()
    encoder = args.encoder or default_encoder()
    args.work.mkdir(parents=True, exist_ok=True)
    changes = tuple(parse_change(change) for change in args.change)
    for suite in args.suites:
        rows: List[Dict[str, float]] = [
            compare(run, encoder, args.work, args.turns)
            for run in runs_of(suite, ["ours-joint"], args.seeds, changes)
        ]
        means = {key: statistics.mean(row[key] for row in rows) for key in rows[0]}
        lost = ", ".join(f"{key} {lost:+.2f}" for key, lost in means.items() if key != "speed")
        print(f"\n{suite}, mean points lost: {lost}; speed {means['speed']:.2f}")
    print(machine())


if __name__ == "__main__":
    main()
