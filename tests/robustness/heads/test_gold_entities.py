"""Gold entities as found in converted data, and texts without words."""

import warnings
from typing import Any, Dict, List, Optional, Tuple

import pytest
import spacy
from cases import Case, Gives, name_of
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from tiny_corpus import make_docs, make_examples, strip
from tiny_pipelines import CRF, FOUR_HEADS, add_joint

from spacy_mtl.report.corpora import count_corpus, problems_of

WORDS = ["Anna", " ", "\n", "Bo", "sings", "\t"]
BARE = Doc(spacy.blank("en").vocab, words=WORDS)
Spans = List[Tuple[int, int, str]]


def given(*spans: Tuple[int, int, str]) -> Spans:
    return list(spans)


# The given spans, and those that are learned and scored instead.
ENTITIES = [
    Case("a word", given((0, 1, "PER")), Gives([(0, 1, "PER")])),
    Case("whitespace after it", given((0, 2, "PER")), Gives([(0, 1, "PER")])),
    Case("two of whitespace after it", given((0, 3, "PER")), Gives([(0, 1, "PER")])),
    Case("whitespace before it", given((2, 4, "PER")), Gives([(3, 4, "PER")])),
    Case("two of whitespace before it", given((1, 4, "PER")), Gives([(3, 4, "PER")])),
    Case("whitespace on both sides", given((1, 6, "PER")), Gives([(3, 5, "PER")])),
    Case("whitespace within", given((0, 4, "PER")), Gives([(0, 4, "PER")])),
    Case("whitespace only", given((1, 2, "PER")), Gives([])),
    Case("two of whitespace only", given((1, 3, "PER")), Gives([])),
    Case("at the end of the text", given((4, 6, "PER")), Gives([(4, 5, "PER")])),
    Case("whitespace at the end of the text", given((5, 6, "PER")), Gives([])),
    Case("the whole text", given((0, 6, "LOC")), Gives([(0, 5, "LOC")])),
    Case("two", given((0, 2, "PER"), (2, 4, "LOC")), Gives([(0, 1, "PER"), (3, 4, "LOC")])),
    Case("one next to whitespace", given((0, 1, "PER"), (1, 3, "LOC")), Gives([(0, 1, "PER")])),
    Case("none", given(), Gives([])),
]
SPANS = [
    *ENTITIES,
    Case("no word at all", given((0, 0, "PER")), Gives([])),
    Case("no word, in the middle", given((3, 3, "PER")), Gives([])),
    Case("no label", given((0, 1, "")), Gives([])),
    Case("no label next to one", given((0, 1, ""), (3, 4, "LOC")), Gives([(3, 4, "LOC")])),
    Case("twice", given((0, 2, "PER"), (0, 1, "PER")), Gives([(0, 1, "PER")])),
    Case("twice the same", given((0, 1, "PER"), (0, 1, "PER")), Gives([(0, 1, "PER")])),
]
WAYS = [(None, case) for case in ENTITIES] + [("sc", case) for case in SPANS]


def build(key: Optional[str], learns: bool = False) -> Any:
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    model = {"model": CRF} if learns else {}
    nlp.add_pipe("mtl_ner", name="ner", config={"spans_key": key, **model})
    nlp.config["initialize"]["components"]["ner"] = {"labels": ["PER", "LOC"]}
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


@pytest.fixture(scope="module")
def heads() -> Dict[Any, Language]:
    ways = [(key, learns) for key in (None, "sc") for learns in (False, True)]
    return {way: build(*way) for way in ways}


def gold_of(nlp: Language, spans: Spans, key: Optional[str]) -> Doc:
    doc = Doc(nlp.vocab, words=WORDS)
    found = [Span(doc, *span) for span in spans]
    if key is None:
        doc.set_ents(found, default="outside")
    else:
        doc.spans[key] = SpanGroup(doc, name=key, spans=found)
    return doc


def classes_of(head: Any, nlp: Language, gold: Doc) -> List[int]:
    eg = Example(Doc(nlp.vocab, words=WORDS), gold)
    return head._gold_classes(head.own_examples([eg])).tolist()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("key", "case"), WAYS, ids=name_of)
@pytest.mark.parametrize("learns", [False, True], ids=["softmax", "CRF"])
def test_entities(heads: Dict, key: Optional[str], case: Case, learns: bool) -> None:
    """Learned as if trimmed beforehand; predicting the same scores 1, anything else less."""
    nlp = heads[key, learns]
    head: Any = nlp.get_pipe("ner")
    gold, right = gold_of(nlp, case.given, key), gold_of(nlp, case.answer.value, key)
    assert classes_of(head, nlp, gold) == classes_of(head, nlp, right)
    scores = head.score([Example(gold_of(nlp, case.answer.value, key), gold)])
    f = "ents" if key is None else "spans_sc"
    if case.answer.value:
        assert (scores[f"{f}_p"], scores[f"{f}_r"], scores[f"{f}_f"]) == (1.0, 1.0, 1.0)
        assert head.score([Example(gold_of(nlp, [], key), gold)])[f"{f}_f"] in (0.0, None)
    eg = Example(Doc(nlp.vocab, words=WORDS), gold)
    losses = nlp.update([eg], sgd=False)
    expected = nlp.update([Example(Doc(nlp.vocab, words=WORDS), right)], sgd=False)
    assert losses["ner"] == pytest.approx(expected["ner"])
    # The gold document must not change.
    spans = gold.ents if key is None else gold.spans[key]
    assert [(s.start, s.end, s.label_) for s in spans] == case.given


@pytest.mark.parametrize("key", [None, "sc"])
def test_one_warning(key: Optional[str]) -> None:
    nlp = build(key)
    head: Any = nlp.get_pipe("ner")
    gold = gold_of(nlp, [(0, 2, "PER"), (1, 3, "PER")][:1], key)
    egs = [Example(Doc(nlp.vocab, words=WORDS), gold)] * 3
    with pytest.warns(
        UserWarning, match=r"\[ner\] The entity 'Anna  ' .*whitespace.*trim .*corpus"
    ):
        nlp.update(egs, sgd=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp.update(egs, sgd=False)
        head.score(egs)


def test_other_tokens_are_unchanged(heads: Dict) -> None:
    nlp = heads[None, False]
    head: Any = nlp.get_pipe("ner")
    gold = Doc(nlp.vocab, words=WORDS)
    gold.set_ents([Span(gold, 0, 2, "PER")], default="missing")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert classes_of(head, nlp, gold) == [4, 0, 0, -1, -1, 0]


def test_predicted_tokens_that_differ(heads: Dict) -> None:
    """The prediction has one token where the annotation has a word and whitespace."""
    nlp = heads[None, False]
    head: Any = nlp.get_pipe("ner")
    gold = Doc(nlp.vocab, words=["Anna", "\n\n", "sings"], spaces=[False, False, False])
    gold.set_ents([Span(gold, 0, 2, "PER")], default="outside")
    eg = Example(Doc(nlp.vocab, words=["Anna", "\n", "\n", "sings"], spaces=[False] * 4), gold)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert head._gold_classes(head.own_examples([eg])).tolist() == [4, 0, 0, 0]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("key", [None, "sc"])
def test_debug_data_counts_them(heads: Dict, key: Optional[str]) -> None:
    nlp = heads[key, False]
    gold = [
        gold_of(nlp, spans, key) for spans in ([(0, 2, "PER")], [(1, 3, "PER")], [(0, 1, "PER")])
    ]
    egs = [Example(Doc(nlp.vocab, words=WORDS), doc) for doc in gold]
    counts = {"news": count_corpus(nlp, egs, ["ner"], None)}
    assert counts["news"].tasks["ner"].n_unfit == 2
    assert dict(counts["news"].tasks["ner"].labels) == {"PER": 2}
    messages = [p.text for p in problems_of(nlp, counts, counts, {"news": 1.0})]
    assert any("2 entities of the training corpus 'news'" in text for text in messages)
    assert any("2 entities of the development corpus 'news'" in text for text in messages)


TEXTS = [
    Case("nothing", [], Gives(0)),
    Case("a space", [" "], Gives(0)),
    Case("lines", ["\n\n", "\n"], Gives(0)),
    Case("spaces around a word", [" ", "Anna", " "], Gives(None)),
]


@pytest.fixture(scope="module")
def whole() -> Language:
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    for name, factory in FOUR_HEADS.items():
        nlp.add_pipe(factory, name=name)
    nlp.config["initialize"]["components"]["multi"] = {"labels": ["p", "q"]}
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


@pytest.mark.parametrize("case", TEXTS, ids=name_of)
def test_texts_without_words(whole: Language, case: Case) -> None:
    gold = Doc(whole.vocab, words=case.given)
    if len(gold):
        gold.set_ents([Span(gold, 0, len(gold), "PER")], default="outside")
    egs = [Example(Doc(whole.vocab, words=case.given), gold)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        losses = whole.update(egs, sgd=False)
        scores = whole.evaluate([*egs, *make_examples(whole)])
        assert whole.evaluate(egs)["ents_f"] in (None, 0.0)
    assert all(value == value for value in losses.values())
    assert scores["ents_f"] is not None
    doc = next(iter(whole.pipe([Doc(whole.vocab, words=case.given)])))
    if case.answer.value is not None:
        assert len(doc.ents) == case.answer.value
    assert len(doc.cats) == 4
    assert strip(make_docs(whole)[0], "").text
