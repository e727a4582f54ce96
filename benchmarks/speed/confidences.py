"""What confidences cost in inference."""

import statistics
from typing import Any, Dict, List

from ..timing import Contestant
from .bench import Bench
from .contestants import inference

#: How much of the time without confidences they may take.
LIMIT = 0.03
OFF, ON = "without confidences", "with confidences"
#: The kinds of pipelines: see `make_nlp`.
KINDS = {"transformer": "ours", "CNN": "ours, CNN"}


def compare_confidences(bench: Bench) -> None:
    """Compare inference with confidences of entities and tags and without, on two encoders."""
    texts = [doc.text for doc in bench.test]
    for title, kind in KINDS.items():
        nlp = bench.make(kind)
        contestants = {
            OFF: with_confidences(nlp, texts, is_on=False),
            ON: with_confidences(nlp, texts, is_on=True),
        }
        seconds = bench.measure(f"confidences, {title}", bench.test, contestants)
        cost = cost_of(seconds)
        verdict = "met" if cost <= LIMIT else "NOT MET"
        print(f"Confidences take {100 * cost:.1f} % (at most {100 * LIMIT:.0f}: {verdict})")


def with_confidences(nlp: Any, texts: List[str], *, is_on: bool) -> Contestant:
    """RETURNS (Callable[[], None]): Runs the same pipeline with confidences or without."""
    heads = [pipe for _, pipe in nlp.pipeline if hasattr(pipe, "confidence")]
    annotate = inference(nlp, texts)

    def run() -> None:
        for head in heads:
            head.confidence = is_on
        annotate()

    return run


def cost_of(seconds: Dict[str, List[float]]) -> float:
    """RETURNS (float): The time that confidences take, as a share: the median of the turns."""
    return statistics.median(on / off - 1 for on, off in zip(seconds[ON], seconds[OFF]))
