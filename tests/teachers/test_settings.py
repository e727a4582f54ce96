"""The block [teacher]: what is accepted, and what is refused, with where to fix it."""

from pathlib import Path
from typing import Any, Dict

import pytest
import spacy
from taught_pipelines import KINDS, with_head

from spacy_mtl.heads.component import TaskHead
from spacy_mtl.teachers.settings import read_settings

GOOD = {"path": "training/ner-alone/model-best", "weight": 0.5}


@pytest.mark.parametrize(
    "given,match",
    [
        ({"weight": 0.5}, "has no 'path'"),
        ({"path": "x"}, "has no 'weight'"),
        ({**GOOD, "weight": None}, "has no 'weight'"),
        ({**GOOD, "temperature": 2.0}, "has 'temperature', but its keys must be among: path, "),
        ({**GOOD, "weight": 1.5}, "teacher of 'head' is 1.5, but must be a number from 0 to 1"),
        ({**GOOD, "weight": -0.1}, "is -0.1, but must be a number from 0 to 1"),
        ({**GOOD, "weight": True}, "is True, but must be"),
        ({**GOOD, "weight": "0.5"}, "is '0.5', but must be"),
        ({**GOOD, "path": ""}, "'path' of 'teacher' .* must be the path of a folder"),
        ({**GOOD, "path": 3}, "'path' of 'teacher' .* is 3"),
        ({**GOOD, "component": 3}, "'component' .* must be the name of a component"),
        ({**GOOD, "cache": " "}, "'cache' .* must be the path of a folder"),
        ({**GOOD, "cache": f"{GOOD['path']}/ner"}, "inside the teacher's pipeline"),
    ],
)
@pytest.mark.parametrize("kind", ["ner", "multi"])
def test_refused(given: Dict[str, Any], match: str, kind: str) -> None:
    with pytest.raises(ValueError, match=rf"{match}(.|\n)*\[components\.head\.teacher\]"):
        with_head(kind, teacher=given)


@pytest.mark.parametrize("given", ["training/model-best", 3, ["x"]])
def test_no_block(given: Any) -> None:
    with pytest.raises(ValueError, match="teacher"):
        with_head("ner", teacher=given)
    with pytest.raises(ValueError, match=r"must be a block with 'path' and 'weight', or null"):
        read_settings(given, "head")


def test_schedule_out_of_range(tmp_path: Path) -> None:
    """Its later values are checked once it gets there."""
    schedule = {"@schedules": "compounding.v1", "start": 0.5, "stop": 2.0, "compound": 2.0}
    nlp = with_head("ner", teacher={**GOOD, "weight": schedule})
    teacher = nlp.get_pipe("head").teacher
    assert [teacher.weight_at(step) for step in (0, 1)] == [0.5, 1.0]
    with pytest.raises(ValueError, match=r"is 2.0 at step 2 of its schedule, but must be a number"):
        teacher.weight_at(2)


def test_defaults() -> None:
    found = read_settings(GOOD, "ner")
    assert found is not None
    assert found.component == "ner"
    assert found.file == Path("training/ner-alone/model-best.ner.targets.sqlite").resolve()
    other = read_settings({**GOOD, "component": "a/b", "cache": "kept"}, "ner")
    assert other is not None
    assert other.file == Path("kept/model-best.a%2Fb.targets.sqlite")


@pytest.mark.parametrize("kind", KINDS)
def test_none_by_default(kind: str) -> None:
    """Also in configs written before there were teachers."""
    nlp = with_head(kind)
    assert nlp.config["components"]["head"]["teacher"] is None
    config = nlp.config.copy()
    del config["components"]["head"]["teacher"]
    old: Any = type(nlp).from_config(config)
    assert old.get_pipe("head").teacher is None
    assert not old.get_pipe("head").is_taught


def test_config_there_and_back(tmp_path: Path) -> None:
    """The block is kept as it was written, schedules too, without looking for the teacher."""
    schedule = {
        "@schedules": "warmup_linear.v1",
        "initial_rate": 1.0,
        "warmup_steps": 0,
        "total_steps": 10,
    }
    nlp = with_head("ner", teacher={**GOOD, "weight": schedule})
    nlp.config.to_disk(tmp_path / "config.cfg")
    again = spacy.util.load_model_from_config(
        spacy.util.load_config(tmp_path / "config.cfg"), auto_fill=True, validate=True
    )
    given = again.config["components"]["head"]["teacher"]
    assert {key: given[key] for key in GOOD} == {**GOOD, "weight": schedule}
    assert again.get_pipe("head").teacher.weight_at(5) == 0.5


def test_head_of_a_user_that_cannot_learn(tmp_path: Path) -> None:
    """Its class says nothing about probabilities."""
    nlp = with_head("tagger")

    class Own(TaskHead):
        unit = "token"

    model = nlp.get_pipe("head").model
    assert Own(nlp.vocab, model, "own").teacher is None
    with pytest.raises(ValueError, match=r"'own' can't have a teacher: its class, Own, has no"):
        Own(nlp.vocab, model, "own", teacher=GOOD)
