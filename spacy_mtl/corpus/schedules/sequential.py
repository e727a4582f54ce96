"""Train tasks in phases, one or several tasks at a time."""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

from ...hints import is_finite, shortened
from ...registry import register
from ...settings import read_names
from ...types import Progress, Schedule
from .checks import BLOCK, check_between, check_names, warn_left_out


@register("mtl_schedules", "spacy_mtl.Sequential.v1")
def create_sequential(phases: List[Dict[str, Any]], replay: float = 0.0) -> Schedule:
    """Draw corpora in phases, of which the last never ends.

    Within a phase, corpora are drawn by their number of examples.

    phases (List[Dict[str, Any]]): The phases, in order. Each has "tasks", a list of names
        (corpora that annotate one of them take part), and a length in "steps" (batches) or
        "epochs" (passes over its corpora). The last may omit the length.
    replay (float): The share of a phase's batches that come from earlier phases, to prevent
        forgetting, in [0, 1).
    SOURCE: Robins 1995, "Catastrophic forgetting, rehearsal and pseudorehearsal" (replay).
    """
    check_between("Sequential", 0, 0.999, replay=replay)
    if not phases:
        raise ValueError(f"Sequential has no phases. Set 'phases' in {BLOCK}.")
    found = [_read_phase(i, phase, i == len(phases) - 1) for i, phase in enumerate(phases)]
    return Sequential(found, replay)


@dataclass(frozen=True)
class Phase:
    """A phase of a training.

    tasks (Sequence[str]): The tasks to train.
    steps (Optional[int]): The length in batches.
    epochs (Optional[float]): The length in passes over its corpora. No end if both are None.
    """

    tasks: Sequence[str]
    steps: Optional[int] = None
    epochs: Optional[float] = None


class Sequential(Schedule):
    """Trains phase by phase: see `create_sequential`."""

    def __init__(self, phases: Sequence[Phase], replay: float = 0.0) -> None:
        self.phases = phases
        self.replay = replay
        self._current = 0
        #: The batch at which the current phase began, and the passes up to then.
        self._start = 0
        self._passes: Dict[str, float] = {}

    def __call__(self, progress: Progress) -> Dict[str, float]:
        """Return the shares of the current phase: see `Schedule`."""
        while self._is_over(progress):
            self._current += 1
            self._start, self._passes = progress.step, dict(progress.passes)
        own = self._corpora(progress, [self.phases[self._current]])
        before = self._corpora(progress, self.phases[: self._current])
        before = {corpus: size for corpus, size in before.items() if corpus not in own}
        if not before or not self.replay:
            return own
        of_own, of_before = sum(own.values()), sum(before.values())
        return {
            **{corpus: size / of_own * (1 - self.replay) for corpus, size in own.items()},
            **{corpus: size / of_before * self.replay for corpus, size in before.items()},
        }

    def check(self, sizes: Dict[str, int], tasks: Dict[str, Sequence[str]]) -> None:
        """Reject phases with tasks that no corpus annotates: see `Schedule`."""
        known = list(dict.fromkeys(task for found in tasks.values() for task in found))
        for i, phase in enumerate(self.phases):
            check_names(f"'phases.{i}.tasks'", phase.tasks, known, "tasks that are annotated")
        warn_left_out(self.left_out(tasks))

    def left_out(self, tasks: Dict[str, Sequence[str]]) -> List[str]:
        """RETURNS (List[str]): The corpora whose tasks are in no phase."""
        named = {task for phase in self.phases for task in phase.tasks}
        return [c for c, found in tasks.items() if not named.intersection(found)]

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The current phase and where it began."""
        return {"current": self._current, "start": self._start, "passes": dict(self._passes)}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state returned by `get_state`."""
        self._current, self._start = state["current"], state["start"]
        self._passes = dict(state["passes"])

    def _is_over(self, progress: Progress) -> bool:
        phase = self.phases[self._current]
        if self._current == len(self.phases) - 1:
            return False
        if phase.steps is not None:
            return progress.step - self._start >= phase.steps
        own = self._corpora(progress, [phase])
        # Count over all corpora: each is drawn by its size, but not exactly.
        given = sum(
            (progress.passes.get(corpus, 0.0) - self._passes.get(corpus, 0.0)) * size
            for corpus, size in own.items()
        )
        return given >= (phase.epochs or 0.0) * sum(own.values())

    def _corpora(self, progress: Progress, phases: Sequence[Phase]) -> Dict[str, float]:
        tasks = {task for phase in phases for task in phase.tasks}
        return {
            corpus: float(size)
            for corpus, size in progress.sizes.items()
            if tasks.intersection(progress.tasks[corpus])
        }


def _read_phase(i: int, phase: Dict[str, Any], is_last: bool) -> Phase:
    where = f"Fix 'phases' in {BLOCK}."
    unknown = set(phase).difference(("tasks", "steps", "epochs"))
    tasks = read_names(phase.get("tasks"))
    if unknown or not tasks:
        raise ValueError(
            f"Phase {i} of Sequential is {phase}, but must have 'tasks', a list of names, each "
            f"once, and one of 'steps' and 'epochs'. {where}"
        )
    lengths = [phase.get("steps"), phase.get("epochs")]
    n_given = sum(length is not None for length in lengths)
    if n_given > 1 or (not n_given and not is_last):
        raise ValueError(
            f"Phase {i} of Sequential ({', '.join(tasks)}) needs one of 'steps' and 'epochs' as "
            f"its length; only the last may omit both. {where}"
        )
    for length, key in zip(lengths, ("steps", "epochs")):
        is_number = isinstance(length, (int, float) if key == "epochs" else int)
        is_number = is_number and not isinstance(length, bool)
        if length is not None and not (is_number and length > 0 and is_finite(length)):
            raise ValueError(
                f"Phase {i} of Sequential ({', '.join(tasks)}) has a length of {shortened(length)} "
                f"{key}, but it must be a {'whole ' if key == 'steps' else ''}number > 0. {where}"
            )
    return Phase(tasks, *lengths)
