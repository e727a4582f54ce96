"""Tasks that set or score the same thing are rejected or warned about."""

import warnings
from typing import Any, Dict, List

import pytest
from several_heads import build, examples_of
from spacy.language import Language
from spacy.training import Example

from spacy_mtl.tasks.collisions import check_outputs


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
            "heads 'one' and 'two' both set .*doc.spans.*different.* 'spans_key'",
        ),
        (
            {"one": ("mtl_tagger", {}), "two": ("mtl_tagger", {})},
            "both set 'token.tag'.*different 'attribute'",
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


def test_warning_about_heads_that_set_the_same() -> None:
    """It also comes without the corpus reader that rejects them."""
    nlp = build(one=("mtl_tagger", {}), two=("mtl_tagger", {}))
    with pytest.warns(UserWarning, match="'two' and 'one' both set 'token.tag'"):
        nlp.initialize(lambda: examples_of(nlp))
