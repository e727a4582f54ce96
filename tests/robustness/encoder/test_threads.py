"""Several threads with one or more pipelines get the same predictions as a single thread."""

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, Iterator, List

import numpy
import pytest
import spacy
import torch
from cases import Case, Gives, check, name_of
from spacy.language import Language
from thinc.api import Adam, PyTorchShim, PyTorchWrapper, chain, with_array
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint, inner

from spacy_mtl.encoder.mode import evaluate, training
from spacy_mtl.joint.listener import create_task_listener

TEXTS = [f"{a} {b} {c}" for a in ("anna", "old", "b") for b in "uvwx" for c in ("", "room")]
DROPOUT = {"hidden_dropout_prob": 0.5, "attention_probs_dropout_prob": 0.5}
OURS = "spacy_mtl.TransformerModel.v1"
DOCS = {"@span_getters": "spacy-transformers.doc_spans.v1"}


@spacy.registry.architectures("test_threads.TorchView.v1")
def torch_view() -> Any:
    """Build a task's view with a user's dropout layer."""
    layer = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(16, 16))
    return chain(create_task_listener(), with_array(PyTorchWrapper(layer)))


@pytest.fixture(autouse=True)
def many_switches() -> Iterator[None]:
    """Make the interpreter switch threads more often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def build(encoder_of: Callable, given: Dict[str, Any]) -> Language:
    """Build a trained pipeline, given its encoder's position, kind and settings."""
    given = {"where": "inside", "kind": "bert", "head": "mtl_tagger", **given}
    own = {k: v for k, v in given.items() if k not in ("where", "kind", "head", "replaced")}
    folder = encoder_of(given["kind"])
    if given["kind"] == "bert":
        own["transformer_config"] = DROPOUT
    nlp = spacy.blank("en")
    if given["where"] == "component":
        model = {"@architectures": OURS, "name": folder, **own}
        nlp.add_pipe("transformer", config={"model": model})
        nlp.add_pipe("mtl")
    else:
        add_joint(nlp, None if given["where"] == "cnn" else inner(folder, **own))
    view = {"@architectures": "test_threads.TorchView.v1"}
    config = {"model": {"tok2vec": view}} if given["head"] == "torch" else {}
    nlp.add_pipe("mtl_tagger", name="tagger", config=config)
    nlp.add_pipe(HEADS["textcat"], name="textcat")
    nlp.initialize(lambda: make_examples(nlp))
    if own.get("precision") != "int8":
        nlp.update(make_examples(nlp), sgd=Adam(0.01), drop=0.2)
    if given.get("replaced"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nlp.replace_listeners("mtl", "tagger", ["model.tok2vec"])
    return nlp


def loaded(nlp: Language) -> Language:
    return spacy.util.load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())


def outputs(nlp: Language) -> List[numpy.ndarray]:
    """Get the output of encoder and heads for each text, in batches of three."""
    docs = list(nlp.pipe(TEXTS, batch_size=3))
    return [
        numpy.concatenate([doc.tensor.ravel(), scores.ravel(), list(doc.cats.values())])
        for doc, scores in zip(docs, nlp.get_pipe("tagger").predict(docs))
    ]


def n_other(found: List[numpy.ndarray], expected: List[numpy.ndarray]) -> int:
    return sum(not numpy.allclose(a, b, atol=1e-5) for a, b in zip(found, expected))


CASES = [
    Case("inside", {}, Gives(0)),
    Case("component", {"where": "component"}, Gives(0)),
    Case("CNN", {"where": "cnn"}, Gives(0)),
    Case("CNN, and a head of torch", {"where": "cnn", "head": "torch"}, Gives(0)),
    Case("inside, and a head of torch", {"head": "torch"}, Gives(0)),
    Case("component, and a head of torch", {"where": "component", "head": "torch"}, Gives(0)),
    Case("inside, with padding", {"packing": False}, Gives(0)),
    Case("inside, batch by batch", {"batch_pieces": 8}, Gives(0)),
    Case("inside, bfloat16", {"precision": "bf16"}, Gives(0)),
    Case("component, bfloat16", {"where": "component", "precision": "bf16"}, Gives(0)),
    Case("inside, int8", {"precision": "int8"}, Gives(0)),
    Case("component, int8", {"where": "component", "precision": "int8"}, Gives(0)),
    Case("component, spans", {"where": "component", "get_spans": DOCS}, Gives(0)),
    Case(
        "component, spans, padded on the left",
        {"where": "component", "get_spans": DOCS, "tokenizer_config": {"padding_side": "left"}},
        Gives(0),
    ),
    Case("a tokenizer that pads", {"kind": "pads and cuts"}, Gives(0)),
    Case(
        "a tokenizer that pads, spans",
        {"kind": "pads and cuts", "where": "component", "get_spans": DOCS},
        Gives(0),
    ),
    Case("a slow tokenizer", {"tokenizer_config": {"use_fast": False}}, Gives(0)),
    Case("no segments", {"kind": "distilbert"}, Gives(0)),
    Case("the encoder half", {"kind": "t5", "where": "component"}, Gives(0)),
    Case("an encoder inside a head", {"replaced": True}, Gives(0)),
    Case("the same, from a component", {"replaced": True, "where": "component"}, Gives(0)),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_four_threads(case: Case, encoder_of: Callable[[str], str]) -> None:
    """Several threads may also run the lazy set-up at the first text."""

    def count(given: Any) -> int:
        nlp = build(encoder_of, given)
        trained, fresh, expected = nlp, loaded(nlp), outputs(loaded(nlp))
        with ThreadPoolExecutor(4) as pool:
            found = [*pool.map(outputs, [fresh] * 4), *pool.map(outputs, [fresh, trained] * 2)]
        return sum(n_other(each, expected) for each in found)

    check(case, count)


def networks(nlp: Language) -> List[Any]:
    nodes = [node for _, pipe in nlp.pipeline for node in pipe.model.walk()]
    return [s._model for node in nodes for s in node.shims if isinstance(s, PyTorchShim)]


def is_evaluating(nlp: Language) -> bool:
    found = networks(nlp)
    assert found
    return not any(module.training for network in found for module in network.modules())


def predict(nlp: Language) -> None:
    outputs(nlp)


def update(nlp: Language) -> None:
    nlp.update(make_examples(nlp), sgd=Adam(0.01))


def fail(nlp: Language) -> None:
    network = networks(nlp)[0]
    with pytest.raises(RuntimeError), training(network):
        raise RuntimeError


def predict_in_training_mode(nlp: Language) -> None:
    networks(nlp)[0].train()
    predict(nlp)


def evaluate_pipeline(nlp: Language) -> None:
    nlp.evaluate(make_examples(nlp))


def open_step(nlp: Language) -> None:
    """Run encoder and mtl, but not the heads."""
    examples = make_examples(nlp)
    for _, pipe in nlp.pipeline[:-2]:
        pipe.update(examples)


MODES = [
    Case("trained", lambda nlp: None, Gives(True)),
    Case("predicted", predict, Gives(True)),
    Case("updated", update, Gives(True)),
    Case("evaluated", evaluate_pipeline, Gives(True)),
    Case("failed in training", fail, Gives(True)),
    Case("somebody's train()", predict_in_training_mode, Gives(True)),
    Case("an open step", open_step, Gives(True)),
]


@pytest.fixture(scope="module", params=["inside", "component", "cnn"])
def pipelines(request: pytest.FixtureRequest, encoder_of: Callable[[str], str]) -> List[Language]:
    nlp = build(encoder_of, {"where": request.param, "head": "torch"})
    return [nlp, loaded(nlp)]


@pytest.mark.parametrize("case", MODES, ids=name_of)
def test_networks_evaluate(case: Case, pipelines: List[Language]) -> None:
    def run(do: Callable) -> bool:
        for nlp in pipelines:
            do(nlp)
        return all(map(is_evaluating, pipelines))

    check(case, run)


@pytest.mark.parametrize("where", ["inside", "component"])
@pytest.mark.parametrize("checkpoints", [False, True])
def test_training_has_dropout(
    where: str, checkpoints: bool, encoder_of: Callable[[str], str]
) -> None:
    """Also after a prediction, and when the backward pass recomputes activations."""
    # With packing, other elements would be dropped.
    given: Dict[str, Any] = {"where": where, **({"packing": False} if where == "inside" else {})}
    nlp = build(encoder_of, given)
    network = networks(nlp)[0]
    gradients = []
    for recomputes in (False, checkpoints):
        if recomputes:
            network.gradient_checkpointing_enable()
        network.zero_grad()
        torch.manual_seed(0)
        examples = make_examples(nlp)
        nlp.get_pipe(nlp.pipe_names[0]).update(examples)
        if where == "component":
            nlp.get_pipe("mtl").update(examples)
        with torch.random.fork_rng():
            predict(nlp)
        for head in ("tagger", "textcat"):
            nlp.get_pipe(head).update(examples)
        gradients.append(network.embeddings.word_embeddings.weight.grad.clone())
        nlp.get_pipe("mtl")._steps.end()
    torch.testing.assert_close(*gradients)
    vectors = [networks_output(nlp, where) for _ in range(2)]
    assert not numpy.allclose(*vectors)


def networks_output(nlp: Language, where: str) -> numpy.ndarray:
    docs = [nlp.make_doc("anna books a room")]
    encoder = nlp.get_pipe(nlp.pipe_names[0]).model
    encoder = encoder if where == "component" else encoder.get_ref("tok2vec")
    found, _ = encoder.begin_update(docs)
    hidden = found.model_output.last_hidden_state if where == "component" else found[0]
    return numpy.asarray(hidden.detach() if where == "component" else hidden)


def test_training_while_another_pipeline_predicts(encoder_of: Callable[[str], str]) -> None:
    """Predictions don't change while another pipeline is trained."""
    nlp, other = (build(encoder_of, {}) for _ in range(2))
    expected = outputs(nlp)

    def train(nlp: Language) -> None:
        for _ in range(8):
            update(nlp)

    with ThreadPoolExecutor(3) as pool:
        running = pool.submit(train, other)
        found = list(pool.map(outputs, [nlp] * 2))
        running.result()
    assert sum(n_other(each, expected) for each in found) == 0
    assert is_evaluating(other)


def test_predicting_while_training(encoder_of: Callable[[str], str]) -> None:
    """The output is undefined, but the mode is correct afterwards."""
    nlp = build(encoder_of, {})
    encoder = nlp.get_pipe("mtl").model.get_ref("tok2vec")
    docs = [nlp.make_doc(text) for text in TEXTS]

    def train(_: int) -> None:
        vectors, backprop = encoder.begin_update(docs)
        backprop(vectors)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: train(i) if i % 2 else encoder.predict(docs), range(12)))
    assert is_evaluating(nlp)


def test_no_thread_sees_a_network_half_switched() -> None:
    network = torch.nn.Sequential(*[torch.nn.Dropout(0.5) for _ in range(300)])
    x = torch.ones(2, 3)

    def run(_: int) -> bool:
        evaluate(network)
        return bool((network(x) == 1).all())

    for _ in range(10):
        network.train()
        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(run, range(8)))


def test_optimizer_keeps_its_state(encoder_of: Callable[[str], str]) -> None:
    """A head's shim keeps its identity when it is kept in evaluation mode."""
    layer = torch_view()
    shim = next(shim for node in layer.walk() for shim in node.shims)
    nlp = build(encoder_of, {"where": "cnn", "head": "torch"})
    own = next(s for n in nlp.get_pipe("tagger").model.walk() for s in n.shims)
    assert isinstance(own, PyTorchShim)
    assert type(own) is not type(shim)
    before = own._model[1].weight.detach().clone()
    update(nlp)
    assert not torch.equal(before, own._model[1].weight)
