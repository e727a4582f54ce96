"""Predictions of variants of a pipeline."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any, List

import pytest
import spacy
from spacy.tokens import Doc
from tiny_corpus import make_docs
from tiny_pipelines import inner


def test_share_of_equal_labels(benchmark_module: Any) -> None:
    vocab = spacy.blank("en").vocab
    one = Doc(vocab, words=["a", "b", "c", "d"], tags=["x"] * 4, ents=["O", "B-P", "I-P", "O"])
    other = Doc(
        vocab, words=["a", "b", "c", "d"], tags=["x", "x", "y", "x"], ents=["B-P"] + ["O"] * 3
    )
    share = benchmark_module("speed.predictions").share_of_equal
    assert share([one], [one]) == 1
    assert share([one], [other]) == 0.25


@pytest.mark.parametrize("where", ["inside mtl", "before mtl"])
def test_block_of_the_encoder(
    where: str, benchmark_module: Any, encoder_dir: str, make_nlp: Any, tmp_path: Any
) -> None:
    encoder = encoder_dir if where == "before mtl" else inner(encoder_dir)
    make_nlp(["tagger"], encoder=encoder).to_disk(tmp_path)
    block = benchmark_module("speed.predictions").block_of_encoder(str(tmp_path))
    expected = "transformer.model" if where == "before mtl" else "mtl.model.tok2vec"
    assert block == f"components.{expected}"
    if where == "inside mtl":
        changed = spacy.load(tmp_path, config={f"{block}.precision": "bf16"})
        assert changed.config["components"]["mtl"]["model"]["tok2vec"]["precision"] == "bf16"


def test_eager_encoder_calls_nothing_of_onednn(
    benchmark_module: Any, encoder_dir: str, make_nlp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise, labels would be compared with themselves."""
    calls = []
    for place in ("fast_linear", "prepacked"):
        module = f"spacy_mtl.encoder.{place}"
        monkeypatch.setattr(f"{module}.is_fast", lambda dtype: True)
        original = import_module(module).linear

        def counted(*args: Any, original: Any = original, **kwargs: Any) -> Any:
            calls.append(args)
            return original(*args, **kwargs)

        monkeypatch.setattr(f"{module}.linear", counted)
    nlp = make_nlp(["tagger"], encoder=inner(encoder_dir))
    calls.clear()
    with benchmark_module("speed.predictions").eager():
        nlp("old runs")
    assert not calls
    make_nlp(["tagger"], encoder=inner(encoder_dir))("old runs")
    assert calls


def test_labels_are_compared_with_those_in_float32(
    benchmark_module: Any,
    encoder_dir: str,
    make_nlp: Any,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    """Although the pipelines were trained in bfloat16."""
    module = benchmark_module("speed.predictions")
    kept: List[Any] = []
    precisions = []
    load = spacy.load

    def load_noting(*args: Any, **kwargs: Any) -> Any:
        nlp = load(*args, **kwargs)
        precisions.append(nlp.config["components"]["mtl"]["model"]["tok2vec"]["precision"])
        return nlp

    monkeypatch.setattr(spacy, "load", load_noting)
    monkeypatch.setattr(module, "keep", kept.append)
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    paths = [tmp_path / name / "model" for name in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        nlp = make_nlp(["tagger"], encoder=inner(encoder_dir, precision="bf16"))
        nlp.to_disk(path)
    gold = make_docs(nlp)
    args = SimpleNamespace(pipeline=[str(p) for p in paths], bf16=True, corpus="tiny")
    module.compare_precisions(SimpleNamespace(args=args, test=gold))
    assert precisions == ["fp32", "fp32", "bf16"] * 2
    exact, same, rough = kept
    assert "tiny, 4 documents, a, b" in capsys.readouterr().out
    assert same["title"] == "tiny, precision, fp32"
    assert exact["equal"] == same["equal"] == 100 >= rough["equal"]
    assert exact["tag_acc"] == pytest.approx(same["tag_acc"])
