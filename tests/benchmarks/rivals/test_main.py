"""Other libraries in turns with this package."""

from typing import Any, List

import spacy
from tiny_corpus import make_docs


def test_turns_after_a_first_one(benchmark_module: Any) -> None:
    main = benchmark_module("rivals.__main__")
    order: List[str] = []

    def run(name: str) -> float:
        order.append(name)
        return float(len(order))

    contestants = {name: lambda name=name: run(name) for name in ("one", "other")}
    assert main.take_turns(contestants, 2) == {"one": [3.0, 5.0], "other": [4.0, 6.0]}
    assert order == ["one", "other"] * 3


def test_work_is_timed_by_the_clock(benchmark_module: Any) -> None:
    times = iter([3.0, 5.5])
    done: List[int] = []
    run = benchmark_module("rivals.__main__").timed(lambda: done.append(1), lambda: next(times))
    assert run() == 2.5
    assert done == [1]


def test_labels_of_each_task(benchmark_module: Any) -> None:
    docs = make_docs(spacy.blank("en"))
    found = benchmark_module("rivals.__main__").labels_of(docs, ("ner", "textcat"))
    assert found == {"ner": ["LOC", "PER"], "textcat": ["a", "b"]}
