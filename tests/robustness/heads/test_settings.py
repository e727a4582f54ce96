# ruff: noqa: E501 (tables: a line each)
"""Invalid settings of heads."""

import math
from typing import Any

import pytest
from cases import Case, Refused, check, name_of
from spacy.language import Language
from tiny_pipelines import FOUR_HEADS

NAN, INF = math.nan, math.inf


SETTINGS = [
    *[
        Case(f"{key} {value}", (name, {key: value}), Refused(f"'{key}'", f"components.{name}"))
        for name in FOUR_HEADS
        for key, values in {"learn_rate_scale": (NAN, INF, 0.0), "label_smoothing": (NAN, INF, 1.0)}.items()
        for value in values
    ],
    *[
        Case(f"{name} threshold {value}", (name, {"threshold": value}), Refused("'threshold'", f"components.{name}"))
        for name in ("textcat", "multi")
        for value in (NAN, INF, -1.0)
    ],
    *[
        Case(f"{name} class weight {value}", (name, {"class_weights": {"a": value}}), Refused("'a'", "class_weights", f"components.{name}"))
        for name in ("textcat", "multi")
        for value in (NAN, INF, -INF)
    ],
]  # fmt: skip


@pytest.mark.parametrize("case", SETTINGS, ids=name_of)
def test_settings(nlp: Language, case: Case) -> None:
    name, config = case.given
    head: Any = nlp.get_pipe(name)
    check(case, lambda _: type(head)(nlp.vocab, head.model, name, **config))
