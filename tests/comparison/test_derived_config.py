"""The config of a training on some of the tasks of another config."""

from pathlib import Path
from typing import Any, Dict, List, Sequence

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.util import load_model_from_config
from thinc.api import Config
from three_corpora import KINDS, SIZES, config_of, initialize, make_doc
from tiny_pipelines import CNN

from spacy_mtl.comparison.derived_config import derive_config, without

TASKS = list(KINDS.values())


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, Path]:
    nlp = spacy.blank("en")
    found = {}
    for name, size in SIZES.items():
        found[name] = tmp_path_factory.mktemp("corpora") / f"{name}.spacy"
        DocBin(docs=[make_doc(nlp, i) for i in range(size)]).to_disk(found[name])
    return found


def derive(config: Config, tasks: Sequence[str], keys: Sequence[str] = ()) -> Any:
    nlp = load_model_from_config(config, auto_fill=True)
    return derive_config(
        nlp.config.interpolate(),
        "mtl",
        TASKS,
        tasks,
        seed=7,
        log="run/log.jsonl",
        score_keys=keys,
    )


@pytest.mark.parametrize("tasks", [["ner"], ["tagger", "textcat"], TASKS])
def test_trains_as_it_is(paths: Dict[str, Path], tasks: List[str]) -> None:
    config = config_of(paths)
    config["components"]["mtl"]["weighting"]["weights"] = {"tagger": 2.0, "ner": 0.5}
    derived = derive(config, tasks)
    again = Config().from_bytes(derived.to_bytes())
    assert again == derived
    nlp, reader, _ = initialize(derived)
    assert nlp.pipe_names == ["mtl", *tasks]
    assert set(reader.corpora.specs) == {name for name, task in KINDS.items() if task in tasks}
    assert derived["training"]["seed"] == 7
    assert derived["training"]["patience"] == 0
    assert derived["training"]["logger"]["output_file"] == "run/log.jsonl"
    filled = load_model_from_config(config, auto_fill=True).config.interpolate()["training"]
    for key in ("max_steps", "batcher", "optimizer", "dropout"):
        assert derived["training"][key] == filled[key]


def test_weights_of_absent_tasks_are_dropped(paths: Dict[str, Path]) -> None:
    config = config_of(paths)
    config["components"]["mtl"]["weighting"]["weights"] = {"tagger": 2.0, "ner": 0.5}
    derived = derive(config, ["tagger", "textcat"])
    assert derived["components"]["mtl"]["weighting"]["weights"] == {"tagger": 2.0}
    assert config["components"]["mtl"]["weighting"]["weights"] == {"tagger": 2.0, "ner": 0.5}


def test_a_single_task_shares_with_no_one(paths: Dict[str, Path]) -> None:
    config = config_of(paths)
    mtl = config["components"]["mtl"]
    mtl["model"] = {"@architectures": "spacy_mtl.MMoE.v1", "tok2vec": CNN}
    mtl["weighting"] = {"@mtl_weightings": "spacy_mtl.PCGrad.v1"}
    alone = derive(config, ["ner"])["components"]["mtl"]
    assert alone["model"] == {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": CNN}
    assert alone["weighting"]["@mtl_weightings"] == "spacy_mtl.Constant.v1"
    group = derive(config, ["ner", "tagger"])["components"]["mtl"]
    assert group["model"]["@architectures"] == "spacy_mtl.MMoE.v1"
    assert group["weighting"]["@mtl_weightings"] == "spacy_mtl.PCGrad.v1"


@pytest.mark.parametrize(
    "name, settings, tasks, expected",
    [
        ("Weighted", {"shares": {"tags": 2, "names": 1, "topics": 1}}, ["tagger", "ner"], None),
        ("Weighted", {"shares": {"tags": 2, "names": 1}}, ["ner"], "Proportional"),
        ("Bandit", {"target": "ner"}, ["tagger", "textcat"], "Proportional"),
        ("Bandit", {"target": "ner"}, ["tagger", "ner"], None),
    ],
)
def test_schedules(
    paths: Dict[str, Path], name: str, settings: Any, tasks: Any, expected: Any
) -> None:
    schedule = {"@mtl_schedules": f"spacy_mtl.{name}.v1", **settings}
    found = derive(config_of(paths, schedule=schedule), tasks)["corpora"]["train"]["schedule"]
    assert found["@mtl_schedules"] == f"spacy_mtl.{expected or name}.v1"
    if name == "Weighted" and not expected:
        assert found["shares"] == {"tags": 2, "names": 1}


def test_phases_of_absent_tasks_are_dropped(paths: Dict[str, Path]) -> None:
    phases = [{"tasks": ["ner"], "steps": 5}, {"tasks": ["tagger", "ner"], "steps": 5}]
    phases += [{"tasks": ["textcat"]}]
    schedule = {"@mtl_schedules": "spacy_mtl.Sequential.v1", "phases": phases, "replay": 0.1}
    found = derive(config_of(paths, schedule=schedule), ["tagger", "textcat"])
    assert found["corpora"]["train"]["schedule"] == {
        **schedule,
        "phases": [{"tasks": ["tagger"], "steps": 5}, {"tasks": ["textcat"]}],
    }


def test_scores_that_count(paths: Dict[str, Path]) -> None:
    config = config_of(paths)
    config["training"]["score_weights"] = {"tag_acc": 1.0, "ents_f": 0.0, "cats_score": 0.0}
    derived = derive(config, ["tagger", "ner"], ["tag_acc", "ents_f"])
    assert derived["training"]["score_weights"] == {"tag_acc": 1.0, "ents_f": 0.0}
    assert derive(config, ["ner"], ["ents_f"])["training"]["score_weights"] == {}


def test_without() -> None:
    block = {"groups": {"one": ["a", "b"], "two": ["c"]}, "order": ["c", "a"], "c": 1, "x": []}
    assert without(block, ["c"]) == {"groups": {"one": ["a", "b"]}, "order": ["a"], "x": []}
    assert without(["c"], ["c"]) == []
