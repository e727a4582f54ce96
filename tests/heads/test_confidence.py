"""Where confidences are kept: they survive saving and workers, and heads don't mix theirs."""

import pickle
from typing import Any, Callable, Dict, Iterator, List

import pytest
import spacy
from several_heads import build, examples_of, gold
from spacy.tokens import Doc, DocBin, Span, Token
from spacy.tokens.underscore import Underscore
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_mtl.heads.confidence import n_best_name, register_span_confidence, set_span_confidences

ON = {"confidence": True, "n_best": 2}


@pytest.fixture(autouse=True)
def only_own_extensions() -> Iterator[None]:
    """Start without any, as in a new process."""
    before = Underscore.get_state()
    Underscore.load_state(({}, {}, {}))
    yield
    Underscore.load_state(before)


def build_all() -> Any:
    """Heads of each kind, untrained: they find entities in most texts."""
    fix_random_seed(1)
    nlp = build(
        ner=("mtl_ner", ON),
        events=("mtl_ner", {**ON, "spans_key": "events"}),
        tagger=("mtl_tagger", ON),
    )
    nlp.initialize(lambda: examples_of(nlp))
    return nlp


def kept(doc: Doc) -> Dict[str, Any]:
    """All that the heads know of their sureness."""
    return {
        "ents": [(str(ent), ent._.confidence) for ent in doc.ents],
        "spans": [(str(span), span._.confidence) for span in doc.spans["events"]],
        "scores": doc.spans["events"].attrs["scores"].tolist(),
        "tags": [token._.tag_confidence for token in doc],
        "best": [doc._.ner_n_best, doc._.events_n_best, doc._.tagger_n_best],
    }


def by_bytes(doc: Doc) -> Doc:
    return Doc(doc.vocab).from_bytes(doc.to_bytes())


def by_doc_bin(doc: Doc) -> Doc:
    saved = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    return next(iter(DocBin().from_bytes(saved).get_docs(doc.vocab)))


def by_pickle(doc: Doc) -> Doc:
    found: Doc = pickle.loads(pickle.dumps(doc))
    return found


@pytest.mark.parametrize("save", [by_bytes, by_doc_bin, by_pickle])
def test_saved(save: Callable[[Doc], Doc]) -> None:
    nlp = build_all()
    doc = nlp(gold(nlp, 0).text)
    expected = kept(doc)
    assert all(expected.values())
    assert all(0 < value <= 1 for _, value in expected["ents"] + expected["spans"])
    assert kept(save(doc)) == expected
    # Another process only has the extensions that the heads it loads have registered.
    data = nlp.to_bytes()
    Underscore.load_state(({}, {}, {}))
    with pytest.raises(AttributeError, match="confidence"):
        kept(save(doc))
    spacy.blank("en").from_config(nlp.config).from_bytes(data)
    assert kept(save(doc)) == expected


def test_workers() -> None:
    nlp = build_all()
    texts = [gold(nlp, i).text for i in range(4)]
    expected = [kept(doc) for doc in nlp.pipe(texts)]
    assert [kept(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=2)] == expected


def test_a_head_that_was_unpickled_where_there_are_none() -> None:
    nlp = build_all()
    text = gold(nlp, 0).text
    expected, data = kept(nlp(text)), pickle.dumps(nlp)
    Underscore.load_state(({}, {}, {}))
    assert kept(pickle.loads(data)(text)) == expected


def test_replaced_listeners() -> None:
    nlp = build_all()
    text = gold(nlp, 0).text
    expected = nlp(text)
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    found = nlp(text)
    assert [ent._.confidence for ent in found.ents] == pytest.approx(
        [ent._.confidence for ent in expected.ents], rel=1e-4
    )


def test_parts_and_joined_documents() -> None:
    """Spans of the result have what the spans of the parts had."""
    nlp = build_all()
    for name in ("ner", "events", "tagger"):
        nlp.get_pipe(name).n_best = 0
    docs: List[Doc] = list(nlp.pipe([gold(nlp, 0).text] * 2))
    expected = [(str(ent), ent._.confidence) for ent in docs[0].ents]
    joined = Doc.from_docs(docs)
    assert [(str(ent), ent._.confidence) for ent in joined.ents] == expected * 2
    ent = docs[0].ents[-1]
    part = ent.as_doc(copy_user_data=True)
    assert part[0]._.tag_confidence == ent[0]._.tag_confidence
    assert "tag_confidence" in docs[0].to_json(underscore=["tag_confidence"])["underscore_token"]


def test_the_same_borders_with_another_label() -> None:
    register_span_confidence()
    doc = Doc(spacy.blank("en").vocab, words=["New", "York", "runs"])
    set_span_confidences(doc, [(0, 2, "LOC", 0.75)])
    set_span_confidences(doc, [(0, 2, "TEAM", 0.25), (2, 3, "LOC", 0.5)])
    found = {label: Span(doc, 0, 2, label)._.confidence for label in ("LOC", "TEAM", "PER")}
    assert found == {"LOC": 0.75, "TEAM": 0.25, "PER": None}
    span = Span(doc, 1, 2, "LOC")
    assert span._.confidence is None
    span._.confidence = 1.0
    assert Span(doc, 1, 2, "LOC")._.confidence == 1.0


def test_nothing_is_registered_without_need() -> None:
    nlp = build(ner=("mtl_ner", {}), tagger=("mtl_tagger", {}))
    nlp.initialize(lambda: examples_of(nlp))
    doc = nlp(gold(nlp, 0).text)
    assert Underscore.get_state() == ({}, {}, {})
    assert not doc.user_data
    nlp.get_pipe("ner").threshold = 0.5
    assert Span.has_extension("confidence")
    assert not Token.has_extension("tag_confidence")


@pytest.mark.parametrize(
    "kind, name, factory, setting",
    [
        (Span, "confidence", "mtl_ner", {"confidence": True}),
        (Span, "confidence", "mtl_ner", {"threshold": 0.5}),
        (Doc, "head_n_best", "mtl_ner", {"n_best": 1}),
        (Token, "tag_confidence", "mtl_tagger", {"confidence": True}),
        (Doc, "head_n_best", "mtl_tagger", {"n_best": 1}),
    ],
)
def test_extensions_of_others(kind: Any, name: str, factory: str, setting: Dict[str, Any]) -> None:
    kind.set_extension(name, getter=len)
    where = rf"'{kind.__name__.lower()}._.{name}', but another extension has that name.*Rename"
    with pytest.raises(ValueError, match=where):
        build(head=(factory, setting))


def test_components_with_the_same_name() -> None:
    """In two pipelines of a process, with different kinds of alternatives."""
    one, two = (build(head=(factory, {"n_best": 1})) for factory in ("mtl_ner", "mtl_tagger"))
    for nlp in (one, two):
        nlp.initialize(lambda: examples_of(nlp))  # noqa: B023
    text = gold(one, 0).text
    assert len(one(text)._.head_n_best) == 1
    assert len(two(text)._.head_n_best) == 6
    assert one.make_doc(text)._.head_n_best == []


def test_names() -> None:
    assert n_best_name("ner") == "ner_n_best"
    assert n_best_name("my-ner.2") == "my_ner_2_n_best"


def test_evaluation() -> None:
    """Settings of sureness don't reach scorers, which may not accept them."""
    nlp = build_all()

    def score(examples: Any, labels: Any = ()) -> Dict[str, Any]:
        return {"n": len(list(examples))}

    head = nlp.get_pipe("ner")
    head.threshold, head.scorer = 0.5, score
    assert head.score(examples_of(nlp)) == {"n": 4}
    scores = nlp.evaluate([Example(eg.predicted, eg.reference) for eg in examples_of(nlp)])
    assert "spans_events_f" in scores
