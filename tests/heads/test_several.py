"""Several heads of one kind in a pipeline: each learns, sets and scores only its own annotation."""

from pathlib import Path
from typing import Any, List

import pytest
import spacy
from several_heads import build, examples_of, gold, learned
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Adam


def test_categories_with_prefixes(tmp_path: Path) -> None:
    """Each learns, sets and scores its own labels, also after saving."""
    nlp = build(
        topic=("mtl_textcat", {"prefix": "topic:"}),
        mood=("mtl_textcat_multilabel", {"prefix": "mood:"}),
    )
    learned(nlp)
    assert nlp.get_pipe("topic").labels == ("topic:air", "topic:sea")
    assert nlp.get_pipe("mood").labels == ("mood:good", "mood:bad")
    nlp.to_disk(tmp_path)
    for pipeline in (nlp, spacy.load(tmp_path)):
        scores = pipeline.evaluate(examples_of(pipeline))
        assert scores["topic_cats_score"] == 1.0
        assert scores["mood_cats_micro_f"] == 1.0
        assert "cats_score" not in scores
        doc = pipeline(gold(pipeline, 1).text)
        assert set(doc.cats) == {"topic:air", "topic:sea", "mood:good", "mood:bad"}
        assert doc.cats["topic:air"] + doc.cats["topic:sea"] == pytest.approx(1.0)


def test_entities_and_spans() -> None:
    nlp = build(ner=("mtl_ner", {}), events=("mtl_ner", {"spans_key": "events"}))
    learned(nlp)
    assert nlp.get_pipe("events").labels == ("TRIP",)
    scores = nlp.evaluate(examples_of(nlp))
    assert scores["ents_f"] == 1.0
    assert scores["spans_events_f"] == 1.0
    assert scores["spans_events_per_type"]["TRIP"]["f"] == 1.0
    doc = nlp(gold(nlp, 0).text)
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Rome", "LOC")]
    assert [(span.text, span.label_) for span in doc.spans["events"]] == [("flies to Rome", "TRIP")]


def test_documents_without_the_key_of_the_spans_are_not_annotated() -> None:
    nlp = build(events=("mtl_ner", {"spans_key": "events"}))
    nlp.initialize(lambda: examples_of(nlp))
    head = nlp.get_pipe("events")
    plain = examples_of(nlp)
    for eg in plain:
        del eg.reference.spans["events"]
    assert nlp.update(plain, sgd=False)["events"] == 0
    assert nlp.evaluate(plain)["spans_events_f"] is None
    none = examples_of(nlp)
    for eg in none:
        eg.reference.spans["events"] = []
    assert nlp.update(none, sgd=False)["events"] > 0
    assert head.labels == ("TRIP",)


def test_spans_that_do_not_fit() -> None:
    """A span that overlaps another or starts inside a token is left out with a warning."""
    nlp = build(events=("mtl_ner", {"spans_key": "events"}))
    nlp.initialize(lambda: examples_of(nlp))
    (eg, *_) = examples_of(nlp)
    eg.reference.spans["events"].append(Span(eg.reference, 3, 5, label="TRIP"))
    with pytest.warns(UserWarning, match="'Rome .' .*overlaps another"):
        nlp.update([eg], sgd=False)
    coarse = Doc(nlp.vocab, words=["Anna", "flies to", "Rome", ".", "w0"])
    other = Example(coarse, gold(nlp, 0))
    other.reference.spans["events"] = [Span(other.reference, 2, 4, label="TRIP")]
    head = nlp.get_pipe("events")
    head._warned.clear()
    with pytest.warns(UserWarning, match="'to Rome' .*token boundaries of this pipeline"):
        head.get_loss([other], [nlp.vocab and _zeros(head, 5)])


def _zeros(head: Any, n_tokens: int) -> Any:
    return head.model.ops.alloc2f(n_tokens, len(head.classes()))


def test_two_attributes() -> None:
    nlp = build(fine=("mtl_tagger", {}), coarse=("mtl_tagger", {"attribute": "pos"}))
    learned(nlp)
    scores = nlp.evaluate(examples_of(nlp))
    assert scores["tag_acc"] == 1.0
    assert scores["pos_acc"] == 1.0
    weights = nlp.config["training"]["score_weights"]
    assert weights["tag_acc"] == weights["pos_acc"] == 0.5


def test_custom_attribute(tmp_path: Path) -> None:
    """A custom extension is set by name and created if missing."""
    from spacy.tokens import Token

    nlp = build(style=("mtl_tagger", {"attribute": "_.style"}), tagger=("mtl_tagger", {}))

    def examples() -> List[Example]:
        found = examples_of(nlp)
        for eg in found:
            for token, style in zip(eg.reference, ["name", "verb", "", "name", "", "end"]):
                token._.style = style or None
        return found

    nlp.initialize(examples)
    sgd = Adam(0.01)
    for _ in range(60):
        nlp.update(examples(), sgd=sgd)
    assert nlp.get_pipe("style").labels == ("name", "verb", "end")
    scores = nlp.evaluate(examples())
    assert scores["style_acc"] == 1.0
    assert scores["tag_acc"] == 1.0
    nlp.to_disk(tmp_path)
    Token.remove_extension("style")
    doc = spacy.load(tmp_path)(gold(nlp, 0).text)
    assert doc[0]._.style == "name"
