"""[corpora.train.schedule]."""

from pathlib import Path
from typing import Any, Dict

import pytest
from cases import Case, Refused, check, name_of
from changed_configs import (
    INF,
    NAN,
    READY,
    changed,
    not_finite,
    prepare,
    refused,
    steady,
)

SCHEDULE = "corpora/train/schedule"
IN_SCHEDULE = "[corpora.train.schedule]"


def draw(schedule: str, **settings: Any) -> Dict[str, Any]:
    return {SCHEDULE: {"@mtl_schedules": f"spacy_mtl.{schedule}.v1", **settings}}


def phase(settings: Any) -> Dict[str, Any]:
    return draw("Sequential", phases=[settings, {"tasks": ["textcat"]}])


CASES = [
    Case(
        "schedule a text",
        {SCHEDULE: "spacy_mtl.Uniform.v1"},
        refused("schedule", "'spacy_mtl.Uniform.v1'", IN_SCHEDULE, "@mtl_schedules"),
    ),
    Case(
        "schedule a weighting",
        {SCHEDULE: {"@mtl_weightings": "spacy_mtl.Constant.v1"}},
        Refused("'schedule'", "@mtl_schedules", IN_SCHEDULE),
    ),
    Case(
        "all shares 0",
        draw("Weighted", shares={"one": 0, "two": 0.0}),
        Refused("all 'shares'", "0", IN_SCHEDULE),
    ),
    Case(
        "all shares 0, by schedules",
        draw("Weighted", shares={"one": steady(0.0)}),
        Refused("Weighted", "share of 0 at batch 0", IN_SCHEDULE),
    ),
    Case(
        "share of no corpus",
        draw("Weighted", shares={"one": 1, "tow": 1}),
        Refused("'shares' of the schedule names 'tow'", "'one', 'two'", IN_SCHEDULE),
    ),
    Case(
        "share NaN",
        draw("Weighted", shares={"one": NAN}),
        not_finite("one", "nan", "[corpora.train.schedule.shares]"),
    ),
    Case(
        "share infinite",
        draw("Weighted", shares={"one": INF}),
        not_finite("one", "inf", "[corpora.train.schedule.shares]"),
    ),
    Case(
        "share 'inf'",
        draw("Weighted", shares={"one": "inf"}),
        Refused("share of the corpus 'one' is 'inf'", IN_SCHEDULE),
    ),
    Case(
        "temperature 'nan'",
        draw("Temperature", temperature="nan"),
        Refused("temperature", "'nan'", IN_SCHEDULE),
    ),
    Case("temperature by a schedule", draw("Temperature", temperature=steady(2.0)), READY),
    Case(
        "temperature by a schedule, 0",
        draw("Annealed", temperature=steady(0.0)),
        Refused("temperature", "0 at batch 0", IN_SCHEDULE),
    ),
    Case(
        "a phase of 0 steps",
        phase({"tasks": ["ner"], "steps": 0}),
        Refused("phase 0", "0 steps", IN_SCHEDULE),
    ),
    Case(
        "a phase of half a step",
        phase({"tasks": ["ner"], "steps": 1.5}),
        Refused("phase 0", "1.5 steps", "whole number", IN_SCHEDULE),
    ),
    Case("a phase of half an epoch", phase({"tasks": ["ner"], "epochs": 0.5}), READY),
    Case(
        "a phase of '2' steps",
        phase({"tasks": ["ner"], "steps": "2"}),
        Refused("phase 0", "'2' steps", IN_SCHEDULE),
    ),
    Case(
        "a phase of NaN epochs",
        phase({"tasks": ["ner"], "epochs": NAN}),
        not_finite("phases.0.epochs", "nan", IN_SCHEDULE),
    ),
    Case(
        "a phase of steps and epochs",
        phase({"tasks": ["ner"], "steps": 1, "epochs": 1}),
        Refused("phase 0", "'steps' and 'epochs'", IN_SCHEDULE),
    ),
    Case(
        "a phase of no task",
        phase({"tasks": ["nre"], "steps": 1}),
        Refused("'phases.0.tasks'", "'nre'", IN_SCHEDULE),
    ),
    Case(
        "a phase of a task twice",
        phase({"tasks": ["ner", "ner"], "steps": 1}),
        Refused("phase 0", "each once", IN_SCHEDULE),
    ),
    Case(
        "a phase of lists",
        phase({"tasks": [["ner"]], "steps": 1}),
        Refused("phase 0", "a list of names", IN_SCHEDULE),
    ),
    Case("a phase that is a text", phase("ner"), Refused("-> phases", "'ner' is not")),
    Case(
        "replay 1",
        draw("Sequential", phases=[{"tasks": ["ner"]}], replay=1.0),
        refused("replay", "1.0", IN_SCHEDULE),
    ),
    Case(
        "target of no corpus",
        draw("Bandit", target="nre"),
        Refused("'target'", "'nre'", IN_SCHEDULE),
    ),
    Case("target empty", draw("Bandit", target=""), refused("target", "''", IN_SCHEDULE)),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
@pytest.mark.filterwarnings("ignore")
def test_config(case: Case, plain: Dict[str, Any], folder: Path) -> None:
    check(case, lambda changes: prepare(changed(plain, changes, folder)))
