"""Tasks that set the same annotation or report the same scores."""

from itertools import combinations
from typing import Iterable, Iterator

from spacy.language import Language

from .scores import score_weights_of, some_of
from .stock import task_of, tasks_of
from .task import Task


def check_outputs(nlp: Language) -> None:
    """Reject heads that set the same annotation or report the same scores.

    nlp (Language): The pipeline. Heads need their labels.
    RAISES (ValueError): If two heads collide.
    """
    heads = [name for name, pipe in nlp.components if isinstance(pipe, Task)]
    for name in heads:
        # Collisions with stock components only cause a warning when they are initialized.
        for message in find_collisions(nlp, name, heads):
            raise ValueError(message)
    for name, other in combinations(tasks_of(nlp), 2):
        same = set(score_weights_of(nlp, name)) & set(score_weights_of(nlp, other))
        head = name if name in heads else other
        # Heads of one pipeline got separate score keys. Sourced heads didn't.
        if same and head in heads:
            raise ValueError(
                f"The components '{name}' and '{other}' both report {some_of(same)}: one score "
                f"would overwrite the other. In the pipeline that '{head}' is sourced from, set "
                f"`nlp.get_pipe('{head}').score_prefix = '{head}'` and save it again."
            )


def find_collisions(nlp: Language, name: str, others: Iterable[str]) -> Iterator[str]:
    """Find components that set the same annotation as a head.

    nlp (Language): The pipeline. Heads need their labels.
    name (str): The name of the head.
    others (Iterable[str]): The names of the components.
    YIELDS (str): A message for the user.
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
                f"what the other sets. {head.how_to_separate} Fix [components.{name}] or "
                f"[components.{other}]."
            )
