"""Each task's gradient at a set of parameters, from one backward pass per task.

Backward passes in spaCy and thinc add to existing gradients and free what the forward pass
kept. Here existing gradients are set aside, and the graph is kept until the last pass.
"""

from typing import Any, Callable, Iterator, List, Sequence, Tuple

from thinc.api import Ops, get_array_module
from thinc.types import Floats1d, Floats2d

from ..compat.torch import one_of_several_passes
from ..parameters import Slot
from ..scaling import products


class ParameterRows:
    """A set of parameters as one row of values.

    slots (Sequence[Slot]): The parameters. Untrained ones are left out.
    beside (Sequence[Slot]): Other parameters that the same passes reach. Their gradients stay in
        place.
    """

    def __init__(self, slots: Sequence[Slot], *, beside: Sequence[Slot] = ()) -> None:
        #: The trained ones, in the order of the values of a row.
        self.slots = [slot for slot in slots if slot.is_trained]
        self._is_needed = bool(slots or beside)
        #: The ids of torch parameters. Torch treats everything else as an input.
        self._torch = {id(slot.owner) for slot in (*slots, *beside) if not slot.is_thinc}
        self.n_values = sum(slot.size for slot in self.slots)
        self._aside: List[Any] = []

    def gradients(
        self, passes: Sequence[Callable[[], object]], ops: Ops, *, is_last: bool = True
    ) -> Floats2d:
        """Run several backward passes through one graph, and take the gradient of each.

        Afterwards the parameters have the gradients they had before.

        passes (Sequence[Callable]): The passes, one per task.
        ops (Ops): Allocates the rows.
        is_last (bool): Whether no other pass follows, so that the graph can be freed.
        RETURNS (Floats2d): One row per pass. Shape: (n_tasks, n_values).
        """
        rows = ops.alloc2f(len(passes), self.n_values)
        if not self._is_needed:
            for run in passes:
                run()
            return rows
        aside = [slot.take() for slot in self.slots]
        try:
            for i, run in enumerate(passes):
                with one_of_several_passes(self._torch, is_last and i == len(passes) - 1):
                    run()
                for slot, part in self._parts(rows[i]):
                    found = slot.take()
                    if found is not None:
                        part[:] = found
        finally:
            self._put_back(aside)
        return rows

    def run_alone(self, run: Callable[[], object], check: Callable[[float], None]) -> float:
        """Run the only backward pass, and measure its gradient where it is.

        Call `finish_alone` afterwards.

        run (Callable): The pass.
        check (Callable): Raises an error if the square can't be used. The parameters then have
            the gradients that they had before, as after an error in the pass.
        RETURNS (float): The square of the norm of the gradient that it adds to the parameters.
        """
        self._aside = [slot.take() for slot in self.slots]
        try:
            self.run_last(run)
            found = (slot.gradient() for slot in self.slots)
            rows: Any = (each.reshape((1, -1)) for each in found if each is not None)
            square = float(sum(products(row)[0, 0] for row in rows))
            check(square)
        except BaseException:
            self._put_back(self._aside)
            raise
        return square

    def finish_alone(self, weight: float) -> None:
        """Weigh the gradient of `run_alone`, and add it to the one from before.

        weight (float): The weight.
        """
        for slot, before in zip(self.slots, self._aside):
            gradient = slot.gradient()
            if gradient is not None and weight != 1.0:
                slot.set_gradient(gradient * weight)
            if before is not None:
                slot.add(before)
        self._aside = []

    def run_last(self, run: Callable[[], object]) -> None:
        """Run the last backward pass, which may free the graph.

        run (Callable): The pass. The gradients it adds to the parameters stay there.
        """
        if self._is_needed:
            with one_of_several_passes(self._torch, is_last=True):
                run()
        else:
            run()

    def add(self, gradient: Floats1d, rows: Floats2d) -> None:
        """Add a combined gradient to the parameters.

        gradient (Floats1d): The combined gradient. Shape: (n_values,).
        rows (Floats2d): The rows it was made from. Parameters that no task has reached get no
            gradient rather than one of zeros. Shape: (n_tasks, n_values).
        """
        parts = list(self._parts(gradient))
        found = [part.any() | own.any() for (_, part), (_, own) in zip(parts, self._parts(rows))]
        # All at once: a GPU is asked once.
        is_reached = get_array_module(gradient).stack(found).tolist() if found else []
        for (slot, part), reached in zip(parts, is_reached):
            if reached:
                slot.add(part)

    def _put_back(self, aside: Sequence[Any]) -> None:
        for slot, gradient in zip(self.slots, aside):
            slot.take()
            if gradient is not None:
                slot.add(gradient)

    def _parts(self, values: Any) -> Iterator[Tuple[Slot, Any]]:
        start = 0
        for slot in self.slots:
            yield slot, values[..., start : start + slot.size]
            start += slot.size
