"""Trained pipelines with a sharing scheme, and what depends on its views."""

from typing import Any, List

import spacy
from schemes import ROWS, Row
from spacy.language import Language
from thinc.api import fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, constant
from training_steps import train_steps

#: One row per scheme, for tests that take long.
ONE_EACH: List[Row] = list({row.name: row for row in reversed(ROWS)}.values())[::-1]


def build(row: Row, heads: Any = HEADS, *, initialize: bool = True, **config: Any) -> Language:
    """A pipeline with a scheme around a CNN, and equal weights."""
    nlp = spacy.blank("en")
    nlp.add_pipe("mtl", config={"model": row.block(), "weighting": constant(), **config})
    for head in heads:
        nlp.add_pipe(HEADS.get(head, head), name=head)
    if initialize:
        fix_random_seed(0)
        nlp.initialize(lambda: make_examples(nlp))
    return nlp


def trained(row: Row, n_steps: int = 6) -> Language:
    """A pipeline that has learned enough to predict entities, and has views that differ."""
    nlp = build(row)
    # A random transformer learns more slowly than a CNN.
    n_steps, rate = (3 * n_steps, 0.03) if row.is_inside else (n_steps, 0.02)
    train_steps(nlp, n_steps, rate=rate)
    return nlp


def sharing_of(nlp: Language) -> Any:
    """The layer that makes views."""
    return nlp.get_pipe("mtl").model.get_ref("sharing")  # type: ignore[attr-defined]


def network_of(nlp: Language) -> Any:
    """The network of the scheme."""
    return sharing_of(nlp).shims[0].network
