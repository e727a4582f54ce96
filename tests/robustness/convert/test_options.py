"""Options: columns, delimiters, languages, schemes and formats."""

import pytest
from cases import Case, Gives, name_of
from conversions import File, cats, check_command, check_file, conllu, csv, iob, refused, typed

LONG = "9" * 5000


AB = ["a", "b"]


CASES = [
    # Options
    Case("a column of two signs", csv("a,x\n", text_column="--5"), refused("no column '--5'")),
    Case("a column of a sign", csv("a,x\n", text_column="-"), refused("no column '-'")),
    Case("a column of 5,000 digits", csv("a,x\n", label_column=LONG), refused("no column 999")),
    Case("a column in other digits", csv("a,x\n", text_column="\u0661"), refused("no column")),
    Case("a column beyond the first", csv("a,x\n", text_column="-3"), refused("no column -3")),
    Case("no name of a column", csv("a,x\nb,y\n", text_column=""), refused("no column ''")),
    Case(
        "a name of two columns",
        csv("t,l,t\na,x,b\n", text_column="t", label_column="l"),
        refused("2 columns 't'", "Use the index"),
    ),
    Case(
        "a word column far away",
        iob("a O\n", word_column=10**30),
        refused("'word_column' is 1000", "too large"),
    ),
    Case("a tag column before the first", iob("a O\n", ner_column=-3), refused("no column -3")),
    Case("an empty separator of labels", csv("a,x\n", multilabel=""), refused("multilabel is ''")),
    Case("an empty delimiter", csv("a,x\n", delimiter=""), refused("delimiter is ''", "'tsv'")),
    Case("a quote as the delimiter", csv("a,x\n", delimiter='"'), refused("other than a quote")),
    Case(
        "a line end as the delimiter",
        csv("a,x\n", delimiter="\n"),
        refused("other than a quote or line end"),
    ),
    Case("a written tab as the delimiter", csv("a,x\n", delimiter="\\t"), refused("For tabs")),
    Case("a bar as the delimiter", csv("a b|x\n", delimiter="|"), Gives([AB])),
    Case("a huge number of sentences", iob("a O\n", n_sents=-(10**5000)), refused("too large")),
    Case("a language that is a module", csv("a,x\n", lang="char_classes"), refused("no tokenizer")),
    Case(
        "a category of the source document",
        File("a.conllu", "# newdoc = q\n" + conllu().content, cats, {"cats_from": "newdoc"}),
        Gives([{"q": 1.0}]),
    ),
    Case("no language", csv("a,x\n", lang=""), refused("no tokenizer for the language ''")),
    Case("a language that is a path", csv("a,x\n", lang="../en"), refused("language '../en'")),
    Case("an empty scheme", iob("a O\n", scheme=""), refused("unknown scheme ''", "auto")),
    Case("an empty format", iob("a O\n", format=""), refused("unknown format ''", "auto")),
    Case("an empty comment", iob("a O\n", comment=""), refused("comment is ''", "like #")),
    Case("an option of a wrong type", iob("a O\n", n_sents="1"), refused("'n_sents'", "int")),
    Case("a truth value as a number", iob("a O\n", n_sents=True), refused("'n_sents' is True")),
    Case("a number as a column name", csv("a,x\n", text_column=0), refused("0, expected str")),
    Case("a format that is a list", iob("a O\n", format=["iob"]), refused("unknown format")),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_file(case, tmp_path):
    check_file(case, tmp_path)


@pytest.mark.parametrize("case", typed(CASES), ids=name_of)
def test_command_says_the_same(case, tmp_path, command):
    check_command(case, tmp_path, command)
