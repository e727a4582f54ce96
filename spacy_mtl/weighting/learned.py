"""One learned number per task, with its own optimizer."""

from typing import Any, Dict, List, Sequence

import numpy


class LearnedScalars:
    """Numbers by task, updated by Adam. Those of absent tasks and their moments stay.

    start (float): The initial value.
    learn_rate (float): Adam's learning rate.
    weight_decay (float): Factor of the value that is added to the gradient.
    """

    def __init__(self, start: float, learn_rate: float, weight_decay: float = 0.0) -> None:
        self.start = start
        self._settings: Dict[str, Any] = {"lr": learn_rate, "weight_decay": weight_decay}
        self._values: Dict[str, Any] = {}
        self._optimizer: Any = None

    def get(self, tasks: Sequence[str], device: Any = None) -> Any:
        """Look up values.

        tasks (Sequence[str]): The tasks.
        device (Optional[torch.device]): The encoder's device, to which the numbers move.
        RETURNS (Tensor): A copy, in double precision. Shape: (n_tasks,).
        """
        import torch

        self._make(tasks, device)
        return torch.stack([self._values[task].detach() for task in tasks])

    def set(self, tasks: Sequence[str], values: numpy.ndarray) -> None:
        """Set values without changing the optimizer.

        tasks (Sequence[str]): The tasks.
        values (ndarray): Shape: (n_tasks,).
        """
        for task, value in zip(tasks, values.tolist()):
            self._values[task].data.fill_(value)

    def step(self, tasks: Sequence[str], d_values: Any) -> None:
        """Take one step of Adam.

        tasks (Sequence[str]): Tasks that `get` was called with.
        d_values (Tensor): The gradient. Shape: (n_tasks,).
        """
        for task, d_value in zip(tasks, d_values):
            self._values[task].grad = d_value.detach().to(self._values[task])
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)

    def get_state(self) -> Dict[str, List[float]]:
        """RETURNS (Dict[str, List[float]]): By task: value, step, both of Adam's moments."""
        states = {} if self._optimizer is None else self._optimizer.state
        state = {}
        for task, value in self._values.items():
            adam = states.get(value, {})
            moments = [adam.get(key, 0.0) for key in ("step", "exp_avg", "exp_avg_sq")]
            state[task] = [float(number) for number in (value.detach(), *moments)]
        return state

    def set_state(self, state: Dict[str, List[float]]) -> None:
        """Continue from a state.

        state (Dict[str, List[float]]): What `get_state` returned.
        """
        import torch

        self._values, self._optimizer = {}, None
        self._make(list(state), None)
        for task, (value, step, *moments) in state.items():
            self._values[task].data.fill_(value)
            if step:
                average, square = (torch.tensor(m, dtype=torch.float64) for m in moments)
                self._optimizer.state[self._values[task]] = {
                    "step": torch.tensor(step),
                    "exp_avg": average,
                    "exp_avg_sq": square,
                }

    def _make(self, tasks: Sequence[str], device: Any) -> None:
        import torch

        known = self._values.values()
        if device is not None and any(v.device != torch.device(device) for v in known):
            for value in known:
                value.data = value.data.to(device)
            if self._optimizer is not None:
                for adam in self._optimizer.state.values():
                    adam.update({k: adam[k].to(device) for k in ("exp_avg", "exp_avg_sq")})
        for task in tasks:
            if task not in self._values:
                number = torch.tensor(self.start, dtype=torch.float64, device=device)
                self._values[task] = torch.nn.Parameter(number)
                if self._optimizer is None:
                    self._optimizer = torch.optim.Adam([self._values[task]], **self._settings)
                else:
                    self._optimizer.add_param_group({"params": [self._values[task]]})
