"""An adversary: a discriminator behind a gradient reversal, and the classes that it tells apart."""

from collections import Counter
from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
from torch import Tensor

from ..types import Annotated

#: What texts can be told apart by.
ADVERSARIES = ("auto", "corpus", "tasks")
#: The outputs of a discriminator. Fixed, so that optimizer states keep fitting: the number of
#: classes is not known at the start. Beyond it, classes share an output.
MAX_CLASSES = 32
#: How many times as fast as other layers a discriminator learns (with Adam). At the same rate it
#: falls behind, and the shared part only learns to mislead it: a fresh one still tells.
RATE_SCALE = 10.0
#: The most that `_pressure` undoes of the saturation of the cross-entropy.
LARGEST = 1000.0


class Classes:
    """Numbers what documents are told apart by, in the order in which it appears.

    by (str): One of `ADVERSARIES`: the corpus of a document, the tasks it is annotated for, or
        "auto", which means the corpus once there are several.
    """

    def __init__(self, by: str) -> None:
        self.by = by
        self.corpora: List[str] = []
        self.task_sets: List[List[str]] = []
        self._found: Tuple[List[str], List[List[str]]] = ([], [])

    def numbers(self, annotated: Annotated) -> Tuple[List[Optional[int]], int]:
        """Look up the class of each document of a batch. New ones are kept by `note_closed`.

        annotated (Annotated): The annotation of the batch.
        RETURNS (Tuple[List[Optional[int]], int]): The class of each document, from 0 (None if its
            corpus is unknown), and the number of classes, at most `MAX_CLASSES`.
        """
        sets = [sorted(tasks) for tasks in annotated.tasks]
        corpora = _extended(self.corpora, [name for name in annotated.corpora if name is not None])
        task_sets = _extended(self.task_sets, sets)
        self._found = corpora, task_sets
        if self.by == "corpus" or (self.by == "auto" and len(corpora) > 1):
            names: List[Any] = list(annotated.corpora)
            known: List[Any] = corpora
        else:
            names, known = sets, task_sets
        numbers = [None if name is None else known.index(name) % MAX_CLASSES for name in names]
        return numbers, min(len(known), MAX_CLASSES)

    def note_all(self, annotated: Sequence[Annotated]) -> None:
        """Number the classes of the batches of all ranks, the same on each.

        annotated (Sequence[Annotated]): The annotation of the batches, by rank.
        """
        for each in annotated:
            self.numbers(each)
            self.note_closed()

    def note_closed(self) -> None:
        """Keep the classes of the last batch."""
        self.corpora, self.task_sets = self._found

    def rename_task(self, old: str, new: str) -> None:
        """Rename a task in the sets of tasks that texts are annotated for.

        old (str): The name so far.
        new (str): The new name.
        """
        self.task_sets = [
            sorted(new if task == old else task for task in tasks) for tasks in self.task_sets
        ]
        self._found = self.corpora, self.task_sets

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The classes seen so far."""
        return {"corpora": list(self.corpora), "task_sets": [list(s) for s in self.task_sets]}

    def set_state(self, state: Dict[str, Any]) -> None:
        """Restore the classes.

        state (Dict[str, Any]): The result of `get_state`.
        """
        self.corpora = list(state["corpora"])
        self.task_sets = [list(tasks) for tasks in state["task_sets"]]
        self._found = self.corpora, self.task_sets


class Discriminator(torch.nn.Module):
    """Try to tell the class of vectors, and make these vectors harder to tell apart.

    Its own parameters get the gradient of its loss. The vectors get that gradient times `reversal`
    and, if that is below 0, times the `_pressure` of each.

    width (int): The width of the vectors.
    hidden_width (int): The width of the hidden layer.
    SOURCE: Ganin et al. 2016, arXiv:1505.07818. Differs: see `RATE_SCALE` and `_pressure`. Noise
        as large as the vectors' own spread is added to its input (Arjovsky & Bottou 2017,
        arXiv:1701.04862), so that it doesn't tell classes by tiny differences, or by heart.
    """

    def __init__(self, width: int, hidden_width: int) -> None:
        super().__init__()
        self.hidden = FastLinear(width, hidden_width)
        self.output = FastLinear(hidden_width, MAX_CLASSES)

    def forward(
        self, X: Tensor, classes: Sequence[int], n_classes: int, reversal: float = -1.0
    ) -> Tensor:
        """Compute the discriminator's loss.

        X (Tensor): Vectors. *Shape:* (n_docs, width).
        classes (Sequence[int]): The class of each.
        n_classes (int): The number of classes so far.
        reversal (float): What the gradient of X is multiplied by. 1: its true gradient.
        RETURNS (Tensor): The cross-entropy, mean per document. *Shape:* ().
        """
        target = torch.tensor(classes, device=X.device)
        factor = X.new_full((len(classes), 1), reversal)
        if reversal < 0:
            counts = Counter(classes)
            prior = X.new_tensor([counts[c] / len(classes) for c in classes])
            with torch.no_grad():
                odds = self._logits(X, n_classes).softmax(dim=1)
                told = odds.gather(1, target.unsqueeze(1)).squeeze(1)
                factor = factor * _pressure(told, prior).unsqueeze(1)
        noise = torch.randn_like(X) * X.detach().std(dim=0)
        logits = self._logits(_Scaled.apply(X, factor) + noise, n_classes)
        return torch.nn.functional.cross_entropy(logits, target)

    def _logits(self, X: Tensor, n_classes: int) -> Tensor:
        hidden = torch.nn.functional.gelu(self.hidden(X))
        logits: Tensor = self.output(hidden)[:, :n_classes]
        return logits.to(X.dtype)


class FastLinear(torch.nn.Linear):
    """A linear layer that Adam trains `RATE_SCALE` times as fast.

    Its parameters are that much smaller than what it multiplies by.

    n_inputs (int): The width of the input.
    n_outputs (int): The width of the output.
    """

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        super().__init__(n_inputs, n_outputs)
        with torch.no_grad():
            self.weight.div_(RATE_SCALE)
            self.bias.div_(RATE_SCALE)

    def forward(self, input: Tensor) -> Tensor:
        """RETURNS (Tensor): The output. *Shape:* (n_rows, n_outputs)."""
        return RATE_SCALE * super().forward(input)


class _Scaled(torch.autograd.Function):
    """Return the input, and multiply its gradient by a factor per row."""

    @staticmethod
    def forward(ctx: Any, X: Tensor, factor: Tensor) -> Tensor:
        ctx.save_for_backward(factor)
        return X.view_as(X)

    @staticmethod
    def backward(ctx: Any, *d_output: Tensor) -> Tuple[Tensor, None]:
        (factor,) = ctx.saved_tensors
        return d_output[0] * factor, None


def _pressure(told: Tensor, prior: Tensor) -> Tensor:
    """Decide how much of the reversed gradient each vector gets.

    With the plain gradient, a vector that is told with certainty gets next to none, and one that
    already misleads the discriminator is pushed on, until it tells the class the other way around.
    So the first gets the gradient of the log odds, as far as that is larger, and the last none.

    told (Tensor): The probability that the discriminator gives the right class.
    prior (Tensor): The share of this class: what it gives if it cannot tell.
    RETURNS (Tensor): Factors, >= 0.
    """
    factor = (1 - prior) / (1 - told).clamp_min(1 / LARGEST)
    return torch.where(told > prior, factor, torch.zeros_like(factor))


def _extended(known: Sequence[Any], found: Sequence[Any]) -> List[Any]:
    """RETURNS (List[Any]): The known names, and after them those that are new."""
    names = list(known)
    for name in found:
        if name not in names:
            names.append(name)
    return names
