import json

import pytest

from spacy_mtl.corpus.convert import ConversionError

RECORD = {
    "text": "Bo left. Hm",
    "words": ["Bo", "left", ".", "Hm"],
    "spaces": [True, False, True, False],
    "tags": ["NNP", None, ".", "UH"],
    "pos": ["PROPN", "VERB", "PUNCT", None],
    "ents": [[0, 1, "person"]],
    "cats": {"a": 1.0, "b": 0.0},
    "meta": {"id": "x", "sent_starts": [0, 3]},
}


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


def test_all_annotation(convert_text):
    (doc,) = convert_text(lines(RECORD), "a.jsonl")
    assert doc.text == RECORD["text"]
    assert [t.text for t in doc] == RECORD["words"]
    assert [t.tag_ for t in doc] == ["NNP", "", ".", "UH"]
    assert [t.pos_ for t in doc] == ["PROPN", "VERB", "PUNCT", ""]
    assert [(e.text, e.label_) for e in doc.ents] == [("Bo", "person")]
    assert doc.cats == RECORD["cats"]
    assert [s.text for s in doc.sents] == ["Bo left.", "Hm"]


def test_absent_and_null_keys_are_missing(convert_text):
    record = {"words": ["a", "b"], "tags": None}
    docs = convert_text(lines(record, {"text": "c d"}), "a.jsonl")
    for doc in docs:
        for attr in ("TAG", "POS", "LEMMA", "MORPH", "DEP", "ENT_IOB", "SENT_START"):
            assert not doc.has_annotation(attr), attr
        assert [t.ent_iob for t in doc] == [0, 0]
        assert doc.cats == {}


def test_no_entities_is_an_annotation(convert_text):
    (doc,) = convert_text(lines({"words": ["a", "b"], "ents": []}), "a.jsonl")
    assert [t.ent_iob_ for t in doc] == ["O", "O"]


def test_documents_of_one_file_may_lack_different_annotation(convert_text):
    sents = {"words": ["a", "b"], "meta": {"sent_starts": [0, 1]}}
    docs = convert_text(lines(sents, {"words": ["a", "b"], "ents": []}), "a.jsonl")
    assert [doc.has_annotation("SENT_START") for doc in docs] == [True, False]
    assert [doc.has_annotation("ENT_IOB") for doc in docs] == [False, True]


def test_labels_absent_from_cats_stay_absent(convert_text):
    records = {"text": "x", "cats": {"a": 1.0}}, {"text": "y", "cats": {"a": 0, "b": True}}
    docs = convert_text(lines(*records), "a.jsonl")
    assert [doc.cats for doc in docs] == [{"a": 1.0}, {"a": 0.0, "b": 1.0}]


@pytest.mark.parametrize(
    "record,text",
    [
        ({"words": ["a", "b"]}, "a b"),
        ({"words": ["a", "b"], "text": "ab"}, "ab"),
        ({"words": ["a", "b"], "spaces": [False, True]}, "ab"),
        ({"words": ["a", "b"], "spaces": [True, True], "text": "a b"}, "a b"),
    ],
)
def test_spaces(convert_text, record, text):
    (doc,) = convert_text(lines(record), "a.jsonl")
    assert doc.text == text
    assert len(doc) == 2


WORDS = {"words": ["a", "b"]}


@pytest.mark.parametrize(
    "record,reason",
    [
        (["a"], "expected a JSON object, found list"),
        ({}, "there is neither text nor words"),
        ({"text": 1}, "text is 1, expected a string"),
        ({"text": "a", "ents": []}, "ents refers to tokens, but there are no words"),
        ({"words": "a"}, "words is 'a', expected a list"),
        ({"words": [1]}, "words contains 1, expected str"),
        ({"words": [""]}, "there is an empty word"),
        ({**WORDS, "spaces": [True]}, "1 spaces, but 2 words"),
        ({**WORDS, "spaces": [1, 0]}, "spaces contains 1, expected bool"),
        ({**WORDS, "tags": ["x"]}, "1 tags, but 2 words"),
        ({**WORDS, "pos": ["x", "NOUN"]}, "pos 'x' is not a part of speech"),
        ({**WORDS, "text": "a c"}, "text does not match words and spaces"),
        ({**WORDS, "ents": [[0, 1]]}, "ents contains .* expected .first, end, label"),
        ({**WORDS, "ents": [[0, 1, ""]]}, "ents contains"),
        ({**WORDS, "ents": [[1, 3, "x"]]}, "out of range: there are 2 words"),
        ({**WORDS, "ents": [[1, 1, "x"]]}, "out of range"),
        ({**WORDS, "ents": [[1, 2, "x"], [0, 2, "y"]]}, "entities .0, 2, 'y'. and .* overlap"),
        ({**WORDS, "cats": ["x"]}, "cats is .*, expected an object"),
        ({**WORDS, "cats": {"x": 2}}, "cats has 2 for 'x', expected 0.0 to 1.0"),
        ({**WORDS, "cats": {"x": "1"}}, "cats has '1' for 'x'"),
        ({**WORDS, "meta": {"sent_starts": [2]}}, "meta.sent_starts has 2"),
        ({**WORDS, "meta": {"sent_starts": 0.5}}, "meta.sent_starts has 0.5"),
    ],
)
def test_broken_records(convert_text, record, reason):
    with pytest.raises(ConversionError, match=f"a.jsonl, line 2: .*{reason}"):
        convert_text(lines({"text": "fine"}, record), "a.jsonl")


def test_invalid_json(convert_text):
    with pytest.raises(ConversionError, match="a.jsonl, line 3: invalid JSON: .* character 10"):
        convert_text('{"text": "a"}\n\n{"text": }\n', "a.jsonl")


@pytest.mark.parametrize(
    "text,reason",
    [
        ('{"text": "\\ud83d"}', "cannot be written as UTF-8: surrogates"),
        ('{"text": "a", "cats": {"\\ud83d": 1}}', "cannot be written as UTF-8: surrogates"),
        ('{"text": "a", "x": ' + "1" * 5000 + "}", "cannot be read as JSON"),
        ('{"text": "a", "x": ' + "[" * 100_000 + "]" * 100_000 + "}", "cannot be read as JSON"),
    ],
)
def test_json_that_python_rejects(convert_text, text, reason):
    with pytest.raises(ConversionError, match=f"a.jsonl, line 1: {reason}"):
        convert_text(text, "a.jsonl")
