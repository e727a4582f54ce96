"""A choice among options that is learned by Gumbel-softmax samples, then fixed."""

from typing import Any, Iterable, List, Optional, Tuple

import torch
from torch import Tensor

#: The final logits are the parameters times this. Optimizers like Adam move every parameter by
#: about the learning rate, so at those of transformers (around 5e-5) logits would hardly change.
GAIN = 50.0


class Choice(torch.nn.Module):
    """A choice among options: all are equally likely at first.

    The logits are scaled by the share of steps that has passed, and what all who choose prefer is
    taken out of them at first, by the square of that share. Otherwise the option that is the best
    by chance would be taken by all, and the others would never train.

    n_options (int): The number of options.
    n_steps (int): The number of closed steps after which it is fixed.
    temperatures (Tuple[float, float]): The temperature of samples at the first and the last step.
        In between, it falls by the same factor each step.
    SOURCE: Jang et al. 2017, "Categorical Reparameterization with Gumbel-Softmax",
        arXiv:1611.01144; Maddison et al. 2017, arXiv:1611.00712. Differs: logits are scaled, and
        centered at first.
    """

    def __init__(self, n_options: int, n_steps: int, temperatures: Tuple[float, float]) -> None:
        super().__init__()
        self._n_steps = n_steps
        self._temperatures = temperatures
        self.scores = torch.nn.Parameter(torch.zeros(n_options))
        #: What all who choose prefer: the mean of their scores, see `center`.
        self.common: Tensor
        self.register_buffer("common", torch.zeros(n_options))
        #: The number of closed steps it has seen, and the option that it was fixed to, or -1.
        self.state: Tensor
        self.register_buffer("state", torch.tensor([0, -1]))
        #: Whether training draws samples, as long as it is open. If not, it also takes what to
        #: expect of them.
        self.draws = True
        # The same as integers, so that a GPU is asked once. Loading makes a new network, or calls
        # the hook.
        self._known: Optional[List[int]] = None
        self.register_load_state_dict_post_hook(_forget)

    @property
    def option(self) -> Optional[int]:
        """RETURNS (Optional[int]): The option it was fixed to, if it was."""
        option = self._seen()[1]
        return option if option >= 0 else None

    @property
    def temperature(self) -> float:
        """RETURNS (float): The current temperature of samples."""
        start, end = self._temperatures
        return float(start * (end / start) ** (self._seen()[0] / self._n_steps))

    def best(self) -> int:
        """RETURNS (int): The option it was fixed to, or the most likely one so far."""
        return int(self._logits().argmax()) if self.option is None else self.option

    def forward(self) -> Tensor:
        """Weigh the options.

        RETURNS (Tensor): While it is open, a Gumbel-softmax sample in training, and otherwise the
            probabilities, which are the expected sample at low temperatures. Once it is fixed, 1
            for one option. *Shape:* (n_options,).
        """
        if self.training and self.draws and self.option is None:
            return torch.nn.functional.gumbel_softmax(self._logits(), self.temperature, dim=0)
        return self.probabilities()

    def probabilities(self) -> Tensor:
        """RETURNS (Tensor): What to expect of a sample. *Shape:* (n_options,)."""
        found = self._logits().detach().softmax(dim=0)
        if self.option is not None:
            found = torch.zeros_like(found)
            found[self.option] = 1.0
        return found

    def note_closed(self) -> bool:
        """Count a closed step. RETURNS (bool): Whether it has just been fixed."""
        n_seen, option = self._seen()
        is_due = option < 0 and n_seen + 1 >= self._n_steps
        self._known = [n_seen + 1, self.best() if is_due else option]
        self.state.copy_(torch.tensor(self._known))
        return is_due

    def _logits(self) -> Tensor:
        # Not 0 at the first step, for the parameters to get a gradient.
        passed = min((self._seen()[0] + 1) / self._n_steps, 1.0)
        return GAIN * passed * (self.scores - (1 - passed**2) * self.common)

    def _seen(self) -> List[int]:
        if self._known is None:
            self._known = self.state.tolist()
        return self._known


def center(choices: Iterable[Choice]) -> None:
    """Tell choices among the same options what they all prefer, as long as they are open.

    choices (Iterable[Choice]): All that choose. If only one is still open, nothing is common.
    """
    still_open = [choice for choice in choices if choice.option is None]
    for choice in still_open:
        choice.common.zero_()
    if len(still_open) > 1:
        mean = torch.stack([choice.scores.detach() for choice in still_open]).mean(dim=0)
        for choice in still_open:
            choice.common.copy_(mean)


def _forget(choice: Any, incompatible_keys: Any) -> None:
    choice._known = None
