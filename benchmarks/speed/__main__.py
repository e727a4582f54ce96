"""Compare the speed of this package and stock spaCy with the bare encoder.

    python -m benchmarks.speed             # all of the following, and the plot
    python -m benchmarks.speed inference   # words per second, from texts to documents
    python -m benchmarks.speed training    # forward, backward, Adam
    python -m benchmarks.speed heads       # 1, 2, 4, 8 and 16 heads, both in inference and training
    python -m benchmarks.speed pieces      # 256 to 8,192 wordpieces at once
    python -m benchmarks.speed length      # documents of 10 to 100,000 words
    python -m benchmarks.speed documents   # 10 to 100,000 documents
    python -m benchmarks.speed memory      # peak memory, load time, size on disk
    python -m benchmarks.speed confidences # with confidences and without (not in "all")
    python -m benchmarks.speed attention   # would attention without padding pay? (not in "all")
    python -m benchmarks.speed plot        # a plot of the last measurements
    python -m benchmarks.speed windows --pipeline PATH    # same predictions as with the library?
    python -m benchmarks.speed precision --pipeline PATH  # and in bfloat16, and by OpenVINO?

The contestants run in one process and take turns, so that other load on the machine
affects all of them; figures are ratios within a turn: median (lowest to highest). With
--threads 1, the processor's time counts. The bare encoder is the Hugging Face model on
precomputed wordpieces, sorted by length, in padded batches of --budget wordpieces: by
PyTorch, and in inference by ONNX Runtime and OpenVINO, too, if they are installed. The
fastest in a precision is the limit. The others start from texts (inference) or examples
(training). GUM and SNIPS are read from $SPACY_MTL_DATA (default ../shared). Figures are
appended to benchmarks/results/speed.jsonl.
"""

import argparse
import os
from functools import partial
from pathlib import Path

from ..places import WORK, default_encoder
from ..processor import bfloat16_feature
from ..timing import RESULTS, set_threads
from .bench import Bench, default_budget
from .comparisons import compare_budgets, compare_memory, compare_sizes
from .confidences import compare_confidences
from .heads import compare_heads
from .inference import compare_inference
from .plot import plot
from .predictions import compare_precisions, compare_windows
from .training import compare_training


def _compare_attention(bench: Bench) -> None:
    # It imports torch, which must not be loaded before the number of threads is set.
    from .attention import compare_attention

    compare_attention(bench)


COMPARISONS = {
    "inference": compare_inference,
    "training": compare_training,
    "heads": compare_heads,
    "pieces": compare_budgets,
    "length": partial(compare_sizes, "length"),
    "documents": partial(compare_sizes, "documents"),
    "memory": compare_memory,
}
#: Not in "all".
PROBES = {"attention": _compare_attention, "confidences": compare_confidences}
#: These need a trained pipeline.
PREDICTIONS = {"windows": compare_windows, "precision": compare_precisions}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choices = ["all", *COMPARISONS, *PROBES, *PREDICTIONS, "plot"]
    parser.add_argument("what", nargs="?", default="all", choices=choices)
    parser.add_argument(
        "--corpus", default="gum", help="gum, snips, or a folder with train.spacy and test.spacy"
    )
    parser.add_argument("--encoder", help="a folder or a name on the model hub (MiniLM)")
    parser.add_argument("--limit", type=int, default=0, help="number of documents (0: all)")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument(
        "--budget", type=int, help="padded wordpieces per batch (1,024; on a GPU 16,384)"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="(all cores)")
    parser.add_argument(
        "--bf16",
        action=argparse.BooleanOptionalAction,
        help="also measure bfloat16 (by default if the processor has it)",
    )
    parser.add_argument("--int8", action="store_true", help="also measure engines in int8")
    parser.add_argument("--compile", action="store_true", help="also measure torch.compile")
    parser.add_argument("--quantized", help="for 'inference': written by `spacy mtl quantize`")
    parser.add_argument("--gpu", action="store_true", help="use the GPU")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument(
        "--pipeline",
        nargs="+",
        help="trained ones for 'windows' and 'precision', such as of several seeds",
    )
    args = parser.parse_args()
    picture = RESULTS.with_name("speed.svg")
    if args.what == "plot":
        plot(picture)
        return
    if args.what in PREDICTIONS and not args.pipeline:
        parser.error(f"{args.what} needs --pipeline: the folder of a trained pipeline")
    args.budget = args.budget or default_budget(args.gpu)
    args.encoder = args.encoder or default_encoder()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    if args.gpu:
        import spacy

        spacy.require_gpu()
    else:
        set_threads(args.threads)
    if args.bf16 is None:
        args.bf16 = _has_bfloat16(args.gpu)
    bench = Bench(args)
    if args.what in PREDICTIONS:
        PREDICTIONS[args.what](bench)
        return
    for what in COMPARISONS if args.what == "all" else [args.what]:
        {**COMPARISONS, **PROBES}[what](bench)
    if args.what == "all":
        plot(picture)


def _has_bfloat16(gpu: bool) -> bool:
    if gpu:
        import torch

        return torch.cuda.is_bf16_supported(including_emulation=False)
    found = bfloat16_feature()
    print(f"bfloat16 by {found}" if found else "No bfloat16: not measured, unless with --bf16")
    return bool(found)


if __name__ == "__main__":
    main()
