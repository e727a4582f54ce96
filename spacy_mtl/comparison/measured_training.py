"""A training on the side of which affinities are measured."""

from contextlib import closing
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional

from spacy.language import Language

from ..interrupts import held_interrupts
from ..train.training import Training
from .affinity import Affinities, AffinityMeter
from .checks import check_joint

#: The key of the meter in the state of a training.
METER = "affinity"


@dataclass(frozen=True)
class Measured:
    """What a training has shown.

    affinities (Affinities): The means over all measurements.
    n_steps (int): The number of its steps.
    is_interrupted (bool): Whether it was interrupted from the keyboard.
    state (Optional[Dict[str, Any]]): What an interrupted one can go on from, with the pipeline, for
        msgpack; None if it was interrupted in the middle of a step.
    """

    affinities: Affinities
    n_steps: int
    is_interrupted: bool = False
    state: Optional[Dict[str, Any]] = None


def train_and_measure(
    nlp: Language,
    *,
    every: int = 10,
    n_steps: Optional[int] = None,
    use_gpu: int = -1,
    on_step: Callable[[], Any] = lambda: None,
    state: Optional[Dict[str, Any]] = None,
) -> Measured:
    """Train a pipeline as its config says, and measure affinities.

    It is not evaluated, so schedules that go by scores draw as at the beginning. Ctrl-C ends it
    after the step at hand, and once more at once.

    nlp (Language): The initialized pipeline, or that of an interrupted training.
    every (int): The number of steps between measurements.
    n_steps (Optional[int]): The number of steps; by default 'max_steps' of [training].
    use_gpu (int): The GPU ID, or -1.
    on_step (Callable[[], Any]): Called after each step.
    state (Optional[Dict[str, Any]]): The state of an interrupted training.
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
    with closing(AffinityMeter(nlp, joint, training.optimizer, every)) as meter:
        if state is not None:
            training.set_state(state)
            meter.set_state(state[METER])
        if end and training.step >= end:
            return Measured(meter.found, training.step)
        try:
            with held_interrupts() as is_interrupted:
                for _ in training.steps(meter, evaluates=False):
                    on_step()
                    if training.step == end:
                        break
                    if is_interrupted():
                        left = {**training.get_state(), METER: meter.get_state()}
                        return Measured(meter.found, training.step, True, left)
        except KeyboardInterrupt:
            return Measured(meter.found, training.step, True)
        return Measured(meter.found, training.step)
