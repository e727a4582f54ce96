"""Whether a text has gold annotation for a head, against what its loss finds.

A head skips a batch by `has_gold`, before there is any loss: it must not say that there is none
where the loss would find a unit.
"""

from typing import Any, Callable, Dict

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, Token
from spacy.training import Example
from tiny_pipelines import CRF, add_joint

from spacy_mtl.types import TASKS_KEY

FACTORIES: Dict[str, Dict[str, Any]] = {
    "tag": {"factory": "mtl_tagger"},
    "pos": {"factory": "mtl_tagger", "attribute": "pos"},
    "style": {"factory": "mtl_tagger", "attribute": "_.style_for_tests"},
    "entities": {"factory": "mtl_ner"},
    "entities by CRF": {"factory": "mtl_ner", "model": CRF},
    "spans": {"factory": "mtl_ner", "spans_key": "events"},
    "categories": {"factory": "mtl_textcat"},
    "categories with a prefix": {"factory": "mtl_textcat", "prefix": "topic:"},
    "labels": {"factory": "mtl_textcat_multilabel"},
    "labels with a prefix": {"factory": "mtl_textcat_multilabel", "prefix": "topic:"},
}


def full(nlp: Language) -> Doc:
    """A gold document with everything that one of these heads learns."""
    doc = Doc(nlp.vocab, words=["Anna", "runs", "home"], tags=["NN", "VBZ", "RB"])
    for token, pos in zip(doc, ["PROPN", "VERB", "ADV"]):
        token.pos_ = pos
        token._.style_for_tests = "plain"
    doc.set_ents([Span(doc, 0, 1, "PER")], default="outside")
    doc.spans["events"] = [Span(doc, 1, 3, "RUN")]
    doc.cats = {"topic:air": 1.0, "topic:sea": 0.0}
    return doc


def bare(nlp: Language, *words: str) -> Doc:
    return Doc(nlp.vocab, words=list(words or ["Anna", "runs", "home"]))


def with_cats(**cats: float) -> Callable[[Language], Doc]:
    def make(nlp: Language) -> Doc:
        doc = bare(nlp)
        doc.cats = {name.replace("_", ":"): value for name, value in cats.items()}
        return doc

    return make


def with_spans(key: str, *labels: str) -> Callable[[Language], Doc]:
    def make(nlp: Language) -> Doc:
        doc = bare(nlp)
        doc.spans[key] = [Span(doc, i, i + 1, label) for i, label in enumerate(labels)]
        return doc

    return make


def with_tokens(**values: Any) -> Callable[[Language], Doc]:
    def make(nlp: Language) -> Doc:
        return Doc(nlp.vocab, words=["Anna", "runs", "home"], **values)

    return make


def with_ents(default: str, *missing: int) -> Callable[[Language], Doc]:
    def make(nlp: Language) -> Doc:
        doc = bare(nlp)
        doc.set_ents([], missing=[doc[i : i + 1] for i in missing], default=default)
        return doc

    return make


def of_spaces(nlp: Language) -> Doc:
    """Whitespace is outside of entities, whatever is annotated."""
    return bare(nlp, " ", "\n", "\n\n")


def entity_of_spaces(nlp: Language) -> Doc:
    """An entity that is left out, of a text in which nothing else is annotated."""
    doc = of_spaces(nlp)
    doc.set_ents([Span(doc, 0, 1, "PER")], default="missing")
    return doc


def blocked(nlp: Language) -> Doc:
    """A token that may be in no entity."""
    doc = bare(nlp)
    doc.set_ents([], blocked=[doc[0:1]], default="missing")
    return doc


def of_others(nlp: Language) -> Doc:
    doc = full(nlp)
    doc.user_data[TASKS_KEY] = ("somebody",)
    return doc


def without_style(nlp: Language) -> Doc:
    doc = bare(nlp)
    doc[0]._.style_for_tests = ""
    return doc


HALF_ANNOTATED: Dict[str, Callable[[Language], Doc]] = {
    "everything": full,
    "of others": of_others,
    "nothing": bare,
    "no token": lambda nlp: Doc(nlp.vocab),
    "empty tags": with_tokens(tags=["", "", ""]),
    "one tag": with_tokens(tags=["", "NN", ""]),
    "empty coarse tags": with_tokens(pos=["", "", ""]),
    "one coarse tag": with_tokens(pos=["", "VERB", ""]),
    "unknown tag": with_tokens(tags=["", "NEW", ""]),
    "empty style": without_style,
    "lemmas only": with_tokens(lemmas=["Anna", "run", "home"]),
    "no entity": with_ents("outside"),
    "entities missing": with_ents("missing"),
    "entities missing in parts": with_ents("outside", 0, 1),
    "entities missing token by token": with_ents("outside", 0, 1, 2),
    "missing as tags": with_tokens(ents=["", "", ""]),
    "entity of an unknown type": with_tokens(ents=["B-NEW", "", ""]),
    "blocked": blocked,
    "of spaces": of_spaces,
    "entity of spaces": entity_of_spaces,
    "no span": with_spans("events"),
    "spans": with_spans("events", "RUN"),
    "spans of an unknown type": with_spans("events", "NEW"),
    "spans of another key": with_spans("others", "RUN"),
    "no span of another key": with_spans("others"),
    "no category": with_cats(),
    "category": with_cats(topic_air=1.0),
    "negative categories": with_cats(topic_air=0.0, topic_sea=0.0),
    "category of another head": with_cats(mood_good=1.0),
    "negative category of another head": with_cats(mood_good=0.0),
    "unknown category": with_cats(topic_land=1.0),
}


@pytest.fixture(scope="module")
def heads() -> Language:
    Token.set_extension("style_for_tests", default=None, force=True)
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    for name, settings in FACTORIES.items():
        config = {key: value for key, value in settings.items() if key != "factory"}
        nlp.add_pipe(settings["factory"], name=name, config=config)
    nlp.initialize(lambda: [Example(bare(nlp), full(nlp))])
    return nlp


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("tokens", ["same", "others"])
@pytest.mark.parametrize("name", FACTORIES)
def test_no_gold_is_no_unit(heads: Language, name: str, tokens: str) -> None:
    head = heads.get_pipe(name)
    with_gold, with_units = [], []
    for case, make in HALF_ANNOTATED.items():
        gold = make(heads)
        eg = Example(without_annotation(gold, tokens), gold)
        (own,) = head.own_examples([eg])
        if head.has_gold(own.reference):
            with_gold.append(case)
        logits = numpy.zeros((len(eg.predicted), len(head.classes())), dtype="float32")
        if len(logits):
            loss, _ = head.compute_loss([eg], [logits] if head.unit == "token" else logits[:1])
            if loss.n_units or loss.value:
                with_units.append(case)
    assert set(with_units) <= set(with_gold)
    assert {"everything"} <= set(with_units)
    assert not {"of others", "nothing"}.intersection(with_gold)


def without_annotation(gold: Doc, tokens: str) -> Doc:
    """The text as a pipeline makes it, perhaps with its last two words in one token."""
    words = [token.text for token in gold]
    if tokens == "others" and words:
        words[-2:] = [f"{words[-2]} {words[-1]}"]
        return Doc(gold.vocab, words=words, spaces=[True] * (len(words) - 1) + [False])
    return Doc(gold.vocab, words=words)
