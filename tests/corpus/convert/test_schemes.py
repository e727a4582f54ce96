from pathlib import Path

import pytest

from spacy_mtl.corpus.convert import ConversionError
from spacy_mtl.corpus.convert.schemes import decode_tags, detect_scheme

PATH = Path("x.iob")
SPANS = [(0, 2, "per"), (2, 3, "per"), (4, 5, "loc")]
WRITTEN = {
    "iob1": "I-per I-per B-per O I-loc",
    "iob2": "B-per I-per B-per O B-loc",
    "bio": "B-per I-per B-per O B-loc",
    "biluo": "B-per L-per U-per O U-loc",
    "bilou": "B-per L-per U-per O U-loc",
    "iobes": "B-per E-per S-per O S-loc",
}


def tagged(tags):
    return list(enumerate(tags.split(), 1))


@pytest.mark.parametrize("scheme", WRITTEN)
def test_every_scheme_gives_the_same_entities(scheme):
    block = tagged(WRITTEN[scheme])
    assert decode_tags(block, scheme, PATH) == (SPANS, [])
    assert decode_tags(block, detect_scheme([block], PATH), PATH) == (SPANS, [])


@pytest.mark.parametrize("tags,scheme", [("B-a O", "iob2"), ("O I-a", "iob1"), ("U-a", "biluo")])
def test_detected_scheme(tags, scheme):
    assert detect_scheme([tagged(tags)], PATH) == scheme


def test_hyphen_in_a_label():
    assert decode_tags(tagged("B-creative-work"), "bio", PATH)[0] == [(0, 1, "creative-work")]


def test_unknown_tokens_end_an_entity():
    assert decode_tags(tagged("B-a - B-b"), "bio", PATH) == ([(0, 1, "a"), (2, 3, "b")], [1])


@pytest.mark.parametrize("scheme", ["bio", "biluo"])
@pytest.mark.parametrize("tags", ["O I-a", "I-a", "B-a I-b"])
def test_inside_without_a_start_is_legal_in_iob1_only(scheme, tags):
    decode_tags(tagged(tags), "iob1", PATH)
    line = len(tags.split())
    with pytest.raises(ConversionError, match=f"x.iob, line {line}: I-."):
        decode_tags(tagged(tags), scheme, PATH)


@pytest.mark.parametrize(
    "tags,line,reason",
    [
        ("B-a O", 2, "O follows the a entity, which has not ended"),
        ("B-a B-a", 2, "B-a follows the a entity"),
        ("O B-a", 2, "the a entity does not end"),
        ("O L-a", 2, "L-a has no a entity to continue"),
    ],
)
def test_closed_schemes_are_strict(tags, line, reason):
    with pytest.raises(ConversionError, match=f"x.iob, line {line}: {reason}"):
        decode_tags(tagged(tags), "biluo", PATH)


@pytest.mark.parametrize("tag", ["per", "X-per", "B-", "", "BI-per"])
def test_invalid_tags(tag):
    with pytest.raises(ConversionError, match="x.iob, line 7: '.*' is not an entity tag"):
        decode_tags([(7, tag)], "bio", PATH)


def test_closing_tags_are_not_legal_in_bio():
    with pytest.raises(ConversionError, match="U-a is not legal in the scheme 'bio'"):
        decode_tags(tagged("U-a"), "bio", PATH)


def test_mixture_of_iob1_and_iob2():
    with pytest.raises(ConversionError, match="line 3: I-b starts an entity.* line 1 .*B-a"):
        detect_scheme([tagged("B-a O I-b")], PATH)


def test_unknown_scheme():
    with pytest.raises(ConversionError, match="unknown scheme 'x'. There are: auto, iob1"):
        decode_tags([], "x", PATH)
