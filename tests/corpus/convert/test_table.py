import pytest

from spacy_mtl.corpus.convert import ConversionError

CATS = [{"neg": 0.0, "pos": 1.0}, {"neg": 1.0, "pos": 0.0}]


@pytest.mark.parametrize(
    "text,name,options",
    [
        ("good film\tpos\nbad film\tneg\n", "a.tsv", {}),
        ("good film,pos\nbad film,neg\n", "a.csv", {}),
        ("Text,Label\ngood film,pos\nbad film,neg\n", "a.csv", {}),
        ("label,id,text\npos,1,good film\nneg,2,bad film\n", "a.csv", {}),
        (
            "a,b\npos,good film\nneg,bad film\n",
            "a.csv",
            {"text_column": "b", "label_column": "a"},
        ),
        (
            "a;b\npos;good film\nneg;bad film\n",
            "a.csv",
            {"header": True, "delimiter": ";", "text_column": "1", "label_column": "-2"},
        ),
        ("good film,pos\r\n\r\nbad film,neg\r\n", "a.csv", {}),
    ],
)
def test_text_and_label(convert_text, text, name, options):
    docs = convert_text(text, name, **options)
    assert [doc.text for doc in docs] == ["good film", "bad film"]
    assert [doc.cats for doc in docs] == CATS
    for attr in ("TAG", "POS", "ENT_IOB", "SENT_START", "DEP"):
        assert not docs[0].has_annotation(attr)


def test_header_can_be_denied(convert_text):
    docs = convert_text("text,label\n", "a.csv", header=False)
    assert docs[0].text == "text"
    assert docs[0].cats == {"label": 1.0}


def test_texts_are_tokenized_in_the_language(convert_text):
    (doc,) = convert_text("don't,x\n", "a.csv")
    assert [t.text for t in doc] == ["do", "n't"]
    (doc,) = convert_text("don't,x\n", "a.csv", lang="xx")
    assert [t.text for t in doc] == ["don't"]


def test_quoted_fields(convert_text):
    (doc,) = convert_text('"one, ""two""\nthree",x\n', "a.csv")
    assert doc.text == 'one, "two"\nthree'


def test_quotes_can_be_turned_off(convert_text):
    docs = convert_text('"oh\tx\nah\ty\n', "a.tsv", quotes=False)
    assert [doc.text for doc in docs] == ['"oh', "ah"]


def test_a_field_may_be_long(convert_text):
    (doc,) = convert_text("word " * 40_000 + ",x\n", "a.csv")
    assert len(doc) == 40_000


def test_empty_label_is_missing(convert_text):
    docs = convert_text("a,x\nb,\n", "a.csv")
    assert [doc.cats for doc in docs] == [{"x": 1.0}, {}]


def test_several_labels(convert_text):
    docs = convert_text("a,x; y\nb,y\nc,\n", "a.csv", multilabel=";")
    assert [doc.cats for doc in docs] == [
        {"x": 1.0, "y": 1.0},
        {"x": 0.0, "y": 1.0},
        {"x": 0.0, "y": 0.0},
    ]


@pytest.mark.parametrize(
    "text,options,line,reason",
    [
        ("a,x\nb\n", {}, 2, "1 columns, expected 2 as in the first row"),
        ('a,x\n"b\nc,x,\n', {}, 2, "the row that starts here is broken: .*Turn quotes off"),
        ('a,x\n"b\n"\nc,x\n', {}, 2, "1 columns, expected 2"),
        ("a\tx\n", {}, 1, "there is no column 1: the row has 1. Check the delimiter"),
        ("a,b\nx,y\n", {"text_column": "c"}, 1, "there is no column 'c'. There are: a, b"),
        (
            "a,b\n",
            {"text_column": "c", "header": False},
            1,
            "there is no column 'c'. There are: no header",
        ),
        ("a,b\n", {"text_column": "1"}, 1, "column 1 is both text and label"),
        ("text,label\n", {}, 1, "there is no row below the header"),
    ],
)
def test_broken_files(convert_text, text, options, line, reason):
    with pytest.raises(ConversionError, match=f"a.csv, line {line}: {reason}"):
        convert_text(text, "a.csv", **options)


@pytest.mark.parametrize(
    "options,reason",
    [
        ({"delimiter": "||"}, "the delimiter is '||', expected one character"),
        ({"lang": "qq"}, "no tokenizer for the language 'qq'"),
    ],
)
def test_options_are_checked(convert_text, options, reason):
    with pytest.raises(ConversionError, match=reason.replace("|", "[|]")):
        convert_text("a,x\n", "a.csv", **options)
