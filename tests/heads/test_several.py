"""Several heads of a kind in one pipeline: what each sets, reads and scores."""

import warnings
from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from thinc.api import Adam, fix_random_seed
from tiny import add_joint

from spacy_mtl.tasks.scores import check_outputs

WORDS = ["Anna", "flies", "to", "Rome", "."]


def gold(nlp: Language, i: int) -> Doc:
    words = [*WORDS, f"w{i % 2}"]
    doc = Doc(nlp.vocab, words=words, tags=["NNP", "VBZ", "IN", "NNP", ".", "X"])
    for token, pos in zip(doc, ["PROPN", "VERB", "ADP", "PROPN", "PUNCT", "X"]):
        token.pos_ = pos
    doc.set_ents([Span(doc, 3, 4, label="LOC")], default="outside")
    doc.spans["events"] = SpanGroup(doc, spans=[Span(doc, 1, 4, label="TRIP")])
    doc.cats = {"topic:air": float(i % 2), "topic:sea": float(1 - i % 2)}
    doc.cats.update({"mood:good": float(1 - i % 2), "mood:bad": float(i % 2)})
    return doc


def examples_of(nlp: Language) -> List[Example]:
    docs = [gold(nlp, i) for i in range(4)]
    return [Example(nlp.make_doc(doc.text), doc) for doc in docs]


def build(**heads: Any) -> Language:
    """Heads by name: a factory, and its settings."""
    nlp = spacy.blank("en")
    fix_random_seed(0)
    add_joint(nlp, None)
    for name, (factory, settings) in heads.items():
        nlp.add_pipe(factory, name=name, config=settings)
    return nlp


def learned(nlp: Language) -> Language:
    nlp.initialize(lambda: examples_of(nlp))
    sgd = Adam(0.01)
    for _ in range(60):
        nlp.update(examples_of(nlp), sgd=sgd)
    return nlp


def test_categories_with_prefixes(tmp_path: Path) -> None:
    """Each learns, sets and scores its own labels, also when it was saved."""
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
    """One that overlaps another, or begins inside a token, is left out, and that is said."""
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
    with pytest.warns(UserWarning, match="'to Rome' .*tokens of this pipeline"):
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


def test_an_attribute_of_ones_own(tmp_path: Path) -> None:
    """A custom extension: set by name, made where it is missing."""
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


@pytest.mark.parametrize(
    "heads, message",
    [
        (
            {"one": ("mtl_textcat", {"prefix": "topic:"}), "two": ("mtl_textcat", {})},
            "'one' and 'two' both set \"?'?doc.cats.*'prefix'",
        ),
        ({"one": ("mtl_ner", {}), "two": ("mtl_ner", {})}, "'one' and 'two' both set .*doc.ents"),
        (
            {name: ("mtl_ner", {"spans_key": "events"}) for name in ("one", "two")},
            "heads 'one' and 'two' both set .*doc.spans.*another.* 'spans_key'",
        ),
        (
            {"one": ("mtl_tagger", {}), "two": ("mtl_tagger", {})},
            "both set 'token.tag'.*another 'attribute'",
        ),
        (
            {
                "one": ("mtl_textcat", {"prefix": "topic:", "score_prefix": "x"}),
                "two": ("mtl_textcat", {"prefix": "mood:", "score_prefix": "x"}),
            },
            "both report 'x_cats_.*'score_prefix' in .components.one",
        ),
    ],
)
def test_two_heads_with_one_key(heads: Dict[str, Any], message: str) -> None:
    nlp = build(**heads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with pytest.raises(ValueError, match=message):
            _check(nlp)


def _check(nlp: Language) -> None:
    nlp.initialize(lambda: _exclusive(nlp))
    check_outputs(nlp)


def _exclusive(nlp: Language) -> List[Example]:
    found = examples_of(nlp)
    for eg in found:
        eg.reference.cats = {k: v for k, v in eg.reference.cats.items() if k[0] == "t"} | {
            "mood:bad": 0.0,
            "mood:good": 0.0,
        }
    return found


def test_weights_that_a_user_has_set_stay() -> None:
    nlp = build(
        topic=("mtl_textcat", {"prefix": "topic:"}), mood=("mtl_textcat", {"prefix": "mood:"})
    )
    nlp.config["training"]["score_weights"] = {"topic_cats_score": 1.0}
    nlp.initialize(lambda: examples_of(nlp))
    weights = nlp.config["training"]["score_weights"]
    assert weights["topic_cats_score"] > 0
    assert not weights.get("mood_cats_score")


@pytest.mark.parametrize("given", [{}, {"cats_score": 0.5, "tag_acc": 0.5}])
def test_weight_of_a_key_that_is_split(given: Dict[str, float]) -> None:
    """What was for spaCy's key is for those that are reported instead, in equal parts."""
    heads: Any = {name: ("mtl_textcat", {"prefix": f"{name}:"}) for name in ("topic", "mood")}
    nlp = build(tagger=("mtl_tagger", {}), **heads)
    nlp.config["training"]["score_weights"] = given
    nlp.initialize(lambda: examples_of(nlp))
    weights = nlp.config["training"]["score_weights"]
    assert weights["topic_cats_score"] == weights["mood_cats_score"] > 0.2
    assert not weights["cats_score"]
    assert weights["tag_acc"] > 0.3


def test_weight_of_a_key_that_nobody_reports() -> None:
    nlp = build(topic=("mtl_textcat", {"prefix": "topic:", "score_prefix": "topic"}))
    nlp.config["training"]["score_weights"] = {"topc_cats_score": 1.0}
    with pytest.warns(UserWarning, match="'topc_cats_score'.*Did you mean 'topic_cats_score'"):
        nlp.initialize(lambda: examples_of(nlp))


def test_beside_a_stock_component_of_the_kind() -> None:
    """The stock one keeps spaCy's keys."""
    nlp = build(topic=("mtl_textcat", {"prefix": "topic:"}), stock=("textcat_multilabel", {}))
    nlp.initialize(lambda: examples_of(nlp))
    scores = nlp.evaluate(examples_of(nlp))
    assert scores["topic_cats_score"] is not None
    assert scores["cats_score"] is not None


def test_two_heads_that_set_the_same_are_told_of() -> None:
    """Also without the reader that refuses them."""
    nlp = build(one=("mtl_tagger", {}), two=("mtl_tagger", {}))
    with pytest.warns(UserWarning, match="'two' and 'one' both set 'token.tag'"):
        nlp.initialize(lambda: examples_of(nlp))
