"""Tasks that set the same annotation, or report the same scores."""

from itertools import combinations
from typing import Iterable, Iterator

from spacy.language import Language

from .scores import score_weights_of, some_of
from .stock import task_of, tasks_of
from .task import Task


def check_outputs(nlp: Language) -> None:
    """Refuse heads that set the same annotation, or report the same scores.

    nlp (Language): The pipeline; heads with their labels.
    RAISES (ValueError): If there are two such heads.
    """
    heads = [name for name, pipe in nlp.components if isinstance(pipe, Task)]
    for name in heads:
        # Of stock components beside them, a warning tells when they are initialised.
        for message in find_collisions(nlp, name, heads):
            raise ValueError(message)
    for name, other in combinations(tasks_of(nlp), 2):
        same = set(score_weights_of(nlp, name)) & set(score_weights_of(nlp, other))
        head = name if name in heads else other
        # Those of one pipeline have been parted. Sourced ones have not.
        if same and head in heads:
            raise ValueError(
                f"The components '{name}' and '{other}' both report {some_of(same)}: one score "
                f"would overwrite the other. Where '{head}' is sourced from, say "
                f"`nlp.get_pipe('{head}').score_prefix = '{head}'`, and save it again."
            )


def find_collisions(nlp: Language, name: str, others: Iterable[str]) -> Iterator[str]:
    """Find components that set the same annotation as a head.

    nlp (Language): The pipeline; heads with their labels.
    name (str): The head.
    others (Iterable[str]): The components.
    YIELDS (str): What to tell a user.
    """
    head = task_of(nlp, name)
    for other in others:
        found = task_of(nlp, other)
        if other == name or not found.labels or not head.labels:
            continue
        both = head.output_keys() & found.output_keys()
        if both:
            yield (
                f"The heads '{name}' and '{other}' both set {some_of(both)}: one would overwrite "
                f"what the other sets. {head.how_to_part} Mend [components.{name}] or "
                f"[components.{other}]."
            )
