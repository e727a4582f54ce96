"""The monitor's means against values computed by hand."""

import math
from typing import Any, Dict, List

import numpy
import pytest
from spacy.language import Language
from thinc.types import Floats2d
from tiny_corpus import make_examples
from tiny_pipelines import constant

from spacy_mtl.report.monitor import AuxiliaryMeans, PairMeans, Reading, StepMonitor, TaskMeans
from spacy_mtl.types import StepReport


def rows(*values: List[float], dtype: str = "float32") -> Floats2d:
    array: Any = numpy.asarray(values, dtype=dtype)
    return array


def read_one(*values: List[float], dtype: str = "float32") -> Reading:
    """Read the means of a single step with these gradients."""
    monitor = StepMonitor()
    tasks = "abcd"[: len(values)]
    monitor.record(dict.fromkeys(tasks, 1.0), rows(*values, dtype=dtype), dict.fromkeys(tasks, 1.0))
    return monitor.read()


def test_means_by_hand() -> None:
    monitor = StepMonitor()
    monitor.record({"a": 1.0, "b": 2.0}, rows([3, 4, 0], [0, 2, 0]), {"a": 0.5, "b": 1.0})
    monitor.record({"a": 2.0, "b": 6.0}, rows([0, 0, 1], [0, 0, -4]), {"a": 1.5, "b": 1.0})
    reading = monitor.read()
    assert reading.n_steps == 2
    assert reading.tasks == {
        "a": TaskMeans(n_steps=2, loss=1.5, weight=1.0, norm=3.0),
        "b": TaskMeans(n_steps=2, loss=4.0, weight=1.0, norm=3.0),
    }
    pair = reading.pairs["a", "b"]
    assert pair.n_steps == 2
    assert pair.cosine == pytest.approx((0.8 - 1.0) / 2)


def test_reading_resets() -> None:
    monitor = StepMonitor()
    assert monitor.read() == Reading(0, {}, {})
    monitor.record({"a": 1.0}, rows([1.0]), {"a": 1.0})
    first = monitor.read()
    assert monitor.read() == Reading(0, {}, {})
    monitor.record({"a": 5.0}, rows([1.0]), {"a": 1.0})
    assert monitor.read().tasks["a"].loss == 5.0
    assert first.tasks["a"].loss == 1.0


def test_auxiliary_losses() -> None:
    """Means over the steps that had them, which the state keeps."""
    monitor, other = StepMonitor(), StepMonitor()
    for auxiliary in ({"balance": 1.0}, {"balance": 2.0, "size": 5.0}, {}):
        monitor(StepReport({"a": 1.0}, {}, {"a": 1.0}, auxiliary, rows([1.0])))
    other.set_state(monitor.get_state())
    expected = {"balance": AuxiliaryMeans(2, 1.5), "size": AuxiliaryMeans(1, 5.0)}
    for each in (monitor, other):
        reading = each.read()
        assert (reading.n_steps, reading.auxiliary) == (3, expected)
        assert each.read().auxiliary == {}


def test_batches_of_corpora() -> None:
    """Mixed batches count by their shares; the state keeps the numbers."""
    monitor, other = StepMonitor(), StepMonitor()
    for corpora in ({"gum": 1.0}, {"gum": 0.25, "snips": 0.75}, {}):
        monitor(StepReport({"a": 1.0}, {}, {"a": 1.0}, {}, rows([1.0]), corpora))
    other.set_state(monitor.get_state())
    for each in (monitor, other):
        assert each.read().corpora == {"gum": 1.25, "snips": 0.75}
        assert each.read().corpora == {}


def test_absent_tasks_do_not_count() -> None:
    monitor = StepMonitor()
    monitor.record({"a": 2.0, "c": 4.0}, rows([3, 4], [4, 3]), {"a": 1.0, "c": 2.0})
    monitor.record({"b": 7.0}, rows([0, 2]), {"b": 3.0})
    reading = monitor.read()
    assert reading.n_steps == 2
    assert reading.tasks == {
        "a": TaskMeans(1, 2.0, 1.0, 5.0),
        "c": TaskMeans(1, 4.0, 2.0, 5.0),
        "b": TaskMeans(1, 7.0, 3.0, 2.0),
    }
    assert set(reading.pairs) == {("a", "c")}
    assert reading.pairs["a", "c"].cosine == pytest.approx(24 / 25)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e-30, 1e-5, 1.0, 1e20, 1e30])
def test_scales(scale: float, dtype: str) -> None:
    """Neither squares nor products of norms overflow or underflow."""
    reading = read_one([3 * scale, 4 * scale], [0.0, scale], [0.0, 1e-30], dtype=dtype)
    assert reading.tasks["a"].norm == pytest.approx(5 * scale, rel=1e-6)
    assert reading.tasks["b"].norm == pytest.approx(scale, rel=1e-6)
    assert reading.pairs["a", "b"].cosine == pytest.approx(0.8, rel=1e-6)
    assert reading.pairs["a", "c"].cosine == pytest.approx(0.8, rel=1e-6)


def test_long_rows_are_summed_accurately() -> None:
    gradients = numpy.full((2, 200_000), 0.1, dtype="float32")
    gradients[1] *= -1
    reading = read_one(*gradients)
    assert reading.tasks["a"].norm == pytest.approx(float(gradients[0, 0]) * math.sqrt(200_000))
    assert reading.pairs["a", "b"].cosine == pytest.approx(-1.0, abs=1e-12)
    assert reading.pairs["a", "b"].cosine >= -1.0


def test_zero_row_has_a_norm_but_no_cosine() -> None:
    monitor = StepMonitor()
    for last in ([0, 0], [1, 0]):
        losses = {"a": 1.0, "b": 1.0}
        monitor.record(losses, rows([1, 0], last), {"a": 1.0, "b": 1.0})
    reading = monitor.read()
    assert reading.tasks["b"] == TaskMeans(2, 1.0, 1.0, 0.5)
    assert reading.pairs == {("a", "b"): PairMeans(1, 1.0)}


def test_values_that_are_not_finite_are_reported() -> None:
    reading = read_one([math.inf, 0], [1, 1], [math.nan, 0], [1, 0])
    assert reading.tasks["a"].norm == math.inf
    assert math.isnan(reading.tasks["c"].norm)
    assert math.isnan(reading.pairs["a", "b"].cosine)
    assert reading.pairs["b", "d"].cosine == pytest.approx(math.sqrt(0.5))


def test_recorded_values_are_not_changed() -> None:
    gradients = rows([3, 4], [0, 1])
    losses, weights = {"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 2.0}
    StepMonitor().record(losses, gradients, weights)
    assert gradients.tolist() == [[3, 4], [0, 1]]
    assert losses == weights == {"a": 1.0, "b": 2.0}


@pytest.mark.gpu
def test_figures_on_a_gpu_equal_those_on_a_cpu() -> None:
    cupy = pytest.importorskip("cupy")
    gradients = numpy.random.default_rng(0).normal(size=(3, 1000)).astype("float32")
    losses, weights = {"a": 1.0, "b": 2.0, "c": 3.0}, dict.fromkeys("abc", 1.0)
    readings = []
    for array in (gradients, cupy.asarray(gradients)):
        monitor = StepMonitor()
        monitor.record(losses, array, weights)
        readings.append(monitor.read())
    for task, means in readings[0].tasks.items():
        assert readings[1].tasks[task].norm == pytest.approx(means.norm)
    for pair, cosine in readings[0].pairs.items():
        assert readings[1].pairs[pair].cosine == pytest.approx(cosine.cosine)


def test_component_reports_its_steps(make_nlp: Any) -> None:
    """The figures of two steps, one of them with a single task."""
    nlp: Language = make_nlp(["tagger", "ner"], weighting=constant(tagger=0.5, ner=2.0))
    monitor = nlp.get_pipe("mtl").monitor = StepMonitor()
    losses: Dict[str, float] = {}
    nlp.update(make_examples(nlp), sgd=False, losses=losses)
    first = dict(losses)
    nlp.update(make_examples(nlp, "tag"), sgd=False, losses=losses)
    reading = monitor.read()
    assert reading.n_steps == 2
    assert {task: means.n_steps for task, means in reading.tasks.items()} == {"tagger": 2, "ner": 1}
    assert reading.tasks["tagger"].weight == 0.5
    assert reading.tasks["ner"].weight == 2.0
    assert reading.tasks["tagger"].loss == pytest.approx(losses["tagger"] / 2)
    assert reading.tasks["ner"].loss == pytest.approx(first["ner"])
    assert losses["mtl"] == pytest.approx(0.5 * losses["tagger"] + 2.0 * first["ner"])
    assert reading.tasks["ner"].norm > 0
    assert reading.pairs["tagger", "ner"].n_steps == 1
    assert -1 < reading.pairs["tagger", "ner"].cosine < 1
