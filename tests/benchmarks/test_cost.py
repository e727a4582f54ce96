"""The comparison of two checkouts."""

from pathlib import Path
from typing import Any, Callable

import pytest
from spacy.lang.en import English

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def cost(benchmark_module: Callable) -> Any:
    return benchmark_module("cost")


def test_texts_are_the_same_everywhere(cost: Any) -> None:
    one, other = ([doc.to_json() for doc in cost.make_texts(English())] for _ in range(2))
    assert one == other
    assert len(one) == 64


def test_jobs_do_their_work(cost: Any) -> None:
    jobs = cost.make_jobs("cnn")
    assert list(jobs) == ["a training step", "inference"]
    jobs["a training step"](0)
    docs = jobs["inference"](0)
    assert len(docs) == 64
    assert all(doc.has_annotation("TAG") for doc in docs)


@pytest.mark.slow
def test_a_checkout_answers(cost: Any) -> None:
    checkout = cost.Checkout(ROOT, "cnn")
    assert checkout.seconds("a training step") > 0
    checkout.close()
    with pytest.raises(ValueError, match="closed file"):
        checkout.seconds("inference")


def test_folder_that_is_not_a_checkout(cost: Any, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr("sys.argv", ["cost", str(ROOT / "docs")])
    with pytest.raises(SystemExit):
        cost.main()
    assert "it has no folder 'spacy_mtl'" in capsys.readouterr().err
