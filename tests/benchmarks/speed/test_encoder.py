"""The encoder's share of the time, and its operations."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from tiny_corpus import make_examples
from tiny_pipelines import add_joint, inner


def test_share_of_the_encoder(
    benchmark_module: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    encoder_dir: str,
    capsys: Any,
) -> None:
    encoder, contestants, bare = (
        benchmark_module(f"speed.{name}") for name in ("encoder", "contestants", "bare")
    )
    monkeypatch.setattr(benchmark_module("timing"), "RESULTS", tmp_path / "speed.jsonl")
    nlp = spacy.blank("en")
    add_joint(nlp, inner(encoder_dir))
    nlp.add_pipe("mtl_ner", name="ner")
    nlp.initialize(lambda: make_examples(nlp))
    texts = ["a b c", "d"]
    batches = bare.bare_batches(encoder_dir, texts, 12)
    alone = bare.bare_inference(bare.load_network(encoder_dir), batches, "fp32")
    encoder.report_encoder("title", alone, {"fp32": 1.0}, nlp, contestants.inference(nlp, texts))
    row, share = map(json.loads, (tmp_path / "speed.jsonl").read_text().splitlines())
    assert 0 < share["share"] < 1
    # Two layers of 16 and 32 dimensions on 10 padded wordpieces, 2 * 10 * 2 * (4 * 16 * 16 +
    # 2 * 16 * 32), and a pooler on two texts. Attention may be counted, too.
    assert 82_944 <= round(row["gflops"] * 1e9) < 100_000
    assert row["peak"] > 0
    assert "% of a matrix product's" in capsys.readouterr().out
