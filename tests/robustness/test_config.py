"""Blocks of components: what is wrong is named, with its block and how to mend it."""

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
    make_plain,
    not_finite,
    prepare,
    refused,
    steady,
    write_corpora,
)
from tiny_pipelines import CNN

MTL, MODEL, NER, LISTENER = (
    "components/mtl/",
    "components/mtl/model",
    "components/ner/",
    "components/ner/model/tok2vec/",
)
TOPICS, TAGGER, PIPELINE, WEIGHTING = (
    "components/textcat/",
    "components/tagger/",
    "nlp/pipeline",
    "components/mtl/weighting",
)
SHARING = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": CNN}
TOKENS = {"@architectures": "spacy_mtl.TokenClassifier.v1", "tok2vec": CNN}
IN_WEIGHTING, IN_WEIGHTS = "[components.mtl.weighting]", "[components.mtl.weighting.weights]"
IN_NER, IN_TOPICS = "[components.ner]", "[components.textcat]"
AT_LISTENER = '@architectures = "spacy_mtl.TaskListener.v1"'
AT_TOKENS = '@architectures = "spacy_mtl.TokenClassifier.v1"'


def weigh(method: str, **settings: Any) -> Dict[str, Any]:
    return {WEIGHTING: {"@mtl_weightings": f"spacy_mtl.{method}.v1", **settings}}


def weight(value: Any) -> Dict[str, Any]:
    return weigh("PCGrad", weights={"ner": value})


CASES = [
    Case("nothing changed", {}, READY),
    Case(
        "gradients misspelt",
        {MTL + "gradients": "parameter"},
        refused("gradients", "'parameter'", "[components.mtl]", "representation, parameters"),
    ),
    Case("gradients a number", {MTL + "gradients": 1}, Refused("mtl -> gradients", "1 is not")),
    Case("gradients null", {MTL + "gradients": None}, Refused("mtl -> gradients", "None is not")),
    Case(
        "unknown key of mtl",
        {MTL + "gradient": "parameters"},
        Refused("unexpected argument: 'gradient'"),
    ),
    Case(
        "a head's model for mtl",
        {MODEL: TOKENS},
        Refused(
            "model of the component 'mtl'", "no sharing scheme", "[components.mtl.model.tok2vec]"
        ),
    ),
    Case(
        "an encoder for mtl",
        {MODEL: CNN},
        Refused("model of the component 'mtl'", "no sharing scheme", "spacy_mtl.HardSharing.v1"),
    ),
    Case(
        "an encoder that is a text",
        {MODEL + "/tok2vec": "cnn"},
        Refused("mtl.model -> tok2vec", "'cnn'"),
    ),
    Case(
        "a head before mtl",
        {PIPELINE: ["ner", "mtl", "tagger", "textcat"]},
        Refused("'ner' listens to 'mtl'", "[nlp.pipeline]"),
    ),
    Case(
        "mtl last",
        {PIPELINE: ["tagger", "ner", "textcat", "mtl"]},
        Refused("'tagger' listens to 'mtl'", "[nlp.pipeline]"),
    ),
    Case(
        "no mtl",
        {PIPELINE: ["tagger", "ner", "textcat"]},
        Refused("'tagger' listens to 'mtl'", "[nlp.pipeline]"),
    ),
    Case(
        "two mtl",
        {
            PIPELINE: ["mtl", "other", "tagger"],
            "components/other": {"factory": "mtl", "model": SHARING},
        },
        Refused("two components of factory 'mtl'", "'mtl' and 'other'", "[nlp.pipeline]"),
    ),
    Case("a head twice", {PIPELINE: ["mtl", "ner", "ner"]}, Refused("'ner' already exists")),
    # [components.mtl.weighting]
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
    # Heads
    Case(
        "learn_rate_scale NaN",
        {NER + "learn_rate_scale": NAN},
        not_finite("learn_rate_scale", "nan", IN_NER),
    ),
    Case(
        "learn_rate_scale 'NaN'",
        {NER + "learn_rate_scale": "NaN"},
        refused("learn_rate_scale", "'NaN'", IN_NER, "the component 'ner'"),
    ),
    Case(
        "learn_rate_scale '1e999'",
        {NER + "learn_rate_scale": "1e999"},
        refused("learn_rate_scale", "'1e999'", IN_NER, "finite"),
    ),
    Case(
        "learn_rate_scale by a schedule",
        {NER + "learn_rate_scale": steady(0.1)},
        refused("learn_rate_scale", "<generator", IN_NER),
    ),
    Case(
        "learn_rate_scale misspelt",
        {NER + "learning_rate_scale": 1.0},
        Refused("unexpected argument: 'learning_rate_scale'"),
    ),
    Case(
        "label_smoothing 1",
        {NER + "label_smoothing": 1.0},
        refused("label_smoothing", "1.0", IN_NER),
    ),
    Case(
        "spans_key empty", {NER + "spans_key": ""}, refused("spans_key", "''", IN_NER, "not empty")
    ),
    Case(
        "class weight NaN",
        {TOPICS + "class_weights": {"a": NAN}},
        not_finite("a", "nan", "[components.textcat.class_weights]"),
    ),
    Case(
        "class weight 'nan'",
        {TOPICS + "class_weights": {"a": "nan"}},
        refused("class_weights.a", "'nan'", IN_TOPICS, "finite"),
    ),
    Case(
        "class weight of no label",
        {TOPICS + "class_weights": {"z": 1.0}},
        Refused("'class_weights' of the component 'textcat'", "'z'", IN_TOPICS),
    ),
    Case(
        "prefix of no label",
        {TOPICS + "prefix": "topic:"},
        Refused("'two' declares the task 'textcat'", "[corpora.train.corpora.two]"),
    ),
    Case(
        "attribute misspelt",
        {TAGGER + "attribute": "tags"},
        refused("attribute", "'tags'", "[components.tagger]", "tag, pos"),
    ),
    Case(
        "upstream misspelt",
        {LISTENER + "upstream": "mlt"},
        Refused("'ner' listens to 'mlt'", "[components.ner.model.tok2vec]", 'upstream = "mtl"'),
    ),
    Case(
        "upstream empty",
        {LISTENER + "upstream": ""},
        refused("upstream", "''", AT_LISTENER, "not empty"),
    ),
    Case(
        "upstream a head",
        {LISTENER + "upstream": "tagger"},
        Refused("'ner' listens to 'tagger'", "'upstream'"),
    ),
    Case("upstream null", {LISTENER + "upstream": None}, Refused("-> upstream", "None is not")),
    Case("width 0", {LISTENER + "width": 0}, refused("width", "0", AT_LISTENER, "1 or more")),
    Case(
        "width of another encoder",
        {LISTENER + "width": 9},
        Refused("'ner' has width 9", "width 8", "[components.ner.model.tok2vec]"),
    ),
    Case("nO below 0", {NER + "model/nO": -1}, refused("nO", "-1", AT_TOKENS, "1 or more")),
    Case(
        "hidden_width 0",
        {NER + "model/hidden_width": 0},
        refused("hidden_width", "0", "[model]", "null"),
    ),
    Case(
        "labels with NaN",
        {"initialize/components": {"ner": {"labels": ["PER", NAN]}}},
        not_finite("labels.1", "nan", "[initialize.components.ner]"),
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpora")
    write_corpora(path)
    return path


@pytest.fixture(scope="module")
def plain(folder: Path) -> Dict[str, Any]:
    return make_plain(folder)


@pytest.mark.parametrize("case", CASES, ids=name_of)
@pytest.mark.filterwarnings("ignore")
def test_config(case: Case, plain: Dict[str, Any], folder: Path) -> None:
    check(case, lambda changes: prepare(changed(plain, changes, folder)))
