"""Evaluations: what they contain, as JSON and as text."""

import json
from typing import Any, Iterator

import pytest
import spacy
from evaluated import STYLE, examples_of
from several_heads import build
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span, Token
from spacy.training import Example

from spacy_mtl.evaluation.as_json import evaluation_json
from spacy_mtl.evaluation.evaluation import Evaluation, annotate, evaluate
from spacy_mtl.evaluation.text import evaluation_text


@pytest.fixture(scope="module")
def nlp() -> Iterator[Language]:
    Token.set_extension(STYLE, default=None, force=True)
    heads: Any = {
        "tagger": ("mtl_tagger", {}),
        "ner": ("mtl_ner", {}),
        "textcat": ("mtl_textcat", {"prefix": "one:"}),
        "multi": ("mtl_textcat_multilabel", {"prefix": "two:"}),
        "events": ("mtl_ner", {"spans_key": "other"}),
    }
    nlp = build(**heads)
    nlp.config["initialize"]["components"] = {"events": {"labels": ["X"]}}
    nlp.initialize(lambda: examples_of(nlp, prefixes=["one:", "two:"]))
    yield nlp
    Token.remove_extension(STYLE)


@pytest.fixture(scope="module")
def evaluation(nlp: Language) -> Evaluation:
    return evaluate(nlp, examples_of(nlp, prefixes=["one:", "two:"]), n_samples=200)


def test_scores_and_labels_are_those_of_spacy(nlp: Language, evaluation: Evaluation) -> None:
    expected = Scorer(nlp).score(examples_of(nlp, prefixes=["one:", "two:"]))
    assert list(evaluation.tasks) == ["tagger", "ner", "textcat", "multi"]
    assert evaluation.unannotated == ["events"]
    for task in evaluation.tasks.values():
        (score,) = task.scores
        assert score.score == task.score == pytest.approx(expected[score.key])
        assert task.interval is not None
        assert task.interval.low < task.score < task.interval.high
        assert task.n_documents == 9
    per_type = expected["ents_per_type"]
    for each in evaluation.tasks["ner"].scores[0].labels:
        shares = {"p": each.precision, "r": each.recall, "f": each.f_score}
        assert shares == pytest.approx(per_type[each.label])
        assert each.interval is not None
        assert each.interval.low <= per_type[each.label]["f"] <= each.interval.high
    for name in ("textcat", "multi"):
        per_type = expected[f"{name}_cats_f_per_type"]
        labels = evaluation.tasks[name].scores[0].labels
        assert {each.label: each.f_score for each in labels} == pytest.approx(
            {label: found["f"] for label, found in per_type.items()}
        )


def test_explanations(evaluation: Evaluation) -> None:
    scores = {name: task.scores[0] for name, task in evaluation.tasks.items()}
    for name in ("tagger", "textcat"):
        confusion = scores[name].confusion
        assert confusion is not None
        n_right = sum(each.right for each in scores[name].labels)
        diagonal = [counts[i] for i, counts in enumerate(confusion.counts)]
        assert sum(diagonal) == n_right
    assert scores["multi"].confusion is None
    errors = scores["ner"].errors
    assert errors is not None
    n_gold_wrong = sum(n for kind, n in errors.counts.items() if kind != "made up")
    assert n_gold_wrong == sum(each.missed for each in scores["ner"].labels)
    assert {error.kind for error in errors.listed} == {k for k, n in errors.counts.items() if n}
    assert scores["tagger"].errors is None


def test_json(evaluation: Evaluation) -> None:
    data = evaluation_json(evaluation)
    assert json.loads(json.dumps(data, allow_nan=False)) == json.loads(json.dumps(data))
    assert data["documents"] == 12
    assert data["tasks"]["ner"]["documents"] == 9
    (score,) = data["tasks"]["ner"]["scores"]
    assert score["key"] == "ents_f"
    assert set(score["interval"]) == {"low", "high"}
    assert score["errors"]["listed"][0]["gold"].keys() == {"text", "label"}
    assert data["tasks"]["textcat"]["scores"][0]["confusion"]["rows"] == ("one:a", "one:b")


def test_text(evaluation: Evaluation) -> None:
    lines = [" ".join(line.split()) for line in evaluation_text(evaluation).splitlines()]
    ner = evaluation.tasks["ner"]
    assert ner.interval is not None
    interval = f"{100 * ner.interval.low:.1f} to {100 * ner.interval.high:.1f}"
    assert f"ner ents_f 9 {100 * ner.score:.2f} {interval}" in lines
    assert "Not annotated in this corpus: events" in lines
    assert "Most frequent confusions" in lines
    assert any(line.startswith("wrong type: ") for line in lines)


def test_same_seed_same_intervals(nlp: Language, evaluation: Evaluation) -> None:
    examples = examples_of(nlp, prefixes=["one:", "two:"])
    assert evaluation_json(evaluate(nlp, examples, n_samples=200)) == evaluation_json(evaluation)
    other = evaluate(nlp, examples, n_samples=200, seed=1)
    assert other.tasks["ner"].score == evaluation.tasks["ner"].score
    assert other.tasks["ner"].interval != evaluation.tasks["ner"].interval


def test_texts_cannot_control_the_terminal() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("ner").add_label("\x1b[31mPER")
    nlp.initialize()
    gold, bare = (Doc(nlp.vocab, words=["Bo\x1b[2J", "\n", "x"]) for _ in range(2))
    gold.set_ents([Span(gold, 0, 1, "\x1b[31mPER")], default="outside")
    text = evaluation_text(evaluate(nlp, [Example(bare, gold)], n_samples=2))
    assert "PER" in text
    assert "\x1b" not in text


def test_annotating_keeps_gold_and_shows_progress(nlp: Language) -> None:
    examples = [Example(nlp.make_doc("Anna runs"), nlp.make_doc("Anna runs"))]
    seen = []

    def progress(examples: Any) -> Any:
        for eg in examples:
            seen.append(eg)
            yield eg

    (found,) = annotate(nlp, examples, progress)
    assert seen == examples
    assert found.predicted.cats
    assert not found.reference.cats


def test_scores_without_annotation_are_left_out() -> None:
    """Such as the morphology of a corpus that only has parts of speech."""
    nlp = spacy.blank("en")
    nlp.add_pipe("morphologizer")
    gold = Doc(nlp.vocab, words=["Anna", "runs"], pos=["PROPN", "VERB"])
    nlp.initialize(lambda: [Example(nlp.make_doc(gold.text), gold)])
    found = evaluate(nlp, annotate(nlp, [Example(nlp.make_doc(gold.text), gold)]), n_samples=2)
    assert [score.key for score in found.tasks["morphologizer"].scores] == ["pos_acc"]
    json.dumps(evaluation_json(found), allow_nan=False)


def test_documents_without_annotation_do_not_count() -> None:
    """To spaCy's component for categories, all of its predictions there are wrong."""
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat")
    examples = [eg for eg in examples_of(nlp) if eg.reference.cats]
    nlp.initialize(lambda: examples)
    bare = [Example(eg.predicted, nlp.make_doc(eg.reference.text)) for eg in examples]
    alone, together = (evaluate(nlp, each, n_samples=50) for each in (examples, examples + bare))
    one, other = alone.tasks["textcat"], together.tasks["textcat"]
    assert other.score == one.score
    assert other.n_documents == one.n_documents
    for a, b in zip(one.scores[0].labels, other.scores[0].labels):
        assert (a.right, a.made_up, a.missed) == (b.right, b.made_up, b.missed)


def test_sentences_are_no_entities() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("senter")
    starts = [True, False, True, False]
    gold = Doc(nlp.vocab, words=["a", "b", "c", "d"], sent_starts=starts)
    nlp.initialize(lambda: [Example(Doc(nlp.vocab, words=["a"]), Doc(nlp.vocab, words=["a"]))])
    found = Doc(nlp.vocab, words=["a", "b", "c", "d"], sent_starts=[True, True, True, False])
    evaluation = evaluate(nlp, [Example(found, gold)], n_samples=10)
    scores = {score.key: score for score in evaluation.tasks["senter"].scores}
    assert scores["sents_f"].score == pytest.approx(0.4)
    assert scores["sents_f"].errors is None
