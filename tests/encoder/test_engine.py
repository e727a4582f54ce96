"""The choice of the engine that computes predictions, and its errors."""

import logging
from functools import partial
from typing import Any, List

import pytest
import torch
from helpers.inner_encoders import make_encoder
from helpers.transformer_pipelines import OURS, make_transformer
from spacy.tokens import Doc
from thinc.api import reduce_mean

from spacy_mtl.encoder import engine as module
from spacy_mtl.encoder.copies import forget_copies
from spacy_mtl.encoder.engine import find_engine, gives_more
from spacy_mtl.encoder.openvino import NotConvertibleError
from spacy_mtl.encoder.transformer import TransformerEncoder
from spacy_mtl.encoder.transformer_model import create_tok2vec_transformer, create_transformer_model

TWIN: Any = object()


@pytest.fixture
def network(encoder_dir: str) -> Any:
    return make_encoder(encoder_dir).shims[0]._model


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list:
    """Each call that gets OpenVINO's network, which is there without OpenVINO here."""
    calls: list = []

    def find(*given: Any) -> Any:
        calls.append(given)
        return TWIN

    monkeypatch.setattr(module, "is_installed", lambda: True)
    monkeypatch.setattr(module, "openvino_network", find)
    return calls


def find(
    network: Any,
    engine: str,
    precision: str = "fp32",
    is_train: bool = False,
    n_pieces: int = 10,
    seconds: Any = (1.0, 1.0),
) -> Any:
    """Find the engine; one needs the given seconds, by the clock of the module."""
    return find_engine(
        network,
        engine,
        precision,
        is_train,
        n_pieces=n_pieces,
        has_types=True,
        read_some=lambda twin: wait(seconds[0 if twin is None else 1]),
    )


NOW = [0.0]


def wait(seconds: float) -> int:
    NOW[0] += seconds
    return 5


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "perf_counter", lambda: NOW[0])


@pytest.mark.parametrize(
    "build, name",
    [
        (TransformerEncoder, "TransformerEncoder"),
        (create_transformer_model, "TransformerModel"),
        (partial(create_tok2vec_transformer, pooling=reduce_mean()), "Tok2VecTransformer"),
    ],
)
def test_unknown_and_missing_engines(
    build: Any, name: str, encoder_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=rf"'engine' of a spacy_mtl.{name}.v1 is 'onnx', but"):
        build(encoder_dir, engine="onnx")
    monkeypatch.setattr(module, "is_installed", lambda: False)
    fix = r"pip install 'spacy-mtl\[openvino\]'.* engine = \"torch\" .* \"spacy_mtl." + name
    with pytest.raises(ValueError, match=fix):
        build(encoder_dir, engine="openvino")
    build(encoder_dir, engine="auto")


def test_missing_for_auto(network: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_installed", lambda: False)
    assert find(network, "auto", n_pieces=module.PATIENCE + 1) is None


def test_on_a_gpu(network: Any, converted: list) -> None:
    """Another device stands in for it. The error comes before a training, too."""
    network.to("meta")
    for is_train in (True, False):
        with pytest.raises(ValueError, match='is on meta, but engine = "openvino" is for CPUs'):
            find(network, "openvino", is_train=is_train)
        assert find(network, "auto", is_train=is_train, n_pieces=10**6) is None
        assert find(network, "torch", is_train=is_train) is None
    assert not converted


def test_only_predicts(network: Any, converted: list) -> None:
    assert find(network, "openvino", is_train=True) is None
    assert find(network, "torch") is None
    assert find(network, "openvino", "int8") is None
    assert find(network, "openvino", n_pieces=0) is None
    assert not converted


@pytest.mark.parametrize("precision, numbers", [("fp32", "f32"), ("bf16", "bf16")])
def test_asked_for(network: Any, converted: list, precision: str, numbers: str) -> None:
    assert find(network, "openvino", precision) is TWIN
    assert converted == [(network, numbers, True)]


def test_waits_for_many_wordpieces(network: Any, converted: list) -> None:
    half = module.PATIENCE // 2
    assert find(network, "auto", n_pieces=half, seconds=(2, 1)) is None
    assert find(network, "auto", n_pieces=half, seconds=(2, 1)) is None
    assert not converted
    assert find(network, "auto", n_pieces=1, seconds=(2, 1)) is TWIN
    # With other weights, the conversion is to be repeated.
    forget_copies(network)
    assert find(network, "auto", seconds=(2, 1)) is None


def test_waits_while_it_is_trained(network: Any, converted: list) -> None:
    find(network, "openvino", is_train=True)
    assert find(network, "openvino") is None
    assert find(network, "openvino", n_pieces=module.PATIENCE) is TWIN


@pytest.mark.parametrize("seconds, winner", [((2, 1), "OpenVINO"), ((1, 2), "PyTorch")])
def test_the_faster_one(
    network: Any, converted: list, seconds: Any, winner: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="spacy"):
        found = [find(network, "auto", n_pieces=10**6, seconds=seconds) for _ in range(2)]
        forget_copies(network)
        # The race isn't repeated.
        found.append(find(network, "auto", n_pieces=10**6, seconds=(1.5, 1.5)))
    assert found == [TWIN if winner == "OpenVINO" else None] * 3
    (message,) = [m for m in caplog.messages if "OpenVINO" in m]
    assert message.startswith(
        f"{winner} computes the encoder: OpenVINO is {2 / seconds[1] ** 2:.2f}"
    )
    # In another precision, there is another one.
    assert find(network, "auto", "bf16", n_pieces=10**6, seconds=seconds[::-1]) is not found[0]


@pytest.mark.parametrize("engine, level", [("openvino", "WARNING"), ("auto", "INFO")])
def test_not_convertible(
    network: Any,
    engine: str,
    level: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*given: Any) -> Any:
        raise NotConvertibleError("an operation is missing")

    monkeypatch.setattr(module, "is_installed", lambda: True)
    monkeypatch.setattr(module, "openvino_network", fail)
    with caplog.at_level(logging.INFO, logger="spacy"):
        assert find(network, engine, n_pieces=10**6) is None
        forget_copies(network)
        assert find(network, engine, n_pieces=10**6) is None
    (record,) = [r for r in caplog.records if "OpenVINO" in r.message]
    assert record.levelname == level
    assert record.message == (
        "PyTorch, not OpenVINO, computes the encoder (BertModel): it can't: an operation is missing"
    )


def test_more_than_hidden_states(
    encoder_dir: str, converted: list, caplog: pytest.LogCaptureFixture
) -> None:
    config = {"output_hidden_states": True}
    nlp = make_transformer(encoder_dir, OURS, engine="openvino", transformer_config=config)
    with caplog.at_level(logging.WARNING, logger="spacy"):
        for doc in nlp.pipe(["anna", "books"]):
            assert len(doc._.trf_data.model_output["hidden_states"]) == 3
        list(nlp.pipe(["anna", "books"]))
    (message,) = [m for m in caplog.messages if "OpenVINO" in m]
    assert message.endswith("it gives no output_hidden_states")
    assert not converted


def test_no_more_than_hidden_states(network: Any) -> None:
    assert not gives_more(network, "openvino")


def test_trains_in_any_engine(encoder_dir: str, docs: List[Doc], converted: list) -> None:
    found = []
    for engine in ("torch", "openvino"):
        encoder = make_encoder(encoder_dir, engine=engine)
        vectors, backprop = encoder.begin_update(docs)
        backprop(vectors)
        found.append([p.grad for p in encoder.shims[0]._model.parameters()])
    for one, other in zip(*found):
        assert (one is None) == (other is None)
        assert one is None or torch.equal(one, other)
    assert not converted


def test_int8_still_cannot_be_trained(encoder_dir: str, docs: List[Doc], converted: list) -> None:
    encoder = make_encoder(encoder_dir, engine="openvino", precision="int8")
    with pytest.raises(ValueError, match='"int8" can\'t be trained'):
        encoder.begin_update(docs)
