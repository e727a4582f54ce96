"""Models and settings made to break the check."""

from pathlib import Path

import numpy
import pytest
import srsly
from cases import Case, name_of
from found_in_pipelines import check_findings, found
from saved_changes import (
    blown_up,
    flipped_weights,
    half_nan,
    in_config,
    in_json,
    in_model,
    in_shim,
    in_weights,
    nan_weight,
    write,
)

from spacy_mtl.deploy.findings import DAMAGE, DANGER

CASES = [
    *(
        Case(
            f"{key} with {value!r} in a model",
            in_model("ner", lambda model, key=key, value=value: model[key].__setitem__(0, value)),
            found(DAMAGE, "ner/model", "layer"),
        )
        for key in ("nodes", "attrs", "params", "shims")
        for value in (3, None, "a")
    ),
    *(
        Case(
            f"{key} {value!r} of a layer",
            in_model(
                "ner", lambda model, key=key, value=value: model["nodes"][0].update({key: value})
            ),
            found(DAMAGE, "ner/model", "layer 0"),
        )
        for key, value in (
            ("dims", 5),
            ("refs", 6),
            ("dims", {"nO": "a"}),
            ("refs", {"output_layer": 700}),
            ("refs", {"output_layer": -1}),
            ("refs", {"output_layer": []}),
        )
    ),
    Case(
        "an array that is a list",
        in_model("ner", lambda model: model["params"][0].update(W=[3])),
        found(DAMAGE, "ner/model", "'W'", "array"),
    ),
    Case(
        "a wrapped model that is a number",
        in_model("mtl", lambda model: model["shims"].__setitem__(0, [5])),
        found(DAMAGE, "mtl/model", "wrapped models"),
    ),
    Case(
        "an encoder without weights",
        in_shim(lambda message: message.pop("state")),
        found(DAMAGE, "mtl/model", "encoder", "state"),
    ),
    Case(
        "an array where a setting is expected",
        in_shim(lambda message: message["config"].update(auto_map=numpy.zeros(2))),
        found(DAMAGE, "mtl/model", "can't be checked"),
    ),
    Case(
        "weights with a flipped bit",
        in_shim(flipped_weights),
        found(DAMAGE, "mtl/model", "checksum"),
    ),
    Case("an encoder that has NaN", in_weights(nan_weight), found(DAMAGE, "mtl/model", "NaN")),
    Case(
        "weights that would fill the memory",
        in_weights(blown_up),
        found(DAMAGE, "mtl/model", "larger than its saved data"),
    ),
    Case(
        "half precision that is NaN", in_model("ner", half_nan), found(DAMAGE, "ner/model", "NaN")
    ),
    Case("a label twice", in_json("ner/cfg", labels=["A", "A"]), found(DAMAGE, "ner/cfg", "once")),
    Case("an empty label", in_json("ner/cfg", labels=["A", ""]), found(DAMAGE, "ner/cfg", "empty")),
    Case("a cfg that is a list", write("ner/cfg", "[]"), found(DAMAGE, "ner/cfg", "list")),
    Case(
        "code of a pipeline on a hub",
        lambda f: srsly.write_json(f / "mtl/x.json", [[{"custom_pipelines": {"a": "b"}}]]),
        found(DANGER, "mtl/x.json", "custom_pipelines"),
    ),
    Case(
        "the version of code, in the config",
        in_config("use_fast = true", 'use_fast = true\ncode_revision = "main"'),
        found(DANGER, "tokenizer_config", "code_revision"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_saved_pipeline(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_findings(case, folder, monkeypatch)
