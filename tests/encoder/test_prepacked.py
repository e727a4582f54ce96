"""Networks with prepacked weight matrices, for prediction."""

import copy
import gc
import logging
from itertools import combinations
from typing import Any, Callable, List
from weakref import ref

import numpy
import pytest
import torch
from devices import onednn_has_bfloat16
from helpers.inner_encoders import make_encoder
from spacy.tokens import Doc
from thinc.api import Adam
from torch import nn
from transformers import AlbertConfig, AlbertModel, BertConfig, BertModel, T5Config, T5EncoderModel

from spacy_mtl.compat.thinc import set_network
from spacy_mtl.encoder import prepacked as module
from spacy_mtl.encoder.copies import forget_copies
from spacy_mtl.encoder.prepacked import PrepackedLinear, prepacked
from spacy_mtl.parameters import use_torch_params

SIZES = {"vocab_size": 30, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
IDS = torch.arange(12).view(2, 6)


@pytest.fixture(autouse=True)
def always_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is faster doesn't matter here."""
    monkeypatch.setattr(module, "is_fast", lambda dtype: True)


def bert(**settings: Any) -> Any:
    return BertModel(BertConfig(**SIZES, intermediate_size=8, **settings)).eval()


def output(network: Any) -> Any:
    with torch.no_grad():
        return network(IDS).last_hidden_state


def layers_of(network: Any) -> List[PrepackedLinear]:
    return [layer for layer in network.modules() if isinstance(layer, PrepackedLinear)]


@pytest.mark.parametrize(
    ("make", "n_layers", "n_fused"),
    [
        (bert, 13, 2),
        (lambda: bert(hidden_act="gelu_new"), 13, 0),
        # Its layers share their weights.
        (lambda: AlbertModel(AlbertConfig(**SIZES, hidden_act="gelu")), 8, 0),
        (lambda: T5EncoderModel(T5Config(vocab_size=30, d_model=8, d_kv=4, d_ff=8)), 36, 0),
    ],
)
def test_same_output(make: Callable[[], Any], n_layers: int, n_fused: int) -> None:
    network = make().eval()
    before = list(network.state_dict())
    twin: Any = prepacked(network, torch.float32)
    layers = layers_of(twin)
    assert (len(layers), sum(layer.has_gelu for layer in layers)) == (n_layers, n_fused)
    torch.testing.assert_close(output(twin), output(network), atol=1e-5, rtol=1e-5)
    # The network itself is as it was.
    assert list(network.state_dict()) == before
    assert not layers_of(network)
    for name, parameter in network.named_parameters():
        assert twin.get_parameter(name) is parameter


def test_bfloat16() -> None:
    network = bert()
    twin = prepacked(network, torch.bfloat16)
    if not onednn_has_bfloat16():
        assert twin is None
        return
    with torch.autocast("cpu", torch.bfloat16):
        found, expected = output(twin), output(network)
    assert not torch.equal(found, output(network))
    torch.testing.assert_close(found, expected, atol=0.05, rtol=0.05)


def test_follows_the_weights() -> None:
    network = bert()
    output(prepacked(network, torch.float32))
    with torch.no_grad():
        network.encoder.layer[0].output.dense.weight.mul_(2.0)
    torch.testing.assert_close(output(prepacked(network, torch.float32)), output(network))


class Residual(nn.Module):
    """A network that uses a layer's output before and after GELU."""

    def __init__(self) -> None:
        super().__init__()
        self.config = BertConfig(vocab_size=30)
        self.embeddings = nn.Embedding(30, 4)
        self.dense, self.gelu = nn.Linear(4, 4), nn.GELU()

    def forward(self, ids: Any) -> Any:
        inner = self.dense(self.embeddings(ids))
        return BertConfig(last_hidden_state=inner + self.gelu(inner))


class Calls:
    """A hook that counts its calls."""

    def __init__(self) -> None:
        self.n = 0

    def count(self, *given: Any) -> None:
        self.n += 1


def test_hooks_are_called() -> None:
    """Whether they come before or after the first prediction, and no longer than they stay."""
    network = bert()
    calls = Calls()

    def n_called() -> int:
        twin = prepacked(network, torch.float32)
        calls.n = 0
        output(network if twin is None else twin)
        return calls.n

    assert prepacked(network, torch.float32) is not None
    layer, other = network.encoder.layer
    first = layer.intermediate.intermediate_act_fn.register_forward_hook(calls.count)
    assert n_called() == 1
    second = other.output.dense.register_forward_pre_hook(calls.count)
    assert n_called() == 2
    first.remove()
    assert n_called() == 1
    second.remove()
    assert prepacked(network, torch.float32) is not None


def test_a_hook_that_refers_to_the_network() -> None:
    """The network is deleted when nobody uses it."""
    network = bert()
    network.pooler.register_forward_hook(lambda *given, of=network: None)
    assert output(network if prepacked(network, torch.float32) is None else None) is not None
    found = ref(network)
    del network
    gc.collect()
    assert found() is None


def test_settings_are_shared() -> None:
    network = bert()
    twin: Any = prepacked(network, torch.float32)
    network.config.output_hidden_states = True
    assert twin(IDS).hidden_states is not None


class NoVocabulary(Residual):
    """A network whose config has no size of the vocabulary."""

    def __init__(self) -> None:
        super().__init__()
        del self.config.vocab_size


def breaks(*args: Any) -> Any:
    raise RuntimeError("no such layout")


@pytest.mark.parametrize(
    ("make", "changes", "reason"),
    [
        (Residual, {}, "its output differs by"),
        (NoVocabulary, {}, "AttributeError: "),
        (bert, {"prepack": breaks}, "RuntimeError: no such layout"),
    ],
)
def test_networks_that_cannot(
    make: Callable[[], Any],
    changes: Any,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, value in changes.items():
        monkeypatch.setattr(module, name, value)
    network = make()
    with caplog.at_level(logging.INFO, "spacy"):
        assert prepacked(network, torch.float32) is None
        # The trial isn't made again when the weights change.
        forget_copies(network)
        assert prepacked(network, torch.float32) is None
    (message,) = caplog.messages
    assert message.startswith(f"The encoder ({type(network).__name__}) can't use prepacked")
    assert reason in message


def test_not_where_it_is_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_fast", lambda dtype: False)
    assert prepacked(bert(), torch.float32) is None
    assert prepacked(bert().double(), torch.float32) is None


def test_predictions(encoder_dir: str, docs: List[Doc], monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = make_encoder(encoder_dir)
    rows: List[int] = []
    linear = module.linear
    monkeypatch.setattr(
        module, "linear", lambda X, *args, **kw: rows.append(len(X)) or linear(X, *args, **kw)
    )
    found = numpy.concatenate(encoder.predict(docs))
    assert rows
    monkeypatch.setattr(module, "is_fast", lambda dtype: False)
    expected = numpy.concatenate(make_encoder(encoder_dir).predict(docs))
    numpy.testing.assert_allclose(found, expected, atol=1e-5)


def test_predictions_follow_training(encoder_dir: str, docs: List[Doc]) -> None:
    encoder = make_encoder(encoder_dir)
    optimizer = Adam(0.01)

    def check() -> Any:
        found = numpy.concatenate(encoder.predict(docs))
        fresh = copy.deepcopy(encoder.shims[0]._model)
        vectors = make_encoder(encoder_dir)
        set_network(vectors.shims[0], fresh)
        numpy.testing.assert_allclose(found, numpy.concatenate(vectors.predict(docs)), atol=1e-5)
        return found

    seen = [check()]
    for _ in range(2):
        vectors, backprop = encoder.begin_update(docs)
        backprop(vectors)
        encoder.finish_update(optimizer)
        seen.append(check())
    with use_torch_params([encoder], optimizer.averages), encoder.use_params(optimizer.averages):
        seen.append(check())
    assert numpy.array_equal(check(), seen[2])
    assert all(abs(a - b).max() > 1e-3 for a, b in combinations(seen, 2))
