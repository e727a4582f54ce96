import pytest

from spacy_mtl.corpus.convert import ConversionError

CONLL = """-DOCSTART- -X- O O

EU NNP B-NP I-ORG
rejects VBZ B-VP O

Peter _ B-NP I-PER

-DOCSTART- -X- O O

Bye UH O O
"""
TABS = "# id 1\nNew York\tB-loc\n#tag\tO\n\t\nhi\tO\n"


def ents(docs):
    return [[(ent.text, ent.label_) for ent in doc.ents] for doc in docs]


@pytest.mark.parametrize(
    "n_sents,texts",
    [
        (1, ["EU rejects", "Peter", "Bye"]),
        (2, ["EU rejects Peter", "Bye"]),
        (0, ["EU rejects Peter", "Bye"]),
    ],
)
def test_documents_do_not_cross_docstart(convert_text, n_sents, texts):
    docs = convert_text(CONLL, "a.conll", n_sents=n_sents, tag_column=1)
    assert [doc.text for doc in docs] == texts
    assert [ent for of_doc in ents(docs) for ent in of_doc] == [("EU", "ORG"), ("Peter", "PER")]
    assert [t.tag_ for doc in docs for t in doc] == ["NNP", "VBZ", "", "UH"]
    assert docs[0].has_annotation("SENT_START") == (n_sents != 1)
    for doc in docs:
        assert doc.has_annotation("ENT_IOB", require_complete=True)
        assert not doc.has_annotation("POS")
        assert doc.cats == {}


def test_sentences_of_a_document(convert_text):
    docs = convert_text(CONLL, "a.conll", n_sents=2)
    assert [s.text for s in docs[0].sents] == ["EU rejects", "Peter"]
    assert not docs[0].has_annotation("TAG")


def test_tabs_comments_and_blank_lines_with_a_tab(convert_text):
    docs = convert_text(TABS, "a.iob")
    assert [[t.text for t in doc] for doc in docs] == [["New York", "#tag"], ["hi"]]
    assert ents(docs) == [[("New York", "loc")], []]


def test_columns_by_index(convert_text):
    text = "1\tB-a\tx\n2\tO\ty\n"
    (doc,) = convert_text(text, "a.iob", word_column=-1, ner_column=1)
    assert doc.text == "x y"
    assert ents([doc]) == [[("x", "a")]]


def test_no_entities(convert_text):
    (doc,) = convert_text("a DT\nb NN\n", "a.iob", ner_column=None, tag_column=1)
    assert [t.tag_ for t in doc] == ["DT", "NN"]
    assert not doc.has_annotation("ENT_IOB")


def test_tokens_without_entity_annotation(convert_text):
    (doc,) = convert_text("a B-x\nb -\nc O\n", "a.iob")
    assert [t.ent_iob_ for t in doc] == ["B", "", "O"]


def test_windows_line_ends_and_byte_order_mark(convert_text):
    docs = convert_text("\ufeffa B-x\r\n\r\nb O\r\n", "a.iob")
    assert [doc.text for doc in docs] == ["a", "b"]


def test_separators_of_unicode_do_not_end_lines(convert_text):
    (doc,) = convert_text("a\u2028b\tO\nc\u0085d\tO\n", "a.iob")
    assert len(doc) == 2


@pytest.mark.parametrize(
    "text,options,place,reason",
    [
        ("a O\nb x O\n", {}, ", line 2", "3 columns, expected 2"),
        ("a O\n", {"ner_column": 2}, ", line 1", "there is no column 2"),
        ("a O\n", {"word_column": -3}, ", line 1", "there is no column -3"),
        ("a\tO\n\tO\n", {}, ", line 2", "column 0 is empty"),
        ("a O\nb NN\n", {}, ", line 2", "'NN' is not an entity tag"),
        ("a O\nb I-x\n", {"scheme": "bio"}, ", line 2", "I-x has no x entity to continue"),
        ("-DOCSTART- O\n", {}, "", "there is no token"),
    ],
)
def test_broken_files(convert_text, text, options, place, reason):
    with pytest.raises(ConversionError, match=f"a.iob{place}: {reason}"):
        convert_text(text, "a.iob", **options)


def test_options_are_checked(convert_text):
    with pytest.raises(ConversionError, match="n_sents is -2, expected 0"):
        convert_text("a O\n", "a.iob", n_sents=-2)
    with pytest.raises(ConversionError, match="unknown scheme 'x'"):
        convert_text("a O\n", "a.iob", scheme="x")
