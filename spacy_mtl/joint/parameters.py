"""Each task's gradient at some parameters: one backward pass a task.

Backward passes of spaCy and thinc add to the gradients that are there, and let go of what
the forward pass kept. Here the gradients are set aside, and the graph is kept till the last.
"""

from typing import Any, Callable, Iterator, Sequence, Tuple

from thinc.api import Ops
from thinc.types import Floats1d, Floats2d

from ..compat.torch import one_of_several_passes
from ..parameters import Slot


class ParameterRows:
    """Some parameters in one row.

    slots (Sequence[Slot]): The parameters. Those that are not trained are left out.
    beside (Sequence[Slot]): Others that the same passes reach, whose gradients stay where they
        are.
    """

    def __init__(self, slots: Sequence[Slot], *, beside: Sequence[Slot] = ()) -> None:
        self._slots = [slot for slot in slots if slot.is_trained]
        self._is_needed = bool(slots or beside)
        #: To torch, what is none of these is an input.
        self._torch = {id(slot.owner) for slot in (*slots, *beside) if not slot.is_thinc}
        self.n_values = sum(slot.size for slot in self._slots)

    def gradients(
        self, passes: Sequence[Callable[[], object]], ops: Ops, *, is_last: bool = True
    ) -> Floats2d:
        """Run backward passes through one graph, and take what each gives.

        passes (Sequence[Callable]): The passes, one a task.
        ops (Ops): Where the rows are to be.
        is_last (bool): Whether the graph is needed no more after the last of them.
        RETURNS (Floats2d): One row a pass. Shape: (n_tasks, n_values). The parameters have
            the gradients that they had before.
        """
        rows = ops.alloc2f(len(passes), self.n_values)
        if not self._is_needed:
            for run in passes:
                run()
            return rows
        aside = [slot.take() for slot in self._slots]
        try:
            for i, run in enumerate(passes):
                with one_of_several_passes(self._torch, is_last and i == len(passes) - 1):
                    run()
                for slot, part in self._parts(rows[i]):
                    found = slot.take()
                    if found is not None:
                        part[:] = found
        finally:
            for slot, gradient in zip(self._slots, aside):
                slot.take()
                if gradient is not None:
                    slot.add(gradient)
        return rows

    def run_last(self, run: Callable[[], object]) -> None:
        """Run one more backward pass, after which the graph is not needed.

        run (Callable): The pass. What it adds to the parameters stays there.
        """
        if self._is_needed:
            with one_of_several_passes(self._torch, is_last=True):
                run()
        else:
            run()

    def add(self, gradient: Floats1d, rows: Floats2d) -> None:
        """Add a combined gradient to the parameters.

        gradient (Floats1d): Shape: (n_values,).
        rows (Floats2d): What it was made of. A parameter that no task has reached gets no
            gradient, rather than one of zeros. Shape: (n_tasks, n_values).
        """
        for (slot, part), (_, of_tasks) in zip(self._parts(gradient), self._parts(rows)):
            if part.any() or of_tasks.any():
                slot.add(part)

    def _parts(self, values: Any) -> Iterator[Tuple[Slot, Any]]:
        start = 0
        for slot in self._slots:
            yield slot, values[..., start : start + slot.size]
            start += slot.size
