"""[components.mtl.weighting]."""

from pathlib import Path
from typing import Any, Dict

import pytest
from cases import Case, Refused, check, name_of
from changed_configs import (
    HUGE,
    INF,
    NAN,
    READY,
    changed,
    not_finite,
    prepare,
    refused,
    steady,
)

WEIGHTING = "components/mtl/weighting"
IN_WEIGHTING = "[components.mtl.weighting]"
IN_WEIGHTS = "[components.mtl.weighting.weights]"


def weigh(method: str, **settings: Any) -> Dict[str, Any]:
    return {WEIGHTING: {"@mtl_weightings": f"spacy_mtl.{method}.v1", **settings}}


def weight(value: Any) -> Dict[str, Any]:
    return weigh("PCGrad", weights={"ner": value})


CASES = [
    Case(
        "weighting null",
        {WEIGHTING: None},
        Refused("weighting of the component 'mtl' is None", "@mtl_weightings", IN_WEIGHTING),
    ),
    Case(
        "weighting a text",
        {WEIGHTING: "spacy_mtl.PCGrad.v1"},
        Refused("is 'spacy_mtl.PCGrad.v1'", "@mtl_weightings", IN_WEIGHTING),
    ),
    Case(
        "weighting a schedule of corpora",
        {WEIGHTING: {"@mtl_schedules": "spacy_mtl.Uniform.v1"}},
        Refused("weighting of the component 'mtl'", "@mtl_weightings", IN_WEIGHTING),
    ),
    Case(
        "weight of no task",
        weigh("Constant", weights={"nre": 1.0}),
        Refused("'weights' names 'nre'", "'tagger', 'ner', 'textcat'", IN_WEIGHTING),
    ),
    Case(
        "weight of mtl",
        weigh("Constant", weights={"mtl": 1.0}),
        Refused("'weights' names 'mtl'", IN_WEIGHTING),
    ),
    Case("weight NaN", weight(NAN), not_finite("ner", "nan", IN_WEIGHTS)),
    Case("weight infinite", weight(INF), not_finite("ner", "inf", IN_WEIGHTS)),
    Case(
        "weight of 400 digits",
        weight(HUGE),
        not_finite("ner", "a whole number of about 398 digits", IN_WEIGHTS),
    ),
    Case("weight 'inf'", weight("inf"), Refused("weight of task 'ner' is 'inf'", IN_WEIGHTING)),
    Case("weight below 0", weight(-1), Refused("weight of task 'ner' is -1", IN_WEIGHTING)),
    Case("weight true", weight(True), Refused("weight of task 'ner' is True", IN_WEIGHTING)),
    Case(
        "weight a block",
        weight({"a": 1}),
        Refused("weight of task 'ner' is {'a': 1}", IN_WEIGHTING),
    ),
    Case(
        "weight a layer",
        weight({"@layers": "reduce_mean.v1"}),
        Refused("weight of task 'ner' is <thinc", IN_WEIGHTING),
    ),
    Case("weight by a schedule", weight(steady(2.0)), READY),
    Case(
        "weight by a schedule, below 0",
        weight(steady(-1.0)),
        Refused("weight of task 'ner' is -1.0 at step 0", IN_WEIGHTING),
    ),
    Case(
        "weight by a schedule, 'nan'",
        weight(steady("nan")),
        Refused("weight of task 'ner' is 'nan' at step 0", IN_WEIGHTING),
    ),
    Case(
        "weight by a schedule, NaN",
        weight(steady(NAN)),
        not_finite("rate", "nan", "[components.mtl.weighting.weights.ner]"),
    ),
    Case(
        "weights by a schedule",
        weigh("PCGrad", weights=steady(1.0)),
        refused("weights", "<generator", IN_WEIGHTING, "a block"),
    ),
    Case(
        "all weights 0: heads learn, the encoder rests",
        weigh("Constant", weights={"ner": 0, "tagger": 0, "textcat": 0}),
        READY,
    ),
    Case(
        "weights a list",
        weigh("Constant", weights=[1.0]),
        Refused("mtl.weighting -> weights", "[1.0] is not"),
    ),
    Case(
        "weights null",
        weigh("Constant", weights=None),
        Refused("mtl.weighting -> weights", "None is not"),
    ),
    Case(
        "unknown key of a weighting",
        weigh("Constant", weight={"ner": 1.0}),
        Refused("unexpected argument: 'weight'"),
    ),
    Case("rate NaN", weigh("FAMO", learn_rate=NAN), not_finite("learn_rate", "nan", IN_WEIGHTING)),
    Case(
        "rate 'nan'",
        weigh("FAMO", learn_rate="nan"),
        refused("learn_rate", "'nan'", IN_WEIGHTING, "a finite number", "quotes"),
    ),
    Case(
        "rate in quotes",
        weigh("GradNorm", learn_rate="0.1"),
        refused("learn_rate", "'0.1'", IN_WEIGHTING, "Write it without quotes"),
    ),
    Case(
        "beta in quotes",
        weigh("GradVac", beta="0.5"),
        refused("beta", "'0.5'", IN_WEIGHTING, "Write it without quotes"),
    ),
    Case(
        "mu by a schedule",
        weigh("STCH", mu=steady(0.1)),
        refused("mu", "<generator", IN_WEIGHTING, "a finite number"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
@pytest.mark.filterwarnings("ignore")
def test_config(case: Case, plain: Dict[str, Any], folder: Path) -> None:
    check(case, lambda changes: prepare(changed(plain, changes, folder)))
