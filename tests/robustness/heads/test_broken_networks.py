"""Networks and encoders that return NaN, and arrays with the wrong shape."""

import math
import pickle
from typing import Any

import numpy
import pytest
import torch
from one_head import make_head
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Maxout, Model, PyTorchWrapper, with_array
from tiny_pipelines import FOUR_HEADS

from spacy_mtl.heads.loading import check_size
from spacy_mtl.loading import UnfitError, explained

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("name", FOUR_HEADS)
def test_broken_weights(nlp: Language, name: str, value: float) -> None:
    broken: Any = pickle.loads(pickle.dumps(nlp))
    head: Any = broken.get_pipe(name)
    head.model.get_ref("output_layer").get_param("W")[0, 0] = value
    with pytest.raises(
        ValueError, match=f"The head '{name}' got .*NaN.*array 'W' of its layer"
    ) as err:
        broken("Anna runs")
    assert "another copy" in str(err.value)


def test_broken_encoder(nlp: Language) -> None:
    for value in (NAN, INF):
        doc = Doc(nlp.vocab, words=["a", "b"])
        doc.tensor = numpy.full((2, 16), value, dtype="f")
        for name in FOUR_HEADS:
            with pytest.raises(
                ValueError, match=f"'{name}' got .*NaN.*the output of its encoder is not"
            ):
                nlp.get_pipe(name).predict([doc])  # type: ignore[attr-defined]


def test_a_broken_network_is_not_blamed_on_the_encoder() -> None:
    head = make_head("mtl_tagger")
    nlp = head.pipeline
    network = torch.nn.Linear(16, 10)
    torch.nn.init.constant_(network.weight, math.nan)
    head.model.layers[1] = with_array(PyTorchWrapper(network))
    with pytest.raises(ValueError, match="'weight' of the network in its layer"):
        nlp("Anna runs")


def test_running_out_of_memory_is_not_damage() -> None:
    for error in (MemoryError, PermissionError):
        with pytest.raises(error), explained("PATH"):
            raise error
    with pytest.raises(ValueError, match="Can't use PATH: KeyError.*damaged"), explained("PATH"):
        raise KeyError("x")


def test_a_users_layer_with_an_array_of_another_shape() -> None:
    output = Maxout(nO=2, nI=3, nP=4)
    output.initialize()
    model: Model = Model("head", None, layers=[output], refs={"output_layer": output})  # type: ignore[arg-type]
    check_size(model, ["a", "b"], ["a", "b"])
    with pytest.raises(UnfitError, match="3 labels.*3 classes.*scores 2"):
        check_size(model, ["a", "b", "c"], ["a", "b", "c"])
