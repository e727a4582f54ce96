"""What confidences cost."""

from types import SimpleNamespace
from typing import Any, Dict, List

import pytest
from noisy_corpus import noisy_docs, sure_pipeline


def test_cost(benchmark_module: Any) -> None:
    """The median of the turns: the machine is half as fast in the last."""
    module = benchmark_module("speed.confidences")
    seconds = {module.OFF: [1.0, 1.0, 2.0], module.ON: [1.01, 1.5, 2.04]}
    assert module.cost_of(seconds) == pytest.approx(0.02)


def test_same_pipeline_with_and_without(
    benchmark_module: Any, capsys: pytest.CaptureFixture
) -> None:
    module = benchmark_module("speed.confidences")
    nlp = sure_pipeline()
    seen: List[Any] = []

    def measure(what: str, docs: Any, contestants: Dict[str, Any]) -> Dict[str, List[float]]:
        for name, run in contestants.items():
            run()
            own: Any = [nlp.get_pipe(head).confidence for head in ("tagger", "ner")]
            seen.append((what, name, own))
        return {module.OFF: [1.0], module.ON: [1.1]}

    bench = SimpleNamespace(test=noisy_docs(nlp, [1]), make=lambda kind: nlp, measure=measure)
    module.compare_confidences(bench)
    assert [(what, own) for what, _, own in seen] == [
        (f"confidences, {title}", [is_on, is_on])
        for title in ("transformer", "CNN")
        for is_on in (False, True)
    ]
    assert "Confidences take 10.0 % (at most 3: NOT MET)" in capsys.readouterr().out
