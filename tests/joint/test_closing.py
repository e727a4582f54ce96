"""The shared encoder's gradient is the weighted sum of those of the tasks."""

import itertools
from dataclasses import FrozenInstanceError
from typing import Any, Callable, Dict, List, Tuple

import numpy
import pytest
import spacy
from encoder_gradients import (
    assert_close,
    encoder_gradient,
)
from joint_gradients import WEIGHTS, gold, gradient_of
from recording_weighting import Recording
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, constant

from spacy_mtl.joint.closing import close
from spacy_mtl.joint.meeting import Rows
from spacy_mtl.joint.step import Answers
from spacy_mtl.plain import as_weighting
from spacy_mtl.types import Combined


@pytest.mark.parametrize("order", list(itertools.permutations(HEADS)), ids="-".join)
def test_sum_in_any_order(make_nlp: Callable, encoder: Any, order: Tuple[str, ...]) -> None:
    nlp = make_nlp(order, encoder=encoder, weighting=constant(**WEIGHTS))
    expected = 0.0
    for task in HEADS:
        alone = gradient_of(nlp, gold(nlp, task))
        assert numpy.linalg.norm(alone) > 1e-8, task
        expected = expected + alone
    assert_close(gradient_of(nlp, gold(nlp, *HEADS)), expected)


def test_sum_with_a_cnn(make_nlp: Callable) -> None:
    test_sum_in_any_order(make_nlp, None, tuple(HEADS))


@pytest.mark.parametrize("present", [c for n in (1, 2) for c in itertools.combinations(HEADS, n)])
@pytest.mark.parametrize("last", list(HEADS))
def test_silent_tasks(
    make_nlp: Callable, encoder: Any, present: Tuple[str, ...], last: str
) -> None:
    order = [*[task for task in HEADS if task != last], last]
    nlp = make_nlp(order, encoder=encoder, weighting=constant(**WEIGHTS))
    expected = sum(gradient_of(nlp, gold(nlp, task)) for task in present)
    assert_close(gradient_of(nlp, gold(nlp, *present)), expected)


@pytest.mark.filterwarnings("ignore:The heads .* both set")
def test_one_forward_and_one_backward_pass_a_step(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp([*HEADS, "mtl_textcat_multilabel"], encoder=encoder)
    passes = []
    tok2vec = nlp.get_pipe("mtl").model.get_ref("tok2vec")
    inner = tok2vec._func

    def forward(model: Any, docs: Any, is_train: bool) -> Any:
        outputs, backprop = inner(model, docs, is_train)
        passes.append("forward")
        return outputs, lambda d_outputs: [passes.append("backward"), backprop(d_outputs)][1]

    tok2vec._func = forward
    gradient_of(nlp, gold(nlp, *HEADS))
    assert passes == ["forward", "backward"]


def test_weights_scale_rows(make_nlp: Callable, encoder: Any) -> None:
    plain = make_nlp(encoder=encoder)
    weighted = make_nlp(encoder=encoder, weighting=constant(ner=7.0))
    expected = 7.0 * gradient_of(plain, gold(plain, "ner"))
    assert_close(gradient_of(weighted, gold(weighted, "ner")), expected)


def test_losses_are_the_weighted_sum(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder, weighting=constant(**WEIGHTS))
    losses: Dict[str, float] = {}
    nlp.update(make_examples(nlp), sgd=False, losses=losses)
    nlp.update(make_examples(nlp), sgd=False, losses=losses)
    assert losses["mtl"] == pytest.approx(sum(WEIGHTS[task] * losses[task] for task in HEADS))


def test_stock_spacy_drops_the_gradient(encoder_dir: str) -> None:
    """The fault this package mends: a silent last listener gives the encoder exactly 0."""
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": encoder_dir}})
    nlp.add_pipe(
        "tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}}
    )
    ner = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 8,
        "maxout_pieces": 2,
        "use_upper": False,
        "tok2vec": listener,
    }
    nlp.add_pipe("ner", config={"model": ner})
    nlp.initialize(lambda: make_examples(nlp))
    # thinc's Softmax starts at zero: one step, so that the tagger has a gradient to send.
    sgd = nlp.create_optimizer()
    for _ in range(2):
        nlp.update(make_examples(nlp), sgd=sgd)
    module = nlp.get_pipe("transformer").model.transformer
    module.zero_grad()
    nlp.update(gold(nlp, "tagger"), sgd=False)
    assert all(p.grad is None or not p.grad.any() for p in module.parameters())
    nlp.update(gold(nlp, "tagger", "ner"), sgd=False)
    assert any(p.grad is not None and p.grad.any() for p in module.parameters())


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


class FakeMeeting:
    """Rows of ones, twos, ..., of the tasks that are named."""

    def __init__(self, tasks: List[str]) -> None:
        self.tasks = tasks
        self.given: List[Combined] = []

    def rows(self, d_views: Any) -> Rows:
        values = numpy.outer(numpy.arange(1, 1 + len(self.tasks)), numpy.ones(4)).astype("float32")
        return Rows(self.tasks, values, values * 10)

    def give(self, combined: Combined) -> None:
        self.given.append(combined)


ANSWERS = Answers(
    d_views={"tagger": [], "silent": [], "stock": []},
    losses={"tagger": 0.5, "silent": 7.0, "stock": 2.0},
    units={"tagger": 12, "silent": 3},
)


def test_what_a_step_reports() -> None:
    meeting = FakeMeeting(["tagger", "stock"])
    recording = Recording(True)
    weighting = as_weighting(recording)
    report = close(ANSWERS, meeting, weighting, {"scheme": 0.25})
    assert report is not None
    # Those that the meeting has rows of, in its order. The stock component tells no units.
    assert list(report.losses.items()) == [("tagger", 0.5), ("stock", 2.0)]
    assert report.units == {"tagger": 12}
    assert report.weights == {"tagger": 1.0, "stock": 1.0}
    assert report.auxiliary == {"scheme": 0.25}
    # What the log looks at is always at the representation; what is weighed is where they meet.
    assert report.rows.tolist() == [[10.0] * 4, [20.0] * 4]
    assert recording.losses == [report.losses]
    assert [row.tolist() for row in recording.rows[0].values()] == [[1.0] * 4, [2.0] * 4]
    (combined,) = meeting.given
    assert combined.gradient.tolist() == [3.0] * 4


def test_nothing_is_weighed_without_a_row() -> None:
    meeting, recording = FakeMeeting([]), Recording(True)
    found = close(ANSWERS, meeting, as_weighting(recording), {})
    assert found is None
    assert meeting.given == recording.losses == []


def test_reports_are_frozen() -> None:
    report = close(ANSWERS, FakeMeeting(["tagger"]), as_weighting(Recording(True)), {})
    with pytest.raises(FrozenInstanceError):
        report.losses = {}


def test_what_a_step_of_a_pipeline_reports(make_nlp: Callable) -> None:
    nlp = make_nlp(encoder=None, weighting=constant(**WEIGHTS))
    reports: List[Any] = []
    nlp.get_pipe("mtl").observers.subscribe(reports.append)
    losses = nlp.update(make_examples(nlp), sgd=False)
    (report,) = reports
    n_tokens = sum(len(eg.reference) for eg in make_examples(nlp))
    assert report.losses == pytest.approx({task: losses[task] for task in HEADS})
    assert report.units == {"tagger": n_tokens, "ner": n_tokens, "textcat": 4}
    assert report.weights == WEIGHTS
    assert report.auxiliary == {}
    assert report.rows.shape == (3, n_tokens * nlp.get_pipe("mtl").model.get_dim("nO"))
    # Each row is that of its task, before it is weighed.
    rows = dict(zip(report.losses, report.rows))
    for task, kind in {"tagger": "tag", "ner": "ents", "textcat": "cats"}.items():
        nlp.update(make_examples(nlp, kind), sgd=False)
        assert list(reports[-1].losses) == [task]
        assert numpy.allclose(reports[-1].rows[0], rows[task], rtol=1e-4, atol=1e-7)
