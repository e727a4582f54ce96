"""Blocks of heads."""

from pathlib import Path
from typing import Any, Dict

import pytest
from cases import Case, Refused, check, name_of
from changed_configs import (
    NAN,
    changed,
    not_finite,
    prepare,
    refused,
    steady,
)

NER = "components/ner/"
LISTENER = "components/ner/model/tok2vec/"
TOPICS = "components/textcat/"
TAGGER = "components/tagger/"
IN_NER = "[components.ner]"
IN_TOPICS = "[components.textcat]"
AT_LISTENER = '@architectures = "spacy_mtl.TaskListener.v1"'
AT_TOKENS = '@architectures = "spacy_mtl.TokenClassifier.v1"'


CASES = [
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


@pytest.mark.parametrize("case", CASES, ids=name_of)
@pytest.mark.filterwarnings("ignore")
def test_config(case: Case, plain: Dict[str, Any], folder: Path) -> None:
    check(case, lambda changes: prepare(changed(plain, changes, folder)))
