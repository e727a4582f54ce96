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
    titles = ["Constant", "PCGrad, at the parameters", "Balanced, measured now and then"]
    todo = {title: cost.contestants_of([])[title] for title in titles}
    training = cost.Training("encoder", tmp_path, 2)
    spent: List[float] = []
    places = []
    for title in titles * 2:
        training.contestant(title, todo[title], spent)()
        mtl = nlp.get_pipe("mtl")
        places.append((mtl.gradients, mtl.every))
    assert places == [("representation", None), ("parameters", None), ("parameters", "auto")] * 2
    assert len(spent) == 6
    assert all(seconds > 0 for seconds in spent)
