"""The probabilities of entities against every possible sequence."""

from time import process_time

import numpy
import pytest
from legal_sequences import KINDS, N_CLASSES, all_segments, draw_transitions, search_segments

from spacy_mtl.heads.biluo import segments_of
from spacy_mtl.heads.crf import legal_transitions, token_marginals
from spacy_mtl.heads.marginals import Marginals, segment_marginals
from spacy_mtl.heads.viterbi import decode_biluo

both_kinds = pytest.mark.parametrize("kind", KINDS)


@both_kinds
@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-9), ("float32", 1e-5)])
@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_every_entity_of_every_length(
    kind: str, dtype: str, tolerance: float, scale: float
) -> None:
    """In one batch with empty documents."""
    rng = numpy.random.default_rng(0)
    transitions = draw_transitions(rng, kind)
    lengths = [3, 0, 6, 1, 5, 0, 2, 4]
    scores = (rng.normal(size=(sum(lengths), N_CLASSES)) * scale).astype(dtype)
    if transitions is not None:
        transitions = transitions.astype(dtype)
    marginals = Marginals(scores, lengths, transitions)
    logs = marginals.log_partitions()
    start = 0
    for i, length in enumerate(lengths):
        if not length:
            assert logs[i] == 0.0
            continue
        expected, log_z = search_segments(scores[start : start + length], transitions)
        segments = all_segments(length)
        found = marginals.of_segments(
            segments[:, 0] + start, segments[:, 1] + start, segments[:, 2]
        )
        assert len(expected) == len(segments)
        wanted = [expected[tuple(each)] for each in segments.tolist()]
        assert found == pytest.approx(wanted, rel=0, abs=tolerance)
        assert logs[i] == pytest.approx(log_z, abs=tolerance)
        start += length


@both_kinds
def test_they_sum_to_one(kind: str) -> None:
    """The entities that cover a token, and O."""
    rng = numpy.random.default_rng(1)
    n_types, length = 3, 12
    transitions = draw_transitions(rng, kind, n_types)
    scores = rng.normal(size=(length, 1 + 4 * n_types))
    segments = all_segments(length, n_types)
    found = segment_marginals(scores, [length], *segments.T, transitions)
    everything = transitions
    if everything is None:
        everything = numpy.where(legal_transitions(n_types), 0.0, -numpy.inf)
    covered = token_marginals(scores, [length], everything)[:, 0]
    for (start, end, _), probability in zip(segments.tolist(), found):
        covered[start:end] += probability
    assert covered == pytest.approx(numpy.ones(length), abs=1e-12)


@both_kinds
def test_not_a_product_of_tokens(kind: str) -> None:
    """Where two analyses of the whole text compete, an entity is as probable as its analysis."""
    transitions = numpy.where(legal_transitions(2), 0.0, -numpy.inf) if kind == "CRF" else None
    scores = numpy.full((3, N_CLASSES), -40.0)
    scores[0, [1, 5]], scores[1, [2, 6]], scores[2, [3, 7]] = 0.0, 0.0, 0.0
    found = segment_marginals(scores, [3], *numpy.asarray([[0, 3, 0], [0, 3, 1]]).T, transitions)
    assert found == pytest.approx([0.5, 0.5], abs=1e-12)


@both_kinds
def test_labels_that_are_masked(kind: str) -> None:
    """A forbidden class is impossible, and the others share its probability."""
    rng = numpy.random.default_rng(2)
    transitions = draw_transitions(rng, kind)
    scores = rng.normal(size=(5, N_CLASSES))
    scores[:, 1:5] = -numpy.inf  # all of the first type
    scores[2, [5, 7, 8]] = -numpy.inf  # whitespace
    expected, _ = search_segments(scores, transitions)
    segments = all_segments(5)
    found = segment_marginals(scores, [5], *segments.T, transitions)
    wanted = [expected[tuple(each)] for each in segments.tolist()]
    assert found == pytest.approx(wanted, abs=1e-12)
    assert not found[segments[:, 2] == 0].any()
    assert found.max() > 0.01


@both_kinds
@pytest.mark.parametrize("size", [1e3, 1e5, 1e30])
def test_scores_far_apart(kind: str, size: float) -> None:
    """Also where no score of a token is near that of the best sequence."""
    rng = numpy.random.default_rng(3)
    transitions = draw_transitions(rng, kind)
    for favored in (0, 1, 2, 3, 4):
        scores = rng.normal(size=(40, N_CLASSES))
        scores[:, favored] = size
        scores[10:20, [1, 3, 4, 5, 7, 8]] = -numpy.inf
        segments = all_segments(40)
        marginals = Marginals(scores, [40], transitions)
        found = marginals.of_segments(*segments.T)
        assert numpy.isfinite(found).all()
        assert found.min() >= 0.0
        assert found.max() <= 1.0
        assert numpy.isfinite(marginals.log_partitions()).all()
    # A sure entity is sure.
    scores = numpy.zeros((3, N_CLASSES))
    scores[0, 1] = scores[1, 2] = scores[2, 3] = size
    assert segment_marginals(scores, [3], *numpy.asarray([[0, 3, 0]]).T, transitions) == 1.0


@both_kinds
@pytest.mark.parametrize("n_tokens", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_long_document(kind: str, n_tokens: int) -> None:
    """Like its beginning and end in shorter texts; as fast per token."""
    rng = numpy.random.default_rng(4)
    transitions = draw_transitions(rng, kind)
    scores = (rng.normal(size=(n_tokens, N_CLASSES)) * 3).astype("float32")
    starts, ends, types = segments_of(decode_biluo(scores, [n_tokens]))
    began = process_time()
    found = segment_marginals(scores, [n_tokens], starts, ends, types, transitions)
    assert process_time() - began < 60
    assert numpy.isfinite(found).all()
    assert 0.0 <= found.min() < 0.1 < 0.9 < found.max() <= 1.0
    near = ends <= 300
    short = segment_marginals(
        scores[:400], [400], starts[near], ends[near], types[near], transitions
    )
    assert found[near] == pytest.approx(short, abs=1e-12)
    offset = n_tokens - 400
    near = starts >= n_tokens - 300
    short = segment_marginals(
        scores[offset:], [400], starts[near] - offset, ends[near] - offset, types[near], transitions
    )
    assert found[near] == pytest.approx(short, abs=1e-12)


@both_kinds
def test_nothing(kind: str) -> None:
    rng = numpy.random.default_rng(5)
    transitions = draw_transitions(rng, kind)
    none = numpy.zeros(0, dtype="int64")
    for n_tokens, lengths in ((0, []), (0, [0, 0]), (2, [0, 2])):
        marginals = Marginals(numpy.zeros((n_tokens, N_CLASSES)), lengths, transitions)
        assert marginals.of_segments(none, none, none).shape == (0,)
        assert marginals.log_partitions().shape == (len(lengths),)
