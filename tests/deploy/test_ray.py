"""The class as users of Ray call it: `Dataset.map_batches`, with several actors."""

import os
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
import spacy
from engines_here import (
    INSTALLED,
    NEEDS_RAY,
    expected_rows,
    installed_pipeline,
    processes_that_loaded,
    rows_of,
)

from spacy_mtl.deploy import Annotator
from spacy_mtl.deploy.engines import ray_actors
from spacy_mtl.deploy.engines.contract import EngineError
from spacy_mtl.deploy.engines.ray_actors import RayActors

pytestmark = [*NEEDS_RAY, pytest.mark.slow]
N_BLOCKS = 6


@pytest.fixture(scope="module")
def pipeline(encoder_dir: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of an installed pipeline, which the workers of a cluster here find."""
    import ray

    with installed_pipeline(encoder_dir, tmp_path_factory.mktemp("site")) as package:
        settings: Dict[str, Any] = {"include_dashboard": False, "log_to_driver": False}
        ray.init(address="local", num_cpus=3, **settings)
        ray.data.DataContext.get_current().enable_progress_bars = False
        yield package
        ray.shutdown()


def plain(row: Dict[str, Any]) -> Dict[str, Any]:
    """A row as it comes from Ray, with plain lists and dicts."""
    cats = row["cats"]
    lists = {name: None if row[name] is None else list(row[name]) for name in ("tokens", "tags")}
    ents = None if row["ents"] is None else [dict(ent) for ent in row["ents"]]
    return {**row, **lists, "ents": ents, "cats": None if cats is None else dict(cats)}


@pytest.mark.parametrize("batch_format", ["pyarrow", "pandas", "numpy"])
def test_map_batches(pipeline: Path, batch_format: str) -> None:
    """Same as `nlp.pipe`, in several blocks; each actor loads the pipeline once."""
    import ray

    (pipeline / "loads.txt").unlink(missing_ok=True)
    rows = rows_of(60)
    data = ray.data.from_items(rows, override_num_blocks=N_BLOCKS)
    annotated = data.map_batches(
        Annotator,
        fn_constructor_args=[INSTALLED],
        fn_constructor_kwargs={"fields": ["tokens", "tags", "ents", "cats"]},
        batch_format=batch_format,
        batch_size=5,
        compute=ray.data.ActorPoolStrategy(size=2),
    )
    found = sorted(annotated.take_all(), key=lambda row: row["id"])
    processes = processes_that_loaded(pipeline)
    assert len(processes) == len(set(processes)) == 2
    assert str(os.getpid()) not in processes
    assert [plain(row) for row in found] == expected_rows(spacy.load(INSTALLED), rows)


def test_a_pipeline_that_is_nowhere(pipeline: Path) -> None:
    """The error is that of the worker, not of Ray."""
    with (
        RayActors(Annotator("nowhere"), 1) as engine,
        pytest.raises(OSError, match=r"E050.*nowhere") as info,
    ):
        list(engine.run([[{"text": "a"}]]))
    assert "Traceback" not in str(info.value)


def test_a_worker_that_dies(pipeline: Path) -> None:
    import ray

    with RayActors(Annotator(INSTALLED), 1) as engine:
        rows = engine.run([{"text": "a"}] for _ in range(20))
        assert next(rows)[0]["error"] is None
        ray.kill(engine._actors[0])
        with pytest.raises(EngineError, match="A worker of Ray has ended"):
            list(rows)


def test_more_workers_than_the_cluster_has(pipeline: Path) -> None:
    with pytest.raises(EngineError, match="has 3 CPUs, but 2 workers of 2 threads .* Use fewer"):
        RayActors(Annotator("en_any", n_threads=2), 2)


def test_others_use_the_cluster(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Actors that wait for CPUs would wait as long as others use them."""
    monkeypatch.setattr(ray_actors, "_PATIENCE", 1.0)
    with RayActors(Annotator(INSTALLED), 2) as engine:
        assert list(engine.run([[{"text": "a"}]]))
        with pytest.raises(EngineError, match="Of the 3 CPUs .* 1 are free, but 2 workers of 1"):
            RayActors(Annotator(INSTALLED), 2)
    # Those have ended.
    with RayActors(Annotator(INSTALLED), 3) as engine:
        assert list(engine.run([[{"text": "a"}]]))


def test_workers_that_do_not_start(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that needs more CPUs than any node has."""
    monkeypatch.setattr(ray_actors, "_TO_START", 0.01)
    with pytest.raises(EngineError, match="Of 2 workers of Ray, 0 have started in .* free CPUs"):
        RayActors(Annotator(INSTALLED), 2)


def test_no_such_cluster(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    def init(**settings: Any) -> None:
        raise ConnectionError("nobody there")

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(EngineError, match="can't be started, or reached: nobody.*RAY_ADDRESS"):
        RayActors(Annotator("en_any"), 1)
