"""Networks by OpenVINO: the same vectors as PyTorch's, with the present weights."""

import logging
import threading
from typing import Any, Callable, Dict, List

import numpy
import pytest
import torch
from helpers.inner_encoders import TEXTS, make_encoder
from openvino_here import NEEDS_OPENVINO
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Adam

from spacy_mtl.compat.openvino import import_openvino
from spacy_mtl.encoder import engine
from spacy_mtl.encoder.openvino import NotConvertibleError, openvino_network

pytestmark = NEEDS_OPENVINO


def vectors(encoder: Any, docs: List[Doc]) -> numpy.ndarray:
    return numpy.concatenate(encoder.predict(docs))


def make_both(encoder_dir: str, **settings: Any) -> Any:
    """The same encoder by PyTorch and by OpenVINO."""
    return [make_encoder(encoder_dir, engine=e, **settings) for e in ("torch", "openvino")]


def by_openvino(encoder: Any, numbers: str = "f32", has_types: bool = True) -> Any:
    return openvino_network(encoder.shims[0]._model, numbers, has_types)


@pytest.fixture
def n_conversions(monkeypatch: pytest.MonkeyPatch) -> list:
    """One element per conversion."""
    openvino = import_openvino()
    calls: list = []
    convert = openvino.convert_model

    def count(*args: Any, **kwargs: Any) -> Any:
        calls.append(None)
        return convert(*args, **kwargs)

    monkeypatch.setattr(openvino, "convert_model", count)
    return calls


@pytest.mark.parametrize("batch_pieces", [None, 10])
@pytest.mark.parametrize(
    "kind",
    ["bert", "byte-level", "distilbert", "albert", "electra", "mpnet", "xlnet", "t5", "gpt2"],
)
def test_same_vectors(
    encoder_of: Callable, kind: str, docs: List[Doc], batch_pieces: Any, n_conversions: list
) -> None:
    mine, theirs = make_both(encoder_of(kind), batch_pieces=batch_pieces)
    numpy.testing.assert_allclose(vectors(theirs, docs), vectors(mine, docs), atol=1e-5)
    assert len(n_conversions) == 1
    vectors(theirs, docs[::-1])
    assert len(n_conversions) == 1


def test_nothing_to_read(encoder_dir: str, nlp: Language, n_conversions: list) -> None:
    _, theirs = make_both(encoder_dir)
    assert theirs.predict([]) == []
    assert theirs.predict([nlp.make_doc("")])[0].shape == (0, 16)
    assert not n_conversions


def test_long_documents(encoder_dir: str, nlp: Language) -> None:
    docs = [nlp.make_doc(" ".join(TEXTS * n)) for n in (1, 30)]
    mine, theirs = make_both(encoder_dir)
    numpy.testing.assert_allclose(vectors(theirs, docs), vectors(mine, docs), atol=1e-5)


def test_float32_although_the_processor_has_bfloat16(encoder_dir: str, docs: List[Doc]) -> None:
    mine, theirs = make_both(encoder_dir)
    rough = make_encoder(encoder_dir, engine="openvino", precision="bf16")
    exact = vectors(mine, docs)
    assert abs(vectors(theirs, docs) - exact).max() < 1e-5
    error = abs(vectors(rough, docs) - exact).max()
    assert error < 0.1
    settings = [by_openvino(rough, n).compiled for n in ("f32", "bf16")]
    found = [c.get_property("INFERENCE_PRECISION_HINT").to_string() for c in settings]
    # OpenVINO computes in float32 where the processor has no bfloat16.
    assert found[0] == "f32"
    assert bool(error > 1e-5) is (found[1] == "bf16")


def test_output_of_an_earlier_call_is_kept(encoder_dir: str, nlp: Language) -> None:
    """Each call writes into the same memory."""
    _, theirs = make_both(encoder_dir)
    docs = [nlp.make_doc(text) for text in ("anna books", "books anna")]
    (first,), (second,) = theirs.predict(docs[:1]), theirs.predict(docs[1:])
    assert abs(first - second).max() > 0.1
    assert abs(theirs.predict(docs[:1])[0] - first).max() < 1e-5


def change_by_optimizer(encoder: Any, docs: List[Doc]) -> None:
    found, backprop = encoder.begin_update(docs)
    backprop(found)
    encoder.finish_update(Adam(0.1))


def change_by_bytes(encoder: Any, docs: List[Doc]) -> None:
    other = make_encoder(encoder.attrs["dir"])
    change_by_optimizer(other, docs)
    encoder.from_bytes(other.to_bytes())


def change_by_disk(encoder: Any, docs: List[Doc]) -> None:
    other = make_encoder(encoder.attrs["dir"])
    change_by_optimizer(other, docs)
    other.to_disk(encoder.attrs["path"])
    encoder.from_disk(encoder.attrs["path"])


def change_in_place(encoder: Any, docs: List[Doc]) -> None:
    with torch.no_grad():
        for parameter in encoder.shims[0]._model.parameters():
            parameter.mul_(1.1)


@pytest.mark.parametrize(
    "change", [change_by_optimizer, change_by_bytes, change_by_disk, change_in_place]
)
def test_follows_the_weights(
    change: Any,
    encoder_dir: str,
    docs: List[Doc],
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    n_conversions: list,
) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 0)
    mine, theirs = make_both(encoder_dir)
    theirs.attrs.update(dir=encoder_dir, path=tmp_path / "encoder")
    before = vectors(theirs, docs)
    change(theirs, docs)
    after = vectors(theirs, docs)
    assert abs(after - before).max() > 1e-3
    assert len(n_conversions) == 2
    mine.shims[0]._model.load_state_dict(theirs.shims[0]._model.state_dict())
    numpy.testing.assert_allclose(after, vectors(mine, docs), atol=1e-5)


def test_follows_averages(encoder_dir: str, docs: List[Doc]) -> None:
    _, theirs = make_both(encoder_dir)
    shim = theirs.shims[0]
    before = vectors(theirs, docs)
    named = shim._model.named_parameters()
    averages = {f"pytorch_{shim.id}_{name}": p.detach().numpy() * 1.1 for name, p in named}
    with theirs.use_params(averages):
        during = vectors(theirs, docs)
    assert abs(during - before).max() > 1e-3
    numpy.testing.assert_array_equal(vectors(theirs, docs), before)


def test_a_trained_network_stays_with_pytorch(
    encoder_dir: str, docs: List[Doc], n_conversions: list
) -> None:
    mine, theirs = make_both(encoder_dir)
    for encoder in (mine, theirs):
        change_by_optimizer(encoder, docs)
    numpy.testing.assert_array_equal(vectors(theirs, docs), vectors(mine, docs))
    assert not n_conversions


def test_threads(encoder_dir: str, nlp: Language) -> None:
    mine, theirs = make_both(encoder_dir)
    texts = [nlp.make_doc(" ".join(TEXTS[i % 3 :: 3] * (1 + i % 5))) for i in range(24)]
    expected = [mine.predict([doc])[0] for doc in texts]
    errors: List[float] = []

    def run(start: int) -> None:
        for i in range(start, start + 120):
            doc = i % len(texts)
            found = theirs.predict([texts[doc]])[0]
            errors.append(abs(found - expected[doc]).max() if len(found) else 0.0)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 480
    assert max(errors) < 1e-5


def test_as_many_threads_as_torch(encoder_dir: str, monkeypatch: pytest.MonkeyPatch) -> None:
    openvino = import_openvino()

    settings: List[Dict[str, Any]] = []
    compile_model = openvino.compile_model
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.setattr(
        openvino, "compile_model", lambda *args: settings.append(args[-1]) or compile_model(*args)
    )
    encoder = make_encoder(encoder_dir)
    first = by_openvino(encoder)
    assert by_openvino(encoder) is first
    torch.set_num_threads(2)
    assert by_openvino(encoder) is not first
    names = ("NUM_STREAMS", "INFERENCE_NUM_THREADS")
    assert [[each[name] for name in names] for each in settings] == [[4, 4], [4, 8]]


def test_not_convertible(
    encoder_dir: str,
    docs: List[Doc],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from transformers import BertModel

    forward = BertModel.forward

    def fail(self: Any, *args: Any, **kwargs: Any) -> Any:
        if torch.jit.is_tracing():
            raise RuntimeError("can't be traced")
        return forward(self, *args, **kwargs)

    mine, theirs = make_both(encoder_dir, packing=False)
    root = logging.getLogger()
    logging_before = root.level, list(root.filters), list(root.handlers)
    monkeypatch.setattr(BertModel, "forward", fail)
    with caplog.at_level(logging.INFO, logger="spacy"):
        for _ in range(2):
            numpy.testing.assert_array_equal(vectors(theirs, docs), vectors(mine, docs))
    (message,) = [m for m in caplog.messages if "OpenVINO" in m]
    assert "computes the encoder (BertModel): it can't: " in message
    assert "can't be traced" in message
    assert (root.level, root.filters, root.handlers) == logging_before


def test_not_compiled(
    encoder_dir: str,
    docs: List[Doc],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*args: Any) -> Any:
        raise RuntimeError("no such instruction")

    monkeypatch.setattr("openvino.compile_model", fail)
    mine, theirs = make_both(encoder_dir)
    with caplog.at_level(logging.INFO, logger="spacy"):
        for _ in range(2):
            numpy.testing.assert_array_equal(vectors(theirs, docs), vectors(mine, docs))
    (message,) = [m for m in caplog.messages if "OpenVINO" in m]
    assert message.endswith("it can't: RuntimeError: no such instruction")


def test_other_results(encoder_dir: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that computes outside of torch is converted to constants."""
    from transformers import BertModel

    forward = BertModel.forward

    def scale(self: Any, *args: Any, **given: Any) -> Any:
        found = forward(self, *args, **given)
        found.last_hidden_state = found.last_hidden_state * float(given["input_ids"].numpy().sum())
        return found

    encoder = make_encoder(encoder_dir)
    monkeypatch.setattr(BertModel, "forward", scale)
    with pytest.raises(NotConvertibleError, match="its output differs by"):
        by_openvino(encoder)
