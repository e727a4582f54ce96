"""The benchmark of memory over time, shortened."""

from random import Random
from typing import Any

import pytest


def test_soak_measures_growth(benchmark_module: Any) -> None:
    soak = benchmark_module("soak")
    steady = soak.growth([(100, 50.0), (200, 50.0), (300, 50.0)])
    growing = soak.growth([(100, 50.0), (200, 51.0), (300, 52.0)])
    assert steady["bytes_a_word"] == pytest.approx(0, abs=1e-6)
    assert growing == {"begin": 50.0, "end": 52.0, "bytes_a_word": pytest.approx(2**20 / 100)}


@pytest.mark.parametrize("zone", [False, True])
def test_soak_reads_new_words(benchmark_module: Any, make_nlp: Any, zone: bool) -> None:
    soak = benchmark_module("soak")
    nlp = make_nlp()
    known = next(soak.texts_of("known", ["Anna", "books"], Random(0)))
    assert {word for text in known for word in text.split()} == {"Anna", "books"}
    before = len(nlp.vocab.strings)
    found = soak.read_for(nlp, soak.texts_of("random", [], Random(0)), 0.3, zone)
    assert found["n_words"] >= soak.N_TEXTS * soak.N_WORDS
    assert 0 < found["begin"] <= found["peak"]
    # The benchmark is about the new words that spaCy keeps.
    assert (len(nlp.vocab.strings) > before + soak.N_WORDS) is not zone
