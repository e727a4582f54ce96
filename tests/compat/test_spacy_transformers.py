"""The private parts of spacy-transformers that we use haven't changed."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy_transformers.data_classes import HFObjects
from spacy_transformers.layers.hf_shim import HFShim
from spacy_transformers.layers.transformer_model import TransformerModel
from spacy_transformers.span_getters import get_doc_spans
from thinc.shims.shim import Shim

from spacy_mtl.compat.spacy_transformers import (
    LoadsNoFolder,
    objects_of,
    replace_shim,
    set_objects,
    settings_of,
    shim_of,
)


@pytest.fixture
def model() -> Any:
    return TransformerModel("no name", get_doc_spans, {"use_fast": True}, {"return_dict": True})


def test_model_is_one_layer_with_one_shim(model: Any) -> None:
    why = "TransformerModel has other layers: see shim_of in compat/spacy_transformers.py"
    assert [len(layer.shims) for layer in model.layers] == [1], why
    assert type(shim_of(model)) is HFShim, why


def test_model_looks_up_its_shim(model: Any) -> None:
    shim = HFShim(HFObjects(None, None, None))
    set_objects(shim, HFObjects("tokenizer", "network", None))
    replace_shim(model, shim)
    why = "TransformerModel finds its parts elsewhere: see compat/spacy_transformers.py"
    assert (model.tokenizer, model.transformer) == ("tokenizer", "network"), why


def test_shim_stores_objects_under_one_name(model: Any) -> None:
    shim = shim_of(model)
    why = "HFShim stores tokenizer and network elsewhere: see objects_of"
    assert isinstance(vars(shim).get("_hfmodel"), HFObjects), why
    assert objects_of(shim) is shim._hfmodel
    set_objects(shim, HFObjects("tokenizer", "network", None))
    assert (model.tokenizer, model.transformer, shim._model) == ("tokenizer", "network", "network")
    assert objects_of(Shim(None)) is None


def test_the_librarys_own_setter_sets_the_same(model: Any) -> None:
    class Network:
        class config:  # noqa: N801
            hidden_size = 4

    network, shim = Network(), shim_of(model)
    model.attrs["set_transformer"](model, HFObjects("tokenizer", network, b"words"))
    found = objects_of(shim)
    assert found is not None
    assert (found.tokenizer, found.transformer, shim._model) == ("tokenizer", network, network), (
        "TransformerModel also stores the network somewhere else: see set_objects"
    )


def test_objects_store_the_settings_to_load_with(model: Any) -> None:
    assert [field.name for field in fields(HFObjects)] == [
        "tokenizer",
        "transformer",
        "vocab_file_contents",
        "_init_tokenizer_config",
        "_init_transformer_config",
    ], "HFObjects has other fields: see settings_of in compat/spacy_transformers.py"
    found = objects_of(shim_of(model))
    assert settings_of(found) == ({"use_fast": True}, {"return_dict": True})


def test_saved_shim_has_the_parts_that_we_read(model: Any) -> None:
    found = srsly.msgpack_loads(shim_of(model).to_bytes())
    assert set(found) == {
        "config",
        "state",
        "tokenizer",
        "_init_tokenizer_config",
        "_init_transformer_config",
    }, "HFShim saves other parts: EncoderShim in encoder/shim.py uses its format"


def test_component_reads_the_settings_to_load_a_folder(tmp_path: Path) -> None:
    class RefusalError(Exception):
        pass

    class Model(LoadsNoFolder, TransformerModel):
        def folder_refusal(self) -> Exception:
            return RefusalError("no folder")

    nlp = spacy.blank("en")
    pipe: Any = nlp.add_pipe("transformer")
    pipe.to_disk(tmp_path)
    (tmp_path / "model").unlink()
    (tmp_path / "model").mkdir()
    pipe.model = Model("no name", get_doc_spans)
    with pytest.raises(RefusalError), pytest.warns(UserWarning, match="Automatically converting"):
        pipe.from_disk(tmp_path)
    # Otherwise it would load the folder like a name.
    pipe.model = TransformerModel("no name", get_doc_spans)
    with (
        pytest.raises((OSError, ValueError), match=re.escape(str(tmp_path / "model"))),
        pytest.warns(UserWarning, match="Automatically converting"),
    ):
        pipe.from_disk(tmp_path)
