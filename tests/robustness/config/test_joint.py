"""[components.mtl] and the pipeline."""

from pathlib import Path
from typing import Any, Dict

import pytest
from cases import Case, Refused, check, name_of
from changed_configs import (
    READY,
    changed,
    prepare,
    refused,
)
from tiny_pipelines import CNN

MTL = "components/mtl/"
MODEL = "components/mtl/model"
PIPELINE = "nlp/pipeline"
SHARING = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": CNN}
TOKENS = {"@architectures": "spacy_mtl.TokenClassifier.v1", "tok2vec": CNN}


CASES = [
    Case("nothing changed", {}, READY),
    Case(
        "gradients misspelt",
        {MTL + "gradients": "parameter"},
        refused("gradients", "'parameter'", "[components.mtl]", "representation, parameters"),
    ),
    Case("gradients a number", {MTL + "gradients": 1}, Refused("mtl -> gradients", "1 is not")),
    Case(
        "unknown key of mtl",
        {MTL + "gradient": "parameters"},
        Refused("unexpected argument: 'gradient'"),
    ),
    Case(
        "a head's model for mtl",
        {MODEL: TOKENS},
        Refused(
            "model of the component 'mtl'", "not a sharing scheme", "[components.mtl.model.tok2vec]"
        ),
    ),
    Case(
        "an encoder for mtl",
        {MODEL: CNN},
        Refused("model of the component 'mtl'", "not a sharing scheme", "spacy_mtl.HardSharing.v1"),
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
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
@pytest.mark.filterwarnings("ignore")
def test_config(case: Case, plain: Dict[str, Any], folder: Path) -> None:
    check(case, lambda changes: prepare(changed(plain, changes, folder)))
