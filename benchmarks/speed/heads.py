"""Compare numbers of heads."""

import statistics
from typing import Any, Dict, List

from ..timing import Contestant, ratios
from .bench import Bench
from .contestants import inference, training

N_HEADS = (1, 2, 4, 8, 16)
#: How much of one head's time a further head may take in bfloat16.
LIMIT = 0.03


def compare_heads(bench: Bench) -> None:
    """Compare numbers of heads in inference and training, and in bfloat16 if it is measured."""
    for what in ("inference", "training"):
        for precision in ("fp32", "bf16") if bench.args.bf16 else ("fp32",):
            _compare(what, precision, bench)


def further_head(seconds: Dict[str, List[float]]) -> float:
    """RETURNS (float): The time that a further head takes, as a share of one head's total time.

    The mean over the numbers of heads, of the median of the turns.
    """
    faster = ratios(seconds, _name(1))
    shares = [
        statistics.median((1 / ratio - 1) / (n - 1) for ratio in faster[_name(n)])
        for n in N_HEADS[1:]
    ]
    return statistics.mean(shares)


def _compare(what: str, precision: str, bench: Bench) -> None:
    args, is_training = bench.args, what == "training"
    docs = bench.train if is_training else bench.test
    texts = [doc.text for doc in docs]
    contestants: Dict[str, Contestant] = {}
    for n in N_HEADS:
        heads = [bench.heads[i % len(bench.heads)] for i in range(n)]
        nlp: Any = bench.make(heads=heads, precision=precision)
        contestants[_name(n)] = (
            training(nlp, docs, args.budget, args.encoder) if is_training else inference(nlp, texts)
        )
    name = f"heads, {what}" if precision == "fp32" else f"heads, {what}, {precision}"
    share = further_head(bench.measure(name, docs, contestants))
    print(f"A further head takes {100 * share:.1f} % of one head's total time", end="")
    is_limited = precision == "bf16" and not is_training
    print(f" (at most {100 * LIMIT:.0f}: {_verdict(share)})" if is_limited else "")


def _name(n: int) -> str:
    return "1 head" if n == 1 else f"{n} heads"


def _verdict(share: float) -> str:
    return "met" if share <= LIMIT else "NOT MET"
