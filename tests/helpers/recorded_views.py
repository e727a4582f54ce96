"""For which tasks a scheme makes views."""

from typing import Any, List

from scheme_pipelines import network_of
from spacy.language import Language


def record_views(nlp: Language) -> List[List[str]]:
    """The tasks whose views are made from now on, one entry per forward pass of the scheme."""
    found: List[List[str]] = []
    network = network_of(nlp)
    forward = network.forward

    def noted(X: Any, batch: Any, tasks: Any) -> Any:
        found.append(list(tasks))
        return forward(X, batch, tasks)

    network.forward = noted
    return found
