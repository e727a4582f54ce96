"""Measure how hard each task pulls at the encoder in joint training with equal weights.

    python -m benchmarks.gradients gum-short

Trains a suite of benchmarks.accuracy and regularly prints the norm of each task's
gradient in two places: at the shared representation, where the weighting sees it, and
at the encoder's parameters, which move. The two differ: a category sends the same
gradient to every token of a text, so it adds up in the parameters; the gradients of
tags and entities differ from token to token and partly cancel.
"""

import argparse
import statistics
from pathlib import Path
from typing import Any, Dict, List

from spacy_mtl.types import Combined, Weighting

from .accuracy.by_hand import prepare, take_step
from .accuracy.runs import Run
from .accuracy.suites import SUITES
from .places import WORK, default_encoder


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", choices=list(SUITES))
    parser.add_argument("--every", type=int, default=50, help="steps between two measurements")
    parser.add_argument("--batches", type=int, default=8, help="batches per measurement")
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--work", type=Path, default=WORK)
    args = parser.parse_args()
    encoder = args.encoder or default_encoder()
    run = Run(args.suite, "ours-joint-equal", SUITES[args.suite].tasks, 0)
    measure(run, encoder, args.work, args.every, args.batches)


def measure(run: Run, encoder: str, work: Path, every: int, n_batches: int) -> None:
    """Train, and print norms along the way, as means over some batches."""
    nlp, training, batches = prepare(run, encoder, work)
    sgd = training["optimizer"]
    print("step | " + " | ".join(f"{task}: representation, parameters" for task in run.tasks))
    for step in range(training["max_steps"]):
        if step % every == 0:
            norms = [task_norms(nlp, run.tasks, next(batches)) for _ in range(n_batches)]
            print(step, "|", " | ".join(_mean(norms, task) for task in run.tasks), flush=True)
        take_step(nlp, next(batches), sgd, training["dropout"])
        sgd.step_schedules()


def task_norms(nlp: Any, tasks: Any, examples: List[Any]) -> Dict[str, List[float]]:
    """RETURNS (Dict[str, List[float]]): By task, norms at the representation and parameters."""
    import torch

    module = nlp.get_pipe("transformer").model.transformer
    weighting = nlp.get_pipe("mtl").weighting
    norms = {}
    for task in tasks:
        seen: List[float] = []
        nlp.get_pipe("mtl").weighting = _Norms(weighting, seen)
        with nlp.select_pipes(enable=["transformer", "mtl", task]):
            nlp.update(examples, sgd=False)
        nlp.get_pipe("mtl").weighting = weighting
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        norms[task] = [*seen, float(torch.stack([g.norm() for g in gradients]).norm())]
        module.zero_grad()
        # Discard the head's own gradient without training on it.
        nlp.get_pipe(task).finish_update(_forget)
    return norms


class _Norms(Weighting):
    """Wraps a weighting and records the norms of its gradients."""

    def __init__(self, weighting: Weighting, seen: List[float]) -> None:
        self._weighting = weighting
        self._seen = seen

    def __call__(self, losses: Dict[str, float], gradients: Any) -> Combined:
        self._seen.append(float((gradients**2).sum() ** 0.5))
        return self._weighting(losses, gradients)


def _forget(key: Any, weights: Any, gradient: Any, lr_scale: float = 1.0) -> Any:
    return weights, gradient * 0


def _mean(norms: List[Dict[str, List[float]]], task: str) -> str:
    return ", ".join(f"{statistics.mean(values):.3f}" for values in zip(*(n[task] for n in norms)))


if __name__ == "__main__":
    main()
