"""Weightings in a pipeline: their state, stock components, losses computed again."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy
import pytest
import spacy
from encoder_gradients import assert_close, clear_gradient, encoder_gradient, encoder_values
from methods import NAMES, STATEFUL, block, registered
from spacy.language import Language
from spacy.tokens import DocBin, Span
from spacy.training import Example
from thinc.api import fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import constant, sourced

STOCK = {
    "tagger": ("tagger", {"@architectures": "spacy.Tagger.v2"}),
    "textcat": (
        "textcat",
        {
            "@architectures": "spacy.TextCatReduce.v1",
            "exclusive_classes": True,
            "use_reduce_first": False,
            "use_reduce_last": False,
            "use_reduce_max": False,
            "use_reduce_mean": True,
        },
    ),
}


def level_of(name: str) -> str:
    return "parameters" if name in ("ExcessMTL", "DBMTL") else "representation"


def train(nlp: Language, n_steps: int, optimizer: Any) -> None:
    """Steps like those of `spacy train`, each with other tasks present."""
    kinds: List[Any] = [None, "tag", "ents"]
    for step in range(n_steps):
        fix_random_seed(step)
        nlp.update(make_examples(nlp, kinds[step % 3]), sgd=False, drop=0.1)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)


@pytest.mark.parametrize("how", ["bytes", "disk"])
@pytest.mark.parametrize("name", NAMES)
def test_state_is_saved(make_nlp: Callable, tmp_path: Path, name: str, how: str) -> None:
    """A pipeline that was saved takes the same next step."""
    nlp = make_nlp(encoder=None, weighting=block(name), gradients=level_of(name))
    train(nlp, 5, nlp.create_optimizer())
    if how == "bytes":
        loaded = make_nlp(encoder=None, weighting=block(name), gradients=level_of(name))
        loaded.from_bytes(nlp.to_bytes())
    else:
        nlp.to_disk(tmp_path)
        loaded = spacy.load(tmp_path)
    gradients = []
    for pipeline in (nlp, loaded):
        clear_gradient(pipeline)
        fix_random_seed(0)
        pipeline.update(make_examples(pipeline), sgd=False)
        gradients.append(encoder_gradient(pipeline))
    assert numpy.array_equal(*gradients)
    states = [pipeline.get_pipe("mtl").weighting.get_state() for pipeline in (nlp, loaded)]
    assert repr(states[0]) == repr(states[1])


def test_state_can_be_left_out(make_nlp: Callable, tmp_path: Path) -> None:
    nlp = make_nlp(encoder=None, weighting=block("Uncertainty"))
    train(nlp, 3, nlp.create_optimizer())
    mtl = nlp.get_pipe("mtl")
    mtl.to_disk(tmp_path / "all")
    mtl.to_disk(tmp_path / "less", exclude=["weighting"])
    assert (tmp_path / "all/weighting").exists()
    assert not (tmp_path / "less/weighting").exists()
    assert len(mtl.to_bytes(exclude=["weighting"])) < len(mtl.to_bytes())
    mtl.weighting.set_state({"step": 0, "learned": {}})
    mtl.from_disk(tmp_path / "all", exclude=["weighting"])
    assert mtl.weighting.get_state()["step"] == 0
    mtl.from_disk(tmp_path / "all")
    assert mtl.weighting.get_state()["step"] == 3


def test_state_of_another_method(make_nlp: Callable, tmp_path: Path) -> None:
    """The method was changed in the config of a trained pipeline: the new one begins."""
    make_nlp(encoder=None, weighting=block("Uncertainty")).to_disk(tmp_path)
    override = {"components": {"mtl": {"weighting": block("GradNorm")}}}
    nlp = spacy.load(tmp_path, config=override)
    assert nlp.get_pipe("mtl").weighting.get_state()["step"] == 0


def test_frozen_task_keeps_its_state(make_nlp: Callable) -> None:
    for name in STATEFUL:
        nlp = make_nlp(encoder=None, weighting=block(name), gradients=level_of(name))
        optimizer = nlp.create_optimizer()
        train(nlp, 2, optimizer)
        weighting = nlp.get_pipe("mtl").weighting
        before = {key: repr(value) for key, value in _state_of("ner", weighting).items()}
        fix_random_seed(0)
        nlp.update(make_examples(nlp), sgd=False, exclude=["ner"])
        nlp.get_pipe("mtl").finish_update(optimizer)
        assert {k: repr(v) for k, v in _state_of("ner", weighting).items()} == before


def _state_of(task: str, weighting: Any) -> Dict[str, Any]:
    state = weighting.get_state()
    found = {
        key: value[task]
        for key, value in state.items()
        if isinstance(value, dict) and task in value
    }
    return {**found, "cosines": [c for c in state.get("cosines", []) if task in c[:2]]}


@pytest.mark.slow
def test_trained_pipeline_without_torchjd(make_nlp: Callable, tmp_path: Path) -> None:
    """It loads and predicts where neither torchjd nor a solver is installed."""
    code = (
        "import sys\n"
        "for name in ('torchjd', 'cvxpy', 'clarabel', 'quadprog', 'qpsolvers', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        "import spacy\n"
        "for path in sys.argv[1:]:\n"
        "    nlp = spacy.load(path)\n"
        "    assert [t.tag_ for t in nlp('Anna runs')] != ['', '']\n"
        "    print(type(nlp.get_pipe('mtl').weighting).__name__)\n"
    )
    paths = []
    for name in NAMES:
        nlp = make_nlp(encoder=None, weighting=block(name), gradients=level_of(name))
        train(nlp, 2, nlp.create_optimizer())
        nlp.to_disk(tmp_path / name)
        paths.append(str(tmp_path / name))
    command = [sys.executable, "-c", code, *paths]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == NAMES


def with_stock(encoder: Any, weighting: Dict[str, Any], tasks: Any, **config: Any) -> Language:
    """A pipeline of stock components as tasks, after an `mtl_ner`."""
    from tiny_pipelines import add_joint

    nlp = spacy.blank("en")
    add_joint(nlp, encoder, weighting=weighting, **config)
    nlp.add_pipe("mtl_ner", name="ner")
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
    for task in tasks:
        factory, model = STOCK[task]
        nlp.add_pipe(factory, name=task, config={"model": {**model, "tok2vec": listener}})
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    rng = numpy.random.default_rng(0)
    for task in tasks:
        # thinc starts softmax layers at zero: they would send nothing.
        for node in nlp.get_pipe(task).model.walk():
            if node.has_param("W") and not node.get_param("W").any():
                node.set_param("W", rng.standard_normal(node.get_param("W").shape).astype("f"))
    return nlp


class Recording:
    """A weighting that keeps what it is given, and adds up."""

    def __init__(self, needs_losses: bool) -> None:
        self.needs_losses = needs_losses
        self.losses: List[Dict[str, float]] = []
        self.rows: List[Any] = []

    def __call__(self, losses: Dict[str, float], gradients: Any) -> Any:
        from spacy_mtl.types import Combined

        self.losses.append(dict(losses))
        self.rows.append(dict(zip(losses, gradients)))
        return Combined(gradients.sum(axis=0), dict.fromkeys(losses, 1.0))


def test_stock_components_in_means() -> None:
    """What a method by losses sees of them does not grow with the batch, as our heads do not."""
    seen = {}
    for needs_losses in (True, False):
        nlp = with_stock(None, constant(), ["tagger", "textcat"])
        recording = nlp.get_pipe("mtl").weighting = Recording(needs_losses)
        examples = make_examples(nlp)
        first: Dict[str, float] = {}
        for batch in (examples, [*examples, *make_examples(nlp)]):
            losses: Dict[str, float] = {}
            nlp.update(batch, sgd=False, losses=losses)
            first = first or losses
            nlp.get_pipe("mtl").finish_update(lambda key, w, d: (w, d * 0))
        seen[needs_losses] = recording
    n_tokens = sum(len(eg.reference) for eg in examples)
    means, sums = seen[True], seen[False]
    # Sums: twice the documents, twice the loss and each row twice as long by sqrt(2).
    assert sums.losses[1]["tagger"] == pytest.approx(2 * sums.losses[0]["tagger"], rel=1e-4)
    assert means.losses[1]["tagger"] == pytest.approx(means.losses[0]["tagger"], rel=1e-4)
    assert means.losses[0]["tagger"] == pytest.approx(sums.losses[0]["tagger"] / n_tokens)
    assert means.losses[0]["ner"] == pytest.approx(sums.losses[0]["ner"])
    assert numpy.allclose(means.rows[0]["tagger"] * n_tokens, sums.rows[0]["tagger"], rtol=1e-4)
    assert numpy.allclose(means.rows[0]["textcat"] * len(examples), sums.rows[0]["textcat"])
    # textcat stands last and adds its loss too late: that of the step before, a mean as it is.
    assert means.losses[0]["textcat"] == 0
    # Its mean is over both labels, too; here their sum.
    assert means.losses[1]["textcat"] == pytest.approx(2 * first["textcat"])


def test_stock_components_count_what_is_annotated() -> None:
    """Documents without tags do not make the mean smaller."""
    nlp = with_stock(None, constant(), ["tagger"])
    recording = nlp.get_pipe("mtl").weighting = Recording(True)
    tagged, plain = make_examples(nlp), make_examples(nlp, "ents")
    nlp.update(tagged[:2], sgd=False)
    nlp.update([*tagged[:2], *plain[2:]], sgd=False)
    lengths = [numpy.linalg.norm(rows["tagger"]) for rows in recording.rows]
    assert lengths[1] == pytest.approx(lengths[0], rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tasks", [["tagger", "textcat"], ["textcat", "tagger"]], ids="-".join)
def test_every_method_trains_stock_components(name: str, tasks: List[str]) -> None:
    nlp = with_stock(None, block(name), tasks, gradients=level_of(name))
    before = encoder_values(nlp)
    train(nlp, 4, nlp.create_optimizer())
    after = encoder_values(nlp)
    assert numpy.isfinite(after).all()
    assert (after != before).any()


@pytest.mark.parametrize("heads", [("tagger", "ner", "textcat"), None], ids=["ours", "stock"])
def test_famo_computes_losses_again(make_nlp: Callable, encoder: Any, heads: Any) -> None:
    """After the optimizer's step, on the same batch: those that the batch has without a step."""
    weighting = block("FAMO", recompute=True)
    if heads is None:
        nlp = with_stock(encoder, weighting, ["tagger"])
    else:
        nlp = make_nlp(heads, encoder=encoder, weighting=weighting)
    mtl = nlp.get_pipe("mtl")
    seen: List[Dict[str, float]] = []
    observe = mtl.weighting.observe
    mtl.weighting.observe = lambda losses: [seen.append(dict(losses)), observe(losses)]
    optimizer = nlp.create_optimizer()
    examples = make_examples(nlp)
    nlp.update(examples[:2], sgd=False)
    assert not seen
    nlp.update(examples[:2], sgd=False)
    # The optimizer has not stepped: nothing to look at.
    assert not seen
    for _, pipe in nlp.pipeline:
        pipe.finish_update(optimizer)
    expected = _losses_of(nlp, examples[:2])
    values = encoder_values(nlp)
    nlp.update(examples[2:], sgd=False)
    assert numpy.array_equal(encoder_values(nlp), values)
    (found,) = seen
    if heads is None:
        n_tokens = sum(len(eg.reference) for eg in examples[:2])
        expected["tagger"] /= n_tokens
    assert found == pytest.approx({task: expected[task] for task in found}, rel=1e-4)
    assert set(found) == set(mtl.tasks)


def _losses_of(nlp: Language, examples: List[Example]) -> Dict[str, float]:
    """The losses of a batch, by an update of a copy."""
    copied = spacy.blank("en")
    copied.config["nlp"] = nlp.config["nlp"]
    copied = spacy.util.load_model_from_config(nlp.config, auto_fill=True)
    copied.from_bytes(nlp.to_bytes(exclude=["mtl"]), exclude=["mtl"])
    copied.get_pipe("mtl").from_bytes(nlp.get_pipe("mtl").to_bytes(exclude=["weighting"]))
    losses: Dict[str, float] = {}
    copied.update(
        [Example(copied.make_doc(eg.reference.text), eg.reference) for eg in examples],
        sgd=False,
        losses=losses,
    )
    return losses


def test_famo_in_the_next_batch_without_it(make_nlp: Callable) -> None:
    nlp = make_nlp(encoder=None, weighting=block("FAMO"))
    train(nlp, 3, nlp.create_optimizer())
    learned = nlp.get_pipe("mtl").weighting.get_state()["learned"]
    # Three steps: all, tags, entities. The textcat was seen once only.
    assert learned["textcat"][0] == 0


def test_mixed_precision_is_refused_at_the_parameters(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": encoder_dir}})
    nlp.add_pipe("mtl", config={"gradients": "parameters"})
    nlp.add_pipe("mtl_ner", name="ner")
    node = nlp.get_pipe("transformer").model.layers[0]
    node.shims[0]._mixed_precision = True
    with pytest.raises(ValueError, match="mixed_precision = true in .components.transformer.mod"):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize("is_gone", [True, False], ids=["source gone", "source alive"])
def test_sourced_at_the_parameters(make_nlp: Callable, is_gone: bool) -> None:
    """`source` in a config, and `spacy train`: it finds the pipeline that it is in now."""
    source = make_nlp(gradients="parameters", weighting=constant(ner=2.0))
    expected = make_nlp(weighting=constant(ner=2.0))
    nlp = sourced(source, spacy.blank("en").vocab)
    if is_gone:
        del source
    for pipeline in (nlp, expected):
        pipeline.update(make_examples(pipeline), sgd=False)
    assert_close(encoder_gradient(nlp), encoder_gradient(expected))
    assert nlp.get_pipe("mtl").nlp is nlp


def test_sourced_twice_at_the_parameters(make_nlp: Callable) -> None:
    """Into two pipelines that share a vocabulary: nobody can tell which trains."""
    source = make_nlp(gradients="parameters")
    vocab = spacy.blank("en").vocab
    pipelines = [sourced(source, vocab) for _ in range(2)]
    with pytest.raises(ValueError, match="sourced from another pipeline.*nothing to work on"):
        pipelines[0].update(make_examples(pipelines[0]), sgd=False)
    pipelines[0].get_pipe("mtl").initialize(lambda: make_examples(pipelines[0]), nlp=pipelines[0])
    pipelines[0].update(make_examples(pipelines[0]), sgd=False)


@pytest.mark.slow
def test_training_goes_on_with_a_source(make_nlp: Callable, tmp_path: Path) -> None:
    """What was learned goes on, and settings that do not fit are found."""
    from spacy.training.initialize import init_nlp

    nlp = make_nlp(encoder=None, weighting=block("DBMTL"), gradients="parameters")
    train(nlp, 3, nlp.create_optimizer())
    nlp.to_disk(tmp_path / "trained")
    DocBin(docs=[eg.reference for eg in make_examples(nlp)]).to_disk(tmp_path / "c.spacy")
    config = nlp.config.copy()
    config["components"] = {n: {"source": str(tmp_path / "trained")} for n in nlp.pipe_names}
    for split in ("train", "dev"):
        config["paths"][split] = str(tmp_path / "c.spacy")
    again = init_nlp(config)
    weighting = again.get_pipe("mtl").weighting
    before = {task: n for task, (_, n) in weighting.get_state()["averages"].items()}
    again.update(make_examples(again), sgd=False)
    assert again.get_pipe("mtl").nlp is again
    after = {task: n for task, (_, n) in weighting.get_state()["averages"].items()}
    assert after == {task: n + 1 for task, n in before.items()}


@pytest.mark.parametrize("name", STATEFUL)
def test_initialize_begins_anew(make_nlp: Callable, name: str) -> None:
    nlp = make_nlp(encoder=None, weighting=block(name), gradients=level_of(name))
    untrained = repr(nlp.get_pipe("mtl").weighting.get_state())
    train(nlp, 3, nlp.create_optimizer())
    assert repr(nlp.get_pipe("mtl").weighting.get_state()) != untrained
    nlp.initialize(lambda: make_examples(nlp))
    assert repr(nlp.get_pipe("mtl").weighting.get_state()) == untrained


def test_initialize_begins_anew_with_a_state_that_is_shared(make_nlp: Callable) -> None:
    """The dict itself, as a weighting of somebody else's may give it."""

    class Counting(Recording):
        def __init__(self) -> None:
            super().__init__(False)
            self.state = {"n": 0}

        def __call__(self, losses: Any, gradients: Any) -> Any:
            self.state["n"] += 1
            return super().__call__(losses, gradients)

        def get_state(self) -> Dict[str, Any]:
            return self.state

        def set_state(self, state: Dict[str, Any]) -> None:
            self.state = state

    with registered("counting.v1", Counting) as own:
        nlp = make_nlp(encoder=None, weighting=own)
    weighting = nlp.get_pipe("mtl").weighting
    for _ in range(2):
        assert weighting.state == {"n": 0}
        nlp.update(make_examples(nlp), sgd=False)
        assert weighting.state == {"n": 1}
        nlp.initialize(lambda: make_examples(nlp))


def test_late_losses_are_saved(tmp_path: Path) -> None:
    """Those of a stock component that stands last."""
    nlp = with_stock(None, block("GLS"), ["tagger"])
    train(nlp, 1, nlp.create_optimizer())
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    weights = []
    for pipeline in (nlp, loaded):
        mtl = pipeline.get_pipe("mtl")
        recording = mtl.weighting = Recording(True)
        pipeline.update(make_examples(pipeline), sgd=False)
        weights.append(recording.losses)
    assert weights[0][0]["tagger"] > 0
    assert weights[0] == weights[1]


def test_late_losses_of_tasks_that_come_and_go() -> None:
    """A batch without its annotation does not say that the task had a loss of 0."""
    nlp = with_stock(None, constant(), ["tagger"])
    recording = nlp.get_pipe("mtl").weighting = Recording(True)
    first: Dict[str, float] = {}
    nlp.update(make_examples(nlp), sgd=False, losses=first)
    for kind in ("ents", "ents", None):
        nlp.update(make_examples(nlp, kind), sgd=False)
    n_tokens = sum(len(eg.reference) for eg in make_examples(nlp))
    found = [losses.get("tagger") for losses in recording.losses]
    assert found == [0.0, None, None, pytest.approx(first["tagger"] / n_tokens)]


def test_late_losses_without_units() -> None:
    """Softmax layers begin at zero and send nothing: of how many tokens is not known."""
    nlp = with_stock(None, constant(), ["tagger"])
    layer = next(node for node in nlp.get_pipe("tagger").model.walk() if node.name == "softmax")
    values = layer.get_param("W").copy()
    layer.set_param("W", values * 0)
    recording = nlp.get_pipe("mtl").weighting = Recording(True)
    nlp.update(make_examples(nlp), sgd=False)
    layer.set_param("W", values)
    nlp.update(make_examples(nlp), sgd=False)
    # A sum would be 24 times what it is.
    assert [losses.get("tagger") for losses in recording.losses] == [None, 0.0]


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80"])
def test_damaged_state(make_nlp: Callable, tmp_path: Path, content: bytes) -> None:
    make_nlp(encoder=None, weighting=block("Uncertainty")).to_disk(tmp_path)
    (tmp_path / "mtl/weighting").write_bytes(content)
    with pytest.raises(ValueError, match="Can't use .*weighting.*damaged.*delete it"):
        spacy.load(tmp_path)
    (tmp_path / "mtl/weighting").unlink()
    assert spacy.load(tmp_path)("Anna runs")


def test_bytes_of_a_version_without_state(make_nlp: Callable) -> None:
    nlp = make_nlp(encoder=None)
    mtl = nlp.get_pipe("mtl")
    old = super(type(mtl), mtl).to_bytes()
    mtl.from_bytes(old)


@pytest.mark.parametrize("kind", ["ner", "spancat"])
def test_famo_beside_a_task_that_cannot_be_computed_again(kind: str) -> None:
    """Its loss in the next batch counts."""
    nlp = spacy.blank("en")
    from tiny_pipelines import add_joint

    add_joint(nlp, None, weighting=block("FAMO", recompute=True))
    nlp.add_pipe("mtl_tagger", name="tagger")
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
    config = spacy.blank("en").get_factory_meta(kind).default_config["model"]
    nlp.add_pipe(kind, config={"model": {**config, "tok2vec": listener}})

    def examples() -> List[Example]:
        found = make_examples(nlp)
        for eg in found:
            eg.reference.spans["sc"] = [
                Span(eg.reference, i, i + 1, "X") for i in range(len(eg.reference))
            ]
        return found

    nlp.initialize(examples)
    optimizer = nlp.create_optimizer()
    optimizer.learn_rate = 0.01
    for _ in range(6):
        nlp.update(examples(), sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)
    learned = nlp.get_pipe("mtl").weighting.get_state()["learned"]
    assert set(learned) == {"tagger", kind}
    assert learned["tagger"][1] > 0
    assert learned[kind][1] > 0


def test_famo_with_the_optimizer_in_update(make_nlp: Callable) -> None:
    """`nlp.update(sgd=...)` steps the encoder a batch late: the next batch counts."""
    nlp = make_nlp(encoder=None, weighting=block("FAMO", recompute=True))
    optimizer = nlp.create_optimizer()
    for _ in range(5):
        nlp.update(make_examples(nlp), sgd=optimizer)
    learned = nlp.get_pipe("mtl").weighting.get_state()["learned"]
    assert all(state[1] >= 3 for state in learned.values())


def test_famo_and_a_head_that_was_removed(make_nlp: Callable, tmp_path: Path) -> None:
    nlp = make_nlp(encoder=None, weighting=block("FAMO", recompute=True))
    train(nlp, 1, nlp.create_optimizer())
    nlp.remove_pipe("tagger")
    nlp.to_disk(tmp_path)
    nlp.update(make_examples(nlp), sgd=False)
    spacy.load(tmp_path)


def test_faded_in_task_moves_the_encoder_later(make_nlp: Callable, encoder: Any) -> None:
    """`weights` with a schedule, from the config of a pipeline."""
    schedule = {
        "@schedules": "warmup_linear.v1",
        "initial_rate": 1.0,
        "warmup_steps": 2,
        "total_steps": 10**9,
    }
    nlp = make_nlp(encoder=encoder, weighting=constant(ner=schedule))
    expected = []
    for weight in (0.0, 0.5, 1.0):
        plain = make_nlp(encoder=encoder, weighting=constant(ner=weight))
        plain.update(make_examples(plain), sgd=False)
        expected.append(encoder_gradient(plain))
    total = 0.0
    for gradient in expected:
        nlp.update(make_examples(nlp), sgd=False)
        total = total + gradient
        assert_close(encoder_gradient(nlp), total)
