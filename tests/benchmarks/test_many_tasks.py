"""What many tasks cost: the pipelines, and what is measured of them."""

import json
from pathlib import Path
from typing import Any, Callable

import pytest
import spacy


@pytest.fixture
def many_tasks(benchmark_module: Callable) -> Any:
    return benchmark_module("many_tasks")


def test_pipelines(many_tasks: Any, encoder_dir: str, tmp_path: Path) -> None:
    """Each way has all tasks, and a pipeline per task has an encoder for each."""
    sizes = {}
    for way in many_tasks.WAYS:
        paths = many_tasks.make_pipelines(way, 3, encoder_dir, tmp_path / way)
        assert len(paths) == (3 if way == many_tasks.APART else 1)
        tasks = [name for path in paths for name in spacy.load(path).pipe_names if name != "mtl"]
        assert tasks == ["tagger0", "tagger1", "tagger2"]
        sizes[way] = many_tasks.size_of(paths)
    assert sizes["HardSharing"] < sizes["Adapters"] < sizes["PartialSharing"]
    assert sizes[many_tasks.APART] > 2.5 * sizes["HardSharing"]


@pytest.mark.slow
def test_measured(many_tasks: Any, encoder_dir: str, tmp_path: Path, capsys: Any) -> None:
    paths = many_tasks.make_pipelines("Adapters", 2, encoder_dir, tmp_path)
    (tmp_path / "texts.json").write_text(json.dumps(["a b", "c"]))
    contestant = many_tasks.Contestant(paths, tmp_path / "texts.json")
    contestant.run(counts=False)
    contestant.run(counts=True)
    contestant.close()
    assert len(contestant.seconds) == 1
    assert contestant.seconds[0] > 0
    assert contestant.peak > 100
    many_tasks.compare(1, encoder_dir, ["a b", "c"], 3, turns=1)
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    assert [row[1] for row in rows] == many_tasks.ways_of(1)
    assert rows[0][3] == "1.00"
