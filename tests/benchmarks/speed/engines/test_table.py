"""The engines that are measured."""

import argparse
from typing import Any, List

import pytest


def names(table: Any, **options: Any) -> List[str]:
    given = {"bf16": False, "int8": False, "compile": False, "gpu": False, "threads": 1}
    return [engine.name for engine in table.chosen(argparse.Namespace(**{**given, **options}))]


def test_engines_that_the_options_ask_for(benchmark_module: Any) -> None:
    table = benchmark_module("speed.engines.table")
    plain = names(table)
    assert plain == [
        "bare PyTorch",
        "bare PyTorch with oneDNN",
        "bare ONNX Runtime",
        "bare OpenVINO",
    ]
    assert set(names(table, bf16=True)) - set(plain) == {
        "bare PyTorch, bf16",
        "bare PyTorch with oneDNN, bf16",
        "bare OpenVINO, bf16",
    }
    assert set(names(table, int8=True)) - set(plain) == {"bare ONNX Runtime, int8"}
    assert set(names(table, compile=True)) - set(plain) == {"bare torch.compile"}
    assert set(names(table, threads=2)) - set(plain) == {"bare OpenVINO in streams"}
    on_gpu = names(table, gpu=True, bf16=True, int8=True)
    assert on_gpu == ["bare PyTorch", "bare PyTorch, tf32", "bare PyTorch, bf16"]


def test_names_end_in_the_precision(benchmark_module: Any) -> None:
    limits, table = (benchmark_module(f"speed.{name}") for name in ("limits", "engines.table"))
    for engine in table.ENGINES:
        assert limits.is_bare(engine.name)
        assert limits.precision_of(engine.name) == engine.precision


def test_missing_engines_are_named(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, encoder_dir: str, capsys: Any
) -> None:
    """Those that are installed run."""
    table, engine = (benchmark_module(f"speed.engines.{name}") for name in ("table", "engine"))
    absent = engine.Engine("bare nothing", lambda *args: 1 / 0, packages=("no_such_engine",))
    monkeypatch.setattr(table, "ENGINES", (*table.ENGINES, absent))
    options = {"bf16": True, "int8": False, "compile": False, "gpu": False, "threads": 1}
    args = argparse.Namespace(encoder=encoder_dir, budget=12, **options)
    made = table.make_engines(args, ["a b c", "d"])
    assert "Left out: bare nothing. Not installed: no_such_engine" in capsys.readouterr().out
    for name, run in made.items():
        assert name != "bare nothing"
        run()


def test_engines_that_are_no_use_are_left_out(
    benchmark_module: Any, monkeypatch: pytest.MonkeyPatch, encoder_dir: str, capsys: Any
) -> None:
    table = benchmark_module("speed.engines.table")
    monkeypatch.setattr("spacy_mtl.encoder.prepacked.is_fast", lambda dtype: False)
    monkeypatch.setattr(table, "ENGINES", table.ENGINES[:4])
    options = {"bf16": False, "int8": False, "compile": False, "gpu": False, "threads": 1}
    args = argparse.Namespace(encoder=encoder_dir, budget=12, **options)
    assert list(table.make_engines(args, ["a b c", "d"])) == ["bare PyTorch"]
    assert "bare PyTorch with oneDNN. It is not faster here" in capsys.readouterr().out
