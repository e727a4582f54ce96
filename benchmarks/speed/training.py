"""Compare training steps with those of the bare encoder."""

from contextlib import nullcontext
from typing import Any
from unittest.mock import patch

from ..timing import Contestant
from .bare import bare_training, with_tf32
from .bench import Bench
from .contestants import training
from .engines.table import EAGER
from .limits import PLAIN, report_limits, report_shares, training_limits


def _without_onednn(run: Contestant) -> Contestant:
    """RETURNS (Callable[[], None]): Computes linear layers as torch does by default."""
    from spacy_mtl.encoder import fast_linear

    def run_without() -> None:
        with patch.object(fast_linear, "fast_linear", lambda device: nullcontext()):
            run()

    return run_without


def _has_faster_layers() -> bool:
    import torch

    from spacy_mtl.encoder.fast_linear import is_fast

    return is_fast(torch.float32)


def compare_training(bench: Bench) -> None:
    """Compare training steps with those of the bare encoder and of stock spaCy."""
    args = bench.args
    texts = [doc.text for doc in bench.train]

    def contest(nlp: Any) -> Contestant:
        return training(nlp, bench.train, args.budget, args.encoder)

    contestants = {
        EAGER: bare_training(args.encoder, texts, args.budget, "fp32"),
        "stock spaCy": contest(bench.make("stock")),
        "stock heads on our encoder": contest(bench.make("stock heads")),
        "ours": contest(bench.make()),
    }
    if args.gpu:
        for name in (EAGER, "ours"):
            contestants[f"{name}, tf32"] = with_tf32(contestants[name])
    else:
        contestants[PLAIN] = _without_onednn(contest(bench.make()))
    if args.bf16:
        bare = bare_training(args.encoder, texts, args.budget, "bf16")
        contestants[f"{EAGER}, bf16"] = bare
        contestants["ours, bf16"] = contest(bench.make(precision="bf16"))
    seconds = bench.measure("training", bench.train, contestants)
    report_shares(seconds)
    report_limits(training_limits(_has_faster_layers()), args.corpus, seconds)
