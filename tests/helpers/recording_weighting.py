"""A weighting that keeps what it is given."""

from typing import Any, Dict, List

from spacy_mtl.types import Combined


class Recording:
    """A weighting that keeps what it is given, and adds up."""

    def __init__(self, needs_losses: bool) -> None:
        self.needs_losses = needs_losses
        self.losses: List[Dict[str, float]] = []
        self.rows: List[Any] = []

    def __call__(self, losses: Dict[str, float], gradients: Any) -> Any:
        self.losses.append(dict(losses))
        self.rows.append(dict(zip(losses, gradients)))
        return Combined(gradients.sum(axis=0), dict.fromkeys(losses, 1.0))
