"""Gradients weighed at the shared representation and at the encoder's parameters."""

import copy
from typing import Any, Callable, Dict, List

import numpy
import pytest
import spacy
import torch
from encoder_gradients import assert_close, clear_gradient, encoder_gradient, encoder_values
from methods import BY_LOSSES, NAMES, RANDOM, TORCHJD, block, make
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import CNN, HEADS, constant, inner
from torchjd import aggregation, autojac

WEIGHTS = {"tagger": 0.5, "ner": 2.0, "textcat": 3.0}
LEVELS = ["representation", "parameters"]


@pytest.fixture(params=["transformer", "ours before mtl", "inside mtl", "in windows", "cnn"])
def any_encoder(request: pytest.FixtureRequest, encoder_dir: str) -> Any:
    """All kinds of encoders, some of which run several passes a batch."""
    return {
        "transformer": encoder_dir,
        "ours before mtl": ("spacy_mtl.TransformerModel.v1", encoder_dir),
        "inside mtl": inner(encoder_dir),
        "in windows": inner(encoder_dir, window=16, context=2, batch_pieces=16, kept_pieces=16),
        "cnn": CNN,
    }[request.param]


def build(make_nlp: Callable, encoder: Any, heads: Any = tuple(HEADS), **config: Any) -> Language:
    """A pipeline on an encoder, or on our model in a `transformer` component."""
    if not isinstance(encoder, tuple):
        return make_nlp(heads, encoder=encoder, **config)
    architecture, folder = encoder
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"@architectures": architecture, "name": folder}})
    nlp.add_pipe("mtl", config=config)
    for head in heads:
        nlp.add_pipe(HEADS[head], name=head)
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def gradient_of(nlp: Language, examples: List[Example], **kwargs: Any) -> numpy.ndarray:
    clear_gradient(nlp)
    fix_random_seed(0)
    nlp.update(examples, sgd=False, **kwargs)
    return encoder_gradient(nlp)


@pytest.mark.parametrize("drop", [0.0, 0.3])
def test_sum_of_rows_is_one_joint_pass(make_nlp: Callable, any_encoder: Any, drop: float) -> None:
    found = {}
    for level in LEVELS:
        nlp = build(make_nlp, any_encoder, weighting=constant(**WEIGHTS), gradients=level)
        found[level] = gradient_of(nlp, make_examples(nlp), drop=drop)
    assert_close(found["parameters"], found["representation"], 1e-6)


def test_sum_of_rows_with_accumulated_gradients(make_nlp: Callable, any_encoder: Any) -> None:
    """Two sub-batches: what the first has left is neither lost nor weighed again."""
    moved = []
    for level in LEVELS:
        nlp = build(make_nlp, any_encoder, weighting=constant(**WEIGHTS), gradients=level)
        examples = make_examples(nlp)
        clear_gradient(nlp)
        fix_random_seed(0)
        nlp.update(examples[:2], sgd=False, drop=0.2)
        nlp.update(examples[2:], sgd=False, drop=0.2)
        moved.append(encoder_gradient(nlp))
    assert_close(moved[1], moved[0], 1e-6)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("ExcessMTL", "DBMTL")])
def test_one_task_in_the_batch(make_nlp: Callable, encoder_dir: str, name: str) -> None:
    """Its own gradient, times its weight, at both levels."""
    encoder = inner(encoder_dir)
    plain = make_nlp(encoder=encoder)
    expected = 2.0 * gradient_of(plain, make_examples(plain, "ents"))
    for level in LEVELS:
        weighting = block(name, weights={"ner": 2.0})
        nlp = make_nlp(encoder=encoder, weighting=weighting, gradients=level)
        assert_close(gradient_of(nlp, make_examples(nlp, "ents")), expected)


def test_parameters_without_gradient_get_none(make_nlp: Callable, encoder_dir: str) -> None:
    """Adam decays the weights of whatever has a gradient, if of zeros."""
    nlp = make_nlp(encoder=inner(encoder_dir), gradients="parameters")
    nlp.update(make_examples(nlp), sgd=False)
    module = nlp.get_pipe("mtl").model.get_ref("tok2vec").shims[0]._model
    without = {name for name, p in module.named_parameters() if p.grad is None}
    assert without == {"pooler.dense.weight", "pooler.dense.bias"}


@pytest.mark.parametrize("encoder_kind", ["before mtl", "tok2vec"])
def test_loss_of_the_encoder_counts_once(
    make_nlp: Callable, encoder_dir: str, encoder_kind: str
) -> None:
    losses: Dict[str, Dict[str, float]] = {}
    for level in LEVELS:
        nlp = _behind_tok2vec(level) if encoder_kind == "tok2vec" else None
        nlp = nlp or make_nlp(weighting=constant(**WEIGHTS), gradients=level)
        losses[level] = {"transformer": 5.0, "tok2vec": 5.0}
        fix_random_seed(0)
        nlp.update(make_examples(nlp), sgd=False, losses=losses[level])
    assert losses["parameters"] == pytest.approx(losses["representation"], rel=1e-4)


def _behind_tok2vec(level: str) -> Language:
    """A pipeline that listens to spaCy's own `tok2vec` component."""
    nlp = Language()
    nlp.add_pipe("tok2vec", config={"model": CNN})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "*"}
    model = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": listener}
    config = {"model": model, "gradients": level, "weighting": constant(**WEIGHTS)}
    nlp.add_pipe("mtl", config=config)
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name)
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def test_behind_a_tok2vec_component() -> None:
    """It adds up what it is sent, and would go on from the task before."""
    gradients = []
    for level in LEVELS:
        nlp = _behind_tok2vec(level)
        nlp.update(make_examples(nlp), sgd=False)
        nodes = nlp.get_pipe("tok2vec").model.walk()
        gradients.append(
            numpy.concatenate(
                [
                    node.get_grad(name).ravel()
                    for node in nodes
                    for name in node.param_names
                    if node.has_grad(name)
                ]
            )
        )
    assert_close(gradients[1], gradients[0], 1e-6)


def test_a_torch_layer_after_a_thinc_layer(make_nlp: Callable) -> None:
    """The gradient of its input starts anew for each task."""
    from thinc.api import PyTorchWrapper, with_array

    gradients = []
    for level in LEVELS:
        nlp = make_nlp(encoder=CNN, gradients=level, weighting=constant(**WEIGHTS))
        tok2vec = nlp.get_pipe("mtl").model.get_ref("tok2vec")
        fix_random_seed(0)
        extra = with_array(PyTorchWrapper(torch.nn.Linear(16, 16)))
        tok2vec.layers.append(extra)
        gradients.append(gradient_of(nlp, make_examples(nlp)))
    assert_close(gradients[1], gradients[0], 1e-6)


@pytest.mark.parametrize("name", BY_LOSSES)
def test_levels_agree_for_methods_by_losses(make_nlp: Callable, encoder: Any, name: str) -> None:
    found = {}
    for level in LEVELS:
        nlp = make_nlp(encoder=encoder, weighting=block(name), gradients=level)
        found[level] = gradient_of(nlp, make_examples(nlp))
    assert_close(found["parameters"], found["representation"])


@pytest.mark.parametrize("name", ["PCGrad", "MGDA", "UPGrad", "CAGrad", "NashMTL", "GradVac"])
def test_levels_differ_where_documents_do(make_nlp: Callable, encoder: Any, name: str) -> None:
    """Tasks in conflict, with gold on different documents: their rows at the representation are
    orthogonal. Only at the parameters they meet."""
    found = {}
    for level in LEVELS:
        nlp = make_nlp(("tagger", "ner"), encoder=encoder, weighting=block(name), gradients=level)
        tagged, named = make_examples(nlp, "tag"), make_examples(nlp, "ents")
        examples = [tagged[0], named[1], tagged[2], named[3]]
        # The gradient of a head with small weights turns round with their sign.
        output = nlp.get_pipe("ner").model.get_ref("output_layer")
        output.set_param("W", -output.get_param("W"))
        seen: List[Any] = []
        mtl = nlp.get_pipe("mtl")
        mtl.weighting = _spy(mtl.weighting, seen)
        found[level] = gradient_of(nlp, examples)
        (a, b) = seen[0].astype("float64")
        cosine = a @ b / numpy.linalg.norm(a) / numpy.linalg.norm(b)
        assert abs(cosine) < 1e-12 if level == "representation" else cosine < -0.05, cosine
    error = numpy.linalg.norm(found["parameters"] - found["representation"])
    assert error > 1e-3 * numpy.linalg.norm(found["parameters"])


def _spy(weighting: Any, seen: List[Any]) -> Any:
    class Spy:
        needs_losses = weighting.needs_losses

        def __call__(self, losses: Any, gradients: Any) -> Any:
            seen.append(gradients.copy())
            return weighting(losses, gradients)

        def check_tasks(self, tasks: Any) -> None:
            pass

    return Spy()


class Ours(aggregation.Aggregator):
    """A method that torchjd has not, on rows that torchjd has made. The golden table has its
    values by hand; here it is what the pipeline gives it that counts."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.weighting = make(name, "parameters", normalize=False)
        #: Those of the step.
        self.losses: List[float] = []

    def forward(self, matrix: Any) -> Any:
        losses = {f"t{i}": loss for i, loss in enumerate(self.losses)}
        return torch.from_numpy(self.weighting(losses, matrix.numpy()).gradient)


METHODS: Dict[str, Callable[[int], Any]] = {
    **TORCHJD,
    "Constant": lambda n: aggregation.Sum(),
    # What torchjd has of that name works for one number of tasks.
    "NashMTL": lambda n: aggregation.FairGrad(1.0),
    "GradNorm": lambda n: Ours("GradNorm"),
    "DBMTL": lambda n: Ours("DBMTL"),
    "CAGrad": lambda n: aggregation.CAGrad(0.5, 1e-8),
    "AlignedMTL": lambda n: aggregation.AlignedMTL(torch.ones(n).double()),
    "UPGrad": lambda n: aggregation.UPGrad(torch.ones(n).double()),
    "DualProj": lambda n: aggregation.DualProj(torch.ones(n).double()),
}


class TorchNetwork:
    """The tagging heads and the CNN-free encoder of a pipeline once more, in torch and float64.

    The encoder is a table of vectors and a linear layer with tanh; each head is linear, with a
    softmax: what `make_linear_nlp` builds of thinc layers.
    """

    def __init__(self, nlp: Language, n_tasks: int) -> None:
        table, linear = nlp.get_pipe("mtl").model.get_ref("tok2vec").shims[0]._model
        self.encoder = copy.deepcopy(torch.nn.Sequential(table, linear)).double()
        self.heads = []
        for i in range(n_tasks):
            output = nlp.get_pipe(f"t{i}").model.get_ref("output_layer")
            w, b = (torch.tensor(output.get_param(k), dtype=torch.float64) for k in ("W", "b"))
            self.heads.append((w, b))

    def features(self, ids: Any) -> Any:
        return torch.tanh(self.encoder(ids))

    def losses(self, features: Any, gold: List[Any]) -> List[Any]:
        cross_entropy = torch.nn.functional.cross_entropy
        return [cross_entropy(features @ w.T + b, y) for (w, b), y in zip(self.heads, gold)]

    def gradient(self) -> numpy.ndarray:
        rows = [p.grad.ravel().numpy() for p in self.encoder.parameters()]
        return numpy.concatenate(rows)


def make_linear_nlp(n_tasks: int, level: str, weighting: Dict[str, Any]) -> Language:
    """A pipeline of several tagging heads on a tiny torch encoder."""
    from thinc.api import Model, torch2xp, xp2torch
    from thinc.shims import PyTorchShim

    def encoder() -> Model:
        torch.manual_seed(0)
        module = torch.nn.Sequential(torch.nn.Embedding(97, 12), torch.nn.Linear(12, 8))

        def forward(model: Model, docs: Any, is_train: bool) -> Any:
            ids = [token.orth % 97 for doc in docs for token in doc]
            vectors = torch.tanh(model.shims[0]._model(torch.tensor(ids)))
            lengths = model.ops.asarray1i([len(doc) for doc in docs])

            def backprop(d_outputs: Any) -> Any:
                d = xp2torch(model.ops.xp.concatenate(d_outputs))
                torch.autograd.backward(vectors, d)
                return docs

            return model.ops.unflatten(torch2xp(vectors.detach()), lengths), backprop

        return Model("table", forward, shims=[PyTorchShim(module)], dims={"nO": 8})

    from spacy_mtl.joint.component import MultiTask
    from spacy_mtl.registry import registry
    from spacy_mtl.sharing.hard import HardSharing

    nlp = Language()
    resolved = registry.resolve({"weighting": weighting})["weighting"]
    Language.factory(
        "mtl_for_golden",
        func=lambda nlp, name: MultiTask(
            nlp.vocab,
            HardSharing(encoder()),
            "mtl",
            weighting=resolved,
            gradients=level,
            nlp=nlp,
        ),
    )
    nlp.add_pipe("mtl_for_golden", name="mtl")
    for i in range(n_tasks):
        nlp.add_pipe("mtl_tagger", name=f"t{i}")
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    rng = numpy.random.default_rng(0)
    for i in range(n_tasks):
        output = nlp.get_pipe(f"t{i}").model.get_ref("output_layer")
        # Heads that differ, so that gradients do, in length and direction.
        shape = output.get_param("W").shape
        scale = 0.3 + 0.3 * i
        output.set_param("W", (scale * rng.standard_normal(shape)).astype("float32"))
    return nlp


@pytest.mark.filterwarnings("ignore:The heads .* both set")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("n_tasks", [1, 2, 3, 8])
@pytest.mark.parametrize("name", METHODS)
def test_equals_torchjd_through_the_pipeline(name: str, n_tasks: int, level: str) -> None:
    """The encoder's gradient, over five steps of gradient descent.

    Departures: one task gives its own gradient; preferences of 1 for those with a preference
    vector; CAGrad gives up at 1e-8 instead of 1e-4; `normalize` is off.
    """
    if name in ("ExcessMTL", "DBMTL") and level == "representation":
        return
    settings: Dict[str, Any] = {"every": 1} if name == "DWA" else {}
    if name != "Constant":
        settings["normalize"] = False
    weighting = block(name, **settings)
    if n_tasks == 1 and name != "Constant":
        with pytest.warns(UserWarning, match="needs two or more"):
            nlp = make_linear_nlp(n_tasks, level, weighting)
    else:
        nlp = make_linear_nlp(n_tasks, level, weighting)
    network = TorchNetwork(nlp, n_tasks)
    method = METHODS[name](n_tasks)
    learns = name in ("Uncertainty", "IMTLL")
    optimizer = torch.optim.Adam(method.parameters(), lr=0.025) if learns else None
    batches = [make_examples(nlp)[:2], make_examples(nlp)[1:], make_examples(nlp)]
    labels = nlp.get_pipe("t0").labels
    for step in range(5):
        examples = batches[step % 3]
        clear_gradient(nlp)
        torch.manual_seed(step)
        nlp.update(examples, sgd=False)
        found = encoder_gradient(nlp)

        words = [token for eg in examples for token in eg.reference]
        ids = torch.tensor([token.orth % 97 for token in words])
        gold = torch.tensor([labels.index(token.tag_) for token in words])
        for parameter in network.encoder.parameters():
            parameter.grad = None
        features = network.features(ids)
        losses = network.losses(features, [gold] * n_tasks)
        if isinstance(method, Ours):
            method.losses = [loss.item() for loss in losses]
        torch.manual_seed(step)
        if n_tasks == 1 and name not in BY_LOSSES:
            losses[0].backward()
        elif name in BY_LOSSES:
            values = torch.stack(losses)
            if name == "FAMO" and step:
                method.update(values.detach())
            method(values).backward()
            if optimizer is not None:
                optimizer.step()
                optimizer.zero_grad()
            if name == "DWA":
                method.step()
        elif level == "representation":
            # jac_to_grad wants leaves.
            leaf = features.detach().requires_grad_()
            of_leaf = network.losses(leaf, [gold] * n_tasks)
            autojac.backward(of_leaf, inputs=[leaf])
            autojac.jac_to_grad([leaf], method)
            features.backward(leaf.grad)
        else:
            shared = list(network.encoder.parameters())
            autojac.backward(losses, inputs=shared)
            autojac.jac_to_grad(shared, method)
        expected = network.gradient()
        error = numpy.linalg.norm(found - expected) / numpy.linalg.norm(expected)
        is_solved = make(name).solvers if name != "Constant" else ()
        assert error < (1e-3 if is_solved or name == "NashMTL" else 1e-5), step

        # Both go a step down, along the same gradient.
        nlp.get_pipe("mtl").model.finish_update(lambda key, w, d: (w - 0.1 * d, d * 0))
        with torch.no_grad():
            for parameter in network.encoder.parameters():
                parameter -= 0.1 * parameter.grad
        assert numpy.isfinite(encoder_values(nlp)).all()


def test_random_methods_are_reproducible(make_nlp: Callable, encoder: Any) -> None:
    for name in RANDOM:
        nlp = make_nlp(encoder=encoder, weighting=block(name))
        examples = make_examples(nlp)
        first = gradient_of(nlp, examples)
        if name != "GradVac":
            assert numpy.array_equal(gradient_of(nlp, examples), first)
