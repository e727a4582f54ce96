"""The cost of weightings, which take turns on one pipeline."""

from itertools import cycle
from pathlib import Path
from typing import Any, List

import pytest
from thinc.api import Adam
from tiny_corpus import make_examples


def test_weightings_take_turns(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, make_nlp: Any, tmp_path: Path
) -> None:
    """Each trains with its own method, at its own level of gradients."""
    cost = benchmark_module("weighting_cost")
    nlp = make_nlp()
    given = nlp, {"optimizer": Adam(0.001)}, cycle([make_examples(nlp)])
    monkeypatch.setattr(cost, "prepare", lambda *args: given)
    monkeypatch.setattr(cost, "N_BATCHES", 2)
    titles = ["Constant", "PCGrad, at the parameters"]
    todo = {title: cost.contestants_of([])[title] for title in titles}
    training = cost.Training("encoder", tmp_path)
    spent: List[float] = []
    levels = []
    for title in titles * 2:
        training.contestant(title, todo[title], spent)()
        levels.append(nlp.get_pipe("mtl").gradients)
    assert levels == ["representation", "parameters"] * 2
    assert len(spent) == 4
    assert all(seconds > 0 for seconds in spent)
