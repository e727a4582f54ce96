"""A training on the side of which affinities are measured."""

from contextlib import closing
from dataclasses import dataclass
from typing import Any, Callable, Optional

from spacy.language import Language

from ..train.training import Training
from .affinity import Affinities, AffinityMeter
from .checks import check_joint


@dataclass(frozen=True)
class Measured:
    """What a training has shown.

    affinities (Affinities): The means over all measurements.
    n_steps (int): The number of its steps.
    is_interrupted (bool): Whether it was interrupted from the keyboard.
    """

    affinities: Affinities
    n_steps: int
    is_interrupted: bool


def train_and_measure(
    nlp: Language,
    *,
    every: int = 10,
    n_steps: Optional[int] = None,
    use_gpu: int = -1,
    on_step: Callable[[], Any] = lambda: None,
) -> Measured:
    """Train a pipeline as its config says, and measure affinities.

    It is not evaluated, so schedules that go by scores draw as at the beginning.

    nlp (Language): The initialized pipeline.
    every (int): The number of steps between measurements.
    n_steps (Optional[int]): The number of steps; by default 'max_steps' of [training].
    use_gpu (int): The GPU ID, or -1.
    on_step (Callable[[], Any]): Called after each step.
    RETURNS (Measured): What it has shown until its end, or until it was interrupted.
    RAISES (ValueError): If the pipeline has fewer than two tasks, or the training has no end.
    """
    joint = check_joint(nlp)
    training = Training(nlp, use_gpu)
    end = training.settings["max_steps"] if n_steps is None else n_steps
    if not end and training.settings["max_epochs"] < 1:
        raise ValueError(
            "'max_steps' in [training] is 0, so the training has no end. Set "
            "--training.max_steps or --steps."
        )
    done = 0
    with closing(AffinityMeter(nlp, joint, training.optimizer, every)) as meter:
        try:
            for done, _ in enumerate(training.steps(meter, evaluates=False), start=1):
                on_step()
                if done == end:
                    break
        except KeyboardInterrupt:
            return Measured(meter.found, done, True)
    return Measured(meter.found, done, False)
