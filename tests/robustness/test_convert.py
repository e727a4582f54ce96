"""Inputs of `convert`, and what comes of each: a conversion, or an error that says where."""

import json
import os
import random
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Union

import pytest
from cases import Case, Gives, Refused, check, check_message, name_of
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command to spaCy's)
from spacy_mtl.corpus.convert import ConversionError, Summary, convert


@dataclass
class Done:
    docs: List[Doc]
    summary: Summary


def words(done: Done) -> Any:
    return [[token.text for token in doc] for doc in done.docs]


def ents(done: Done) -> Any:
    return [(ent.text, ent.label_) for doc in done.docs for ent in doc.ents]


def cats(done: Done) -> Any:
    return [doc.cats for doc in done.docs]


def left_out(done: Done) -> Any:
    return dict(done.summary.left_out)


def taken(done: Done) -> str:
    return " ".join([done.summary.format, done.summary.reason, *done.summary.taken])


@dataclass
class File:
    """A file to convert: its name, its content, and what is looked at."""

    name: str
    content: Union[str, bytes]
    see: Callable[[Done], Any] = words
    options: Dict[str, Any] = field(default_factory=dict)


def refused(*says: str) -> Refused:
    return Refused(*says, error=ConversionError)


def says(*parts: str) -> Gives:
    return Gives(lambda text: all(part in text for part in parts))


def iob(text: Any, see: Any = words, **options: Any) -> File:
    return File("a.iob", text, see, options)


def tsv(text: Any, see: Any = words, **options: Any) -> File:
    return File("a.tsv", text, see, options)


def csv(text: Any, see: Any = words, **options: Any) -> File:
    return File("a.csv", text, see, options)


def jsonl(record: Any, see: Any = words, **options: Any) -> File:
    text = record if isinstance(record, (str, bytes)) else json.dumps(record)
    return File("a.jsonl", text, see, options)


def conllu(see: Any = words, **columns: str) -> File:
    names = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
    row = "\t".join({"id": "1", "form": "a", **columns}.get(name, "_") for name in names)
    return File("a.conllu", row + "\n", see)


LONG = "9" * 5000
AB = ["a", "b"]
# A column file, as it becomes a table where a suffix is all that is looked at.
POS_COLUMNS = "Rome\tNNP\nis\tVBZ\nbig\tJJ\n\nBo\tNNP\nleft\tVBD\n"
MANY_WORDS = "".join(f"w{i}\tx{i % 3}\n" for i in range(12))
FILMS = "good film\tpos\nbad film\tneg\nnice try\tpos\ndull one\tneg\nfine by me\tpos\n"

CASES = [
    # Entities that begin or end with whitespace
    Case(
        "an entity that begins with whitespace",
        jsonl({"words": [" ", "Rome"], "ents": [[0, 2, "x"]]}, ents),
        Gives([("Rome", "x")]),
    ),
    Case(
        "an entity that ends with a line end",
        jsonl({"words": ["Rome", "\n\n"], "ents": [[0, 2, "x"]]}, ents),
        Gives([("Rome", "x")]),
    ),
    Case(
        "the trimmed are counted",
        jsonl({"words": ["\t", "a", "\n"], "ents": [[0, 3, "x"]]}, left_out),
        Gives({"whitespace at the beginning or end of an entity": 1}),
    ),
    Case(
        "an entity of whitespace only",
        jsonl({"words": ["a", " ", "\n"], "ents": [[1, 3, "x"]]}, left_out),
        Gives({"entity that is whitespace only": 1}),
    ),
    Case(
        "what is dropped is outside",
        jsonl(
            {"words": ["a", "\n"], "ents": [[1, 2, "x"]]},
            lambda done: [t.ent_iob_ for t in done.docs[0]],
        ),
        Gives(["O", "O"]),
    ),
    Case(
        "whitespace within an entity stays",
        jsonl({"words": ["a", "\n", "b"], "ents": [[0, 3, "x"]]}, ents),
        Gives([("a \n b", "x")]),
    ),
    Case(
        "a no-break space and a line separator are whitespace",
        jsonl({"words": ["\u00a0", "a", "\u2028"], "ents": [[0, 3, "x"]]}, ents),
        Gives([("a", "x")]),
    ),
    Case(
        "a zero-width space is none",
        jsonl({"words": ["\u200b", "a"], "ents": [[0, 2, "x"]]}, left_out),
        Gives({}),
    ),
    Case(
        "an entity of columns that ends with a no-break space",
        iob("Rome\tB-x\n\u00a0\tI-x\n", ents),
        Gives([("Rome", "x")]),
    ),
    # No-break spaces
    Case("a no-break space as a token", iob("a\tO\n\u00a0\tO\n"), Gives([["a", "\u00a0"]])),
    Case(
        "a no-break space as a token, between spaces",
        iob("\u00a0 O\na O\n"),
        Gives([["\u00a0", "a"]]),
    ),
    Case("a no-break space in a word", iob("10\u00a0000 O\n"), Gives([["10\u00a0000"]])),
    Case("a line of a no-break space", iob("a O\n\u00a0\n"), refused("a.iob, line 2", "\\xa0")),
    Case(
        "a no-break space instead of a space",
        iob("a O\nb\u00a0O\n"),
        refused("line 2", "1 columns, expected 2", "b\\xa0O"),
    ),
    Case("a no-break space after a tag", iob("a\tB-x\u00a0\n"), refused("line 1", "B-x\\xa0")),
    Case("a word that is missing", iob("a\tO\n\tO\n"), refused("line 2", "column 0 is empty")),
    # Labels that training refuses
    Case("an empty category", jsonl({"text": "a", "cats": {"": 1}}), refused("line 1", "''")),
    Case("a blank category", jsonl({"text": "a", "cats": {" ": 1}}), refused("' '", "category")),
    Case(
        "a category of a no-break space",
        jsonl({"text": "a", "cats": {"\u00a0": 1}}),
        refused("\\xa0", "category"),
    ),
    Case(
        "a category with a space behind it",
        jsonl({"text": "a", "cats": {"x ": 1}}),
        refused("'x '", "begins or ends with whitespace"),
    ),
    Case("a blank tag", jsonl({"words": AB, "tags": [" ", "x"]}), refused("the tag ' '")),
    Case(
        "a blank label of an entity",
        jsonl({"words": AB, "ents": [[0, 1, " "]]}),
        refused("label of an entity ' '"),
    ),
    Case("a blank label in a tag", iob("a\tB- \n"), refused("a.iob, line 1", "'B-'")),
    Case("a blank label within a tag", iob("a\tB-\u2003\n"), refused("line 1", "no entity tag")),
    Case("a repeated category", jsonl('{"text": "a", "cats": {"x": 1, "x": 0}}'), refused("'x'")),
    Case(
        "a repeated key",
        jsonl('{"text": "a", "text": "b"}'),
        refused("a.jsonl, line 1", "the key 'text' is repeated"),
    ),
    Case("labels that are empty", csv("a,x\n", labels=[""]), refused("'' in labels", "empty")),
    Case(
        "labels with a blank", csv("a,x\n", labels=["x", " "]), refused("in labels", "whitespace")
    ),
    Case("labels that are a string", csv("a,x\n", labels="xy"), refused("'xy'", "list")),
    Case("no labels", csv("a,x\n", labels=[]), refused("labels is []", "one label or more")),
    Case("labels that are numbers", csv("a,1\n", labels=[1]), refused("label 1", "no string")),
    Case("a tag that is empty is missing", jsonl({"words": AB, "tags": ["", "x"]}), Gives([AB])),
    # Characters
    Case("a NUL character", iob("a\tO\nb\0\tO\n"), refused("a.iob, line 2", "NUL")),
    Case("a NUL character in JSON", jsonl({"words": ["a\0"]}), refused("'a\\x00'", "NUL")),
    Case("a NUL in a category", jsonl({"text": "a", "cats": {"x\0": 1}}), refused("NUL")),
    Case("UTF-16", jsonl('{"text": "a"}'.encode("utf-16")), refused("UTF-16", "Save it as UTF-8")),
    Case(
        "UTF-16 without a byte order mark",
        tsv("good film\tpos\n".encode("utf-16-le")),
        refused("a.tsv, line 1", "NUL", "UTF-16"),
    ),
    Case("UTF-8 that is cut off", csv(b"a,x\nb\xc3"), refused("a.csv, line 2", "0xc3")),
    Case("half of a pair", jsonl('{"text": "\\ud83d"}'), refused("line 1", "surrogates")),
    Case("both of a pair", jsonl('{"text": "\\ud83d\\ude00"}'), Gives([["\U0001f600"]])),
    Case(
        "files that were put together",
        iob("a O\n\n\ufeffb O\n"),
        refused("a.iob, line 3", "byte order mark", "Remove it"),
    ),
    Case("a byte order mark within a word", iob("a\ufeffb O\n"), Gives([["a\ufeffb"]])),
    Case("a byte order mark, by content", File("a.x", "\ufeffa\tO\n"), Gives([["a"]])),
    Case(
        "carriage returns as line ends",
        iob("a O\rb O\r"),
        refused("a.iob, line 1", "carriage return", "line feeds"),
    ),
    Case("carriage returns twice", iob("a O\r\r\nb O\r\r\n"), Gives([AB])),
    Case("carriage returns in a table", csv("a,x\rb,y\r"), Gives([["a"], ["b"]])),
    Case("only whitespace", iob(" \n\u00a0\n"), refused("a.iob: the file is empty")),
    Case("an empty file", jsonl(""), refused("a.jsonl: the file is empty")),
    Case("a long line", jsonl({"words": ["w"] * 50_000}, lambda d: len(d.docs[0])), Gives(50_000)),
    # Numbers
    Case("a head of 5,000 digits", conllu(head=LONG), refused("a.conllu, line 1", "HEAD")),
    Case("a head below zero", conllu(head="-1"), refused("HEAD '-1' is neither a number nor _")),
    Case("a head in other digits", conllu(head="\u0663"), refused("line 1", "neither a number")),
    Case("a head that is a fraction", conllu(head="1.5"), refused("HEAD '1.5'")),
    Case("a range of 5,000 digits", conllu(id=f"1-{LONG}"), refused("line 1", "multiword token")),
    Case("an ID of 5,000 digits", conllu(id=LONG), refused("line 1", "expected 1")),
    Case(
        "a number of 5,000 digits in JSON",
        jsonl('{"text": "a", "x": ' + LONG + "}"),
        refused("line 1", "too many digits"),
    ),
    Case(
        "a category of 300 digits",
        jsonl('{"text": "a", "cats": {"x": ' + "9" * 300 + "}}"),
        refused("cats has", "'x'", "expected 0.0 to 1.0"),
    ),
    Case(
        "an infinite category",
        jsonl('{"text": "a", "cats": {"x": 1e999}}'),
        refused("cats has inf"),
    ),
    Case("NaN", jsonl('{"text": "a", "cats": {"x": NaN}}'), refused("NaN is no JSON")),
    Case("Infinity", jsonl('{"text": "a", "meta": {"n": -Infinity}}'), refused("-Infinity")),
    Case(
        "an entity at a truth value",
        jsonl({"words": AB, "ents": [[0, True, "x"]]}),
        refused("True"),
    ),
    Case("an entity at a fraction", jsonl({"words": AB, "ents": [[0, 1.0, "x"]]}), refused("1.0")),
    Case("an entity below zero", jsonl({"words": AB, "ents": [[-1, 1, "x"]]}), refused("range")),
    Case("a fraction as a word", jsonl({"words": [1.5]}), refused("1.5", "expected str")),
    Case("no word as a word", jsonl({"words": ["a", None]}), refused("words contains None")),
    # Sentence starts
    Case(
        "a sentence start that is no list",
        jsonl({"words": AB, "meta": {"sent_starts": 0}}),
        refused("line 1", "meta.sent_starts is 0, expected a list"),
    ),
    Case(
        "sentence starts without the first word",
        jsonl({"words": AB, "meta": {"sent_starts": [1]}}),
        refused("expected 0 in it"),
    ),
    Case(
        "no sentence starts",
        jsonl({"words": AB, "meta": {"sent_starts": []}}),
        refused("expected 0 in it", "Leave the key out"),
    ),
    Case(
        "sentence starts that are truth values",
        jsonl({"words": AB, "meta": {"sent_starts": [True, False]}}),
        refused("has True"),
    ),
    Case(
        "sentence starts without words",
        jsonl({"text": "a b", "meta": {"sent_starts": [0]}}),
        refused("meta.sent_starts refers to tokens"),
    ),
    Case("meta that is no object", jsonl({"words": AB, "meta": 3}), refused("meta is 3")),
    # JSON
    Case("deep nesting", jsonl('{"x": ' + "[" * 100_000), refused("line 1", "nested too deep")),
    Case("an array of objects", jsonl('[{"text": "a"}]'), refused("list", "one object a line")),
    Case("an object over lines", jsonl('{"text":\n"a"}'), refused("line 1", "invalid JSON")),
    Case("two objects in a line", jsonl('{"text": "a"} {"text": "b"}'), refused("Extra data")),
    Case("text and words that differ", jsonl({"text": "ab", "words": ["a", "c"]}), refused("'ac'")),
    Case("a value that is long", jsonl({"text": ["w"] * 9999}), Refused("text is ['w',", "...")),
    # Morphology
    Case(
        "a feature of two values",
        conllu(feats="A=B=C"),
        refused("a.conllu, line 1", "FEATS 'A=B=C'", "Name=Value"),
    ),
    Case("a feature without a value", conllu(feats="A="), refused("FEATS 'A='")),
    Case("a feature without a name", conllu(feats="=B"), refused("FEATS '=B'")),
    Case("a bar behind features", conllu(feats="A=B|"), refused("FEATS 'A=B|'", "''")),
    Case("a feature twice", conllu(feats="A=B|A=C"), refused("has A twice", "A=A,B")),
    Case(
        "a feature of several values",
        conllu(lambda done: str(done.docs[0][0].morph), feats="A[x]=B,C|B=1"),
        Gives("A[x]=B,C|B=1"),
    ),
    Case("a blank XPOS", conllu(xpos=" "), refused("a.conllu, line 1", "XPOS ' '")),
    Case("a dependency with a space", conllu(head="0", deprel="x "), refused("DEPREL 'x '")),
    Case("a part of speech of spaces", conllu(upos="NOUN "), refused("UPOS 'NOUN '")),
    Case("a form of a no-break space", conllu(form="\u00a0"), Gives([["\u00a0"]])),
    Case(
        "a tag of a no-break space",
        iob("a NN O\nb \u00a0 O\n", tag_column=1, ner_column=2),
        refused("a.iob, line 2", "the tag '\\xa0'"),
    ),
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
        refused("2 columns 't'", "Give the index"),
    ),
    Case(
        "a word column far away",
        iob("a O\n", word_column=10**30),
        refused("'word_column' is 1000", "too large"),
    ),
    Case("a tag column before the first", iob("a O\n", ner_column=-3), refused("no column -3")),
    Case("an empty separator of labels", csv("a,x\n", multilabel=""), refused("multilabel is ''")),
    Case("an empty delimiter", csv("a,x\n", delimiter=""), refused("delimiter is ''", "'tsv'")),
    Case("a quote as the delimiter", csv("a,x\n", delimiter='"'), refused("no quote")),
    Case("a line end as the delimiter", csv("a,x\n", delimiter="\n"), refused("no line end")),
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
    # Headers and comments of column files
    Case("a header, guessed", iob("Word\tTag\nRome\tB-x\n", ents), Gives([("Rome", "x")])),
    Case("a header, asked for", iob("w\tt\nRome\tB-x\n", header=True), Gives([["Rome"]])),
    Case(
        "a header that is denied",
        iob("word\ttag\nRome\tB-x\n", header=False),
        refused("a.iob, line 1", "'tag' is no entity tag"),
    ),
    Case(
        "a header without usual names",
        iob("w\tt\nRome\tB-x\n"),
        refused("a.iob, line 1", "'t'", "say that there is a header"),
    ),
    Case("a header of a .tsv", tsv("token\tner\nRome\tB-x\n", ents), Gives([("Rome", "x")])),
    Case(
        "a header of spaces, by content", File("a.conll", "word tag\nRome B-x\n"), Gives([["Rome"]])
    ),
    Case("a header is told", iob("word tag\nRome O\n", taken), says("header: line 1: word, tag")),
    Case("words like a header", iob("word\tO\ntoken\tO\n"), Gives([["word", "token"]])),
    Case("comments, guessed", iob("# id = 5\nRome B-x\n"), Gives([["Rome"]])),
    Case("comments of a .tsv", tsv("# id = 5\nRome\tB-x\n"), Gives([["Rome"]])),
    Case("comments, asked for", iob("% O\nRome O\n", comment="%"), Gives([["Rome"]])),
    Case("comments that look like rows", iob("#x O\na O\n", comment="#"), Gives([["a"]])),
    Case("words that look like comments", iob("# O\n#tag B-x\n"), Gives([["#", "#tag"]])),
    Case(
        "a comment without a space",
        iob("a O\n#id\n"),
        refused("a.iob, line 2", "1 columns, expected 2", "comment '#'"),
    ),
    Case("comments are counted", iob("# a\n# b\nx\tO\n", taken), says("2 lines")),
    # Several tags in one column
    Case(
        "two tags by a comma",
        iob("a\tO\nb\tB-a,B-b\n"),
        refused("a.iob, line 2", "'B-a,B-b' holds several tags", "Expected one"),
    ),
    Case("two tags by a bar", iob("a\tB-a|I-b\n"), refused("line 1", "several tags")),
    Case("a tag and none", iob("a\tO\nb\tB-a,O\n"), refused("line 2", "several tags")),
    Case("none and a tag", iob("a\tO\nb\tO|B-a\n"), refused("line 2", "several tags")),
    Case("two tags of a .tsv", tsv("a\tO\n\nb\tB-a,B-b\n"), refused("line 3", "several tags")),
    Case("a label with a comma", iob("a\tB-x,y\n", ents), Gives([("a", "x,y")])),
    Case("a label with a hyphen", iob("a\tB-B-x\n", ents), Gives([("a", "B-x")])),
    # What "auto" takes files for
    Case(
        "words and tags below a blank line", tsv("\n" + POS_COLUMNS), refused("one word", "line 5")
    ),
    Case("a blank line above and below", tsv("\nRome\tx\n\n"), Gives([["Rome"]])),
    Case(
        "words and tags as texts", tsv(POS_COLUMNS), refused("a.tsv", "one word", "line 4", "iob")
    ),
    Case(
        "words and tags of a .csv", csv("Rome,B-x\nis,O\n"), refused("entity tags: B-x, O", "iob")
    ),
    Case("tags within a .tsv", tsv("Rome\tB-x\tNNP\n\nis\tO\tVBZ\n"), refused("one word", "'iob'")),
    Case(
        "many texts of one word", tsv(MANY_WORDS), refused("12 of 12 texts are one word", "'tsv'")
    ),
    Case(
        "many texts of one word, asked for",
        tsv(MANY_WORDS, lambda done: len(done.docs), format="tsv"),
        Gives(12),
    ),
    Case(
        "one-word texts with entity tags, asked for",
        tsv("Rome\tO\nBo\tO\n", cats, format="tsv"),
        Gives([{"O": 1.0}] * 2),
    ),
    Case("only outside, without blank lines", tsv("a\tO\nb\tO\n"), refused("entity tags: O")),
    Case(
        "a header with a usual name",
        tsv("phrase\tsentiment\ngood film\tpos\nbad film\tneg\n"),
        refused("a.tsv, line 1", "'sentiment'", "--no-header"),
    ),
    Case("a header of unusual names", tsv("a b\tc\n" + FILMS), refused("line 1", "'c'", "header")),
    Case(
        "a header above longer texts",
        csv("q,v\ngood film,pos\nbad film,neg\nnice try,fine\n"),
        refused("a.csv, line 1", "'v'", "'q'"),
    ),
    Case(
        "a header above few tags",
        tsv("word\tpos\nRome\tNNP\nis\tVBZ\n"),
        refused("a.tsv, line 1", "'pos'", "--header"),
    ),
    Case("a film that is good or bad", tsv("good film\tpos\nbad film\tneg\n", taken), says("tsv")),
    Case(
        "a header above numbers", csv("a b,c\ngood film,1\nbad film,0\n"), refused("line 1", "'c'")
    ),
    Case(
        "a header, denied",
        tsv("a b\tc\n" + FILMS, header=False, see=lambda d: len(d.docs)),
        Gives(6),
    ),
    Case(
        "a header, said", tsv("a b\tc\n" + FILMS, header=True, see=lambda d: len(d.docs)), Gives(5)
    ),
    Case(
        "a header, with the format",
        tsv("a b\tc\n" + FILMS, format="tsv", see=lambda d: len(d.docs)),
        Gives(6),
    ),
    Case(
        "numbers in front of words",
        tsv("# GermEval\n1\tRome\tB-x\tO\n2\tis\tO\tO\n\n1\tBo\tB-x\tO\n"),
        refused("a.tsv", "numbers, like '1'", "word_column"),
    ),
    Case(
        "numbers in front of words, with the column",
        tsv("1\tRome\tO\tB-x\n2\tis\tO\tO\n", ents, word_column=1),
        Gives([("Rome", "x")]),
    ),
    Case("numbers as words", iob("1 O\n2 O\n", format="iob"), Gives([["1", "2"]])),
    Case(
        "numbers in front of texts",
        tsv("1\tgood film\tpos\n2\tbad film\tneg\n"),
        refused("a.tsv", "numbers, like '1'", "--text-column"),
    ),
    Case(
        "labels in front of texts",
        tsv("pos\tgood film\nneg\tbad film\npos\tnice try\nneg\tdull one\n"),
        refused("repeated", "like 'pos'", "label_column"),
    ),
    Case(
        "labels in front of texts, with the columns",
        tsv("pos\tgood film\n" * 2, cats, text_column="1", label_column="0"),
        Gives([{"pos": 1.0}] * 2),
    ),
    Case(
        "an unusual header, by content",
        File("a.conll", "w t\nRome B-x\n", ents, {"header": True}),
        Gives([("Rome", "x")]),
    ),
    Case(
        "an unusual header, with the scheme",
        iob("w t\nRome B-x\n", scheme="bio"),
        refused("a.iob, line 1", "'t'", "say that there is a header"),
    ),
    Case("a table", tsv(FILMS, taken), says("tsv", "texts: column 0 of 2", "labels: column 1")),
    Case("a table with a header", csv("text,label\na b,x\n", taken), says("header: line 1")),
    Case("a table with blank lines", tsv("a b\tx\n\nc d\ty\n"), Gives([AB, ["c", "d"]])),
    Case("long words", tsv("".join(f"{'今' * 25}{i}\tx\n" for i in range(12)), taken), says("tsv")),
    Case("CoNLL-U named .tsv", File("a.tsv", conllu().content, taken), says("conllu")),
    Case(
        "texts with labels like tags",
        tsv("a good day\tB-x\nnot so good\tO\n"),
        refused("a.tsv", "most words contain spaces", "'tsv'"),
    ),
    Case(
        "a broken row tells what it was taken for",
        tsv("a\tO\n\nb\tI-x\tO\n"),
        refused("line 3", "3 columns", "'iob' was guessed", "entity tags"),
    ),
    Case(
        "columns are told", iob("a x B-y\n", taken), says("words: column 0", "tags: column 2 of 3")
    ),
    Case("why is told", File("a.x", "a\tO\n", taken), says("iob its first row ends in an entity")),
]


def write(given: File, folder: Path) -> Path:
    content = given.content
    source = folder / given.name
    source.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return source


def run(given: File, folder: Path) -> Any:
    source, target = write(given, folder), folder / "out.spacy"
    try:
        (summary,) = convert(source, target, **given.options).files
    except ConversionError:
        assert list(folder.iterdir()) == [source]
        raise
    return given.see(Done(load(target), summary))


def load(path: Path) -> List[Doc]:
    return list(DocBin().from_disk(path).get_docs(Vocab()))


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_file(case, tmp_path):
    check(case, lambda given: run(given, tmp_path))


def arguments(options: Dict[str, Any]) -> List[str]:
    """What says on the command line what these options say in Python."""
    found = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is None:
            found.append("--no-ner")
        elif isinstance(value, bool):
            found.append(flag if value else flag.replace("--", "--no-"))
        else:
            found.append(f"{flag}={','.join(value) if isinstance(value, list) else value}")
    return found


NUMBERS = ("n_sents", "word_column", "ner_column", "tag_column")
KINDS = {**dict.fromkeys(NUMBERS, int), "header": bool, "quotes": bool, "labels": list}


def can_be_typed(options: Dict[str, Any]) -> bool:
    """Whether the command line has a way to say this: it takes care of types itself."""
    return all(
        type(value) is KINDS.get(name, str)
        and value not in ([], [1])
        and not (isinstance(value, int) and abs(value) > 10**100)
        for name, value in options.items()
    )


@pytest.fixture
def command(tmp_path, monkeypatch) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "1000")
    return lambda *args: CliRunner().invoke(app, ["mtl", "convert", *map(str, args)])


# All that has an option or tells something, and no more: a command takes its time.
TYPED = [
    case
    for case in CASES
    if (case.given.options or case.given.see in (taken, left_out))
    and can_be_typed(case.given.options)
]


@pytest.mark.parametrize("case", TYPED, ids=name_of)
def test_command_says_the_same(case, tmp_path, command):
    write(case.given, tmp_path)
    result = command(case.given.name, "out.spacy", *arguments(case.given.options))
    output = " ".join(result.output.split())
    if isinstance(case.answer, Refused):
        assert result.exit_code == 1, output
        assert isinstance(result.exception, SystemExit)
        check_message(output, tuple(" ".join(part.split()) for part in case.answer.says))
        assert not (tmp_path / "out.spacy").exists()
    else:
        assert result.exit_code == 0, output
        assert re.search(r"Format: \w+ \(.+\)", output)
        assert (tmp_path / "out.spacy").exists()


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    # Its name may not be long.
    here = os.getcwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(path.name)
    os.chdir(here)


def link(to: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(to)


def hard_link(to: str) -> Callable[[Path], None]:
    return lambda path: os.link(path.parent / to, path)


def folder_link(to: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(to, target_is_directory=True)


def make_folder(path: Path) -> None:
    path.mkdir()


JSON = '{"text": "a"}\n'
OLD = DocBin(docs=[Doc(Vocab(), words=["old"])]).to_bytes()


@dataclass
class Folder:
    """What stands in a folder: texts, bytes, or what makes it; and what is asked for there.

    format (str): The format; by default that of the files of JSON lines.
    """

    files: Dict[str, Any]
    inputs: List[str]
    output: str
    format: str = "jsonl"


LOST = ("is the input", "would be lost", "Give another output")
NO_FILE = "expected a regular file, found a "

FOLDER_CASES = [
    Case("the input itself", Folder({"a.spacy": JSON}, ["a.spacy"], "a.spacy"), refused(*LOST)),
    Case(
        "the input itself, guessed",
        Folder({"a.spacy": JSON}, ["a.spacy"], "a.spacy", "auto"),
        refused("a.spacy", *LOST),
    ),
    Case("no .spacy file", Folder({"a.jsonl": JSON}, ["a.jsonl"], "a.jsonl"), refused("no folder")),
    Case(
        "the input by another path",
        Folder({"a.spacy": JSON, "d": make_folder}, ["a.spacy"], "d/../a.spacy"),
        refused(*LOST),
    ),
    Case("the input's folder", Folder({"a.spacy": JSON}, ["a.spacy"], "."), refused(*LOST)),
    Case(
        "a link to the input",
        Folder({"a.jsonl": JSON, "b.spacy": link("a.jsonl")}, ["a.jsonl"], "b.spacy"),
        refused("b.spacy", *LOST),
    ),
    Case(
        "the input is a link to the output",
        Folder({"b.spacy": JSON, "a.jsonl": link("b.spacy")}, ["a.jsonl"], "b.spacy"),
        refused("b.spacy", *LOST),
    ),
    Case(
        "a hard link",
        Folder({"a.jsonl": JSON, "b.spacy": hard_link("a.jsonl")}, ["a.jsonl"], "b.spacy"),
        refused(*LOST),
    ),
    Case(
        "a link to the folder",
        Folder({"in/a.spacy": JSON, "out": folder_link("in")}, ["in/a.spacy"], "out"),
        refused("out/a.spacy", *LOST),
    ),
    Case(
        "an input of a folder",
        Folder({"in/a.jsonl": JSON, "in/b.spacy": JSON}, ["in"], "in", "auto"),
        refused("in/b.spacy", *LOST),
    ),
    Case(
        "another input of the call",
        Folder(
            {"a.jsonl": JSON, "b.jsonl": JSON, "out/a.spacy": link("../b.jsonl")},
            ["a.jsonl", "b.jsonl"],
            "out",
        ),
        refused("a.spacy", "b.jsonl", "lost"),
    ),
    Case(
        "a file of a split",
        Folder(
            {"t/seq.in": "a\n", "t/seq.out": "O\n", "t/label": "x\n", "b.spacy": link("t/label")},
            ["t"],
            "b.spacy",
            "seq",
        ),
        refused("b.spacy", "label", *LOST),
    ),
    Case(
        "some other file",
        Folder({"a.jsonl": JSON, "b.spacy": "my notes"}, ["a.jsonl"], "b.spacy"),
        refused("b.spacy", "exists and is no .spacy file", "remove it"),
    ),
    Case(
        "some other file that is linked",
        Folder({"a.jsonl": JSON, "n": "x", "b.spacy": link("n")}, ["a.jsonl"], "b.spacy"),
        refused("b.spacy", "no .spacy file"),
    ),
    Case(
        "some other file in the folder",
        Folder({"a.jsonl": JSON, "out/a.spacy": b"\x89PNG"}, ["a.jsonl"], "out"),
        refused("out/a.spacy", "no .spacy file"),
    ),
    Case(
        "a folder in the folder",
        Folder(
            {"a.jsonl": JSON, "b.jsonl": JSON, "out": make_folder, "out/b.spacy": make_folder},
            ["a.jsonl", "b.jsonl"],
            "out",
        ),
        refused("b.spacy", "found a folder"),
    ),
    Case(
        "a pipe as the output",
        Folder({"a.jsonl": JSON, "b.spacy": make_pipe}, ["a.jsonl"], "b.spacy"),
        refused("b.spacy", "no .spacy file"),
    ),
    Case(
        "a device as the output",
        Folder({"a.jsonl": JSON}, ["a.jsonl"], "/dev/null"),
        refused("no folder"),
    ),
    Case(
        "a link to nowhere as the folder",
        Folder({"a.jsonl": JSON, "out": link("gone")}, ["a.jsonl"], "out"),
        refused("out: exists and is no folder"),
    ),
    Case(
        "two outputs that are one",
        Folder(
            {"a.jsonl": JSON, "b.jsonl": JSON, "out/a.spacy": OLD, "out/b.spacy": link("a.spacy")},
            ["a.jsonl", "b.jsonl"],
            "out",
        ),
        refused("both go to", "one by one"),
    ),
    Case(
        "the same input twice", Folder({"a.jsonl": JSON}, ["a.jsonl"] * 2, "out"), refused("both")
    ),
    Case(
        "a folder below a file",
        Folder({"a.jsonl": JSON}, ["a.jsonl"], "a.jsonl/b.spacy"),
        refused("a.jsonl", "cannot be read or written"),
    ),
    Case(
        "a name that is too long",
        Folder({"a.jsonl": JSON}, ["a.jsonl"], "b" * 300 + ".spacy"),
        refused("cannot be read or written", "too long"),
    ),
    Case("a NUL in the name", Folder({"a.jsonl": JSON}, ["a.jsonl"], "b\0"), refused("NUL")),
    Case(
        "a pipe", Folder({"p.jsonl": make_pipe}, ["p.jsonl"], "b.spacy"), refused(NO_FILE + "pipe")
    ),
    Case(
        "a pipe, guessed",
        Folder({"p.x": make_pipe}, ["p.x"], "b.spacy", "auto"),
        refused("p.x: " + NO_FILE + "pipe", "Save what it gives first"),
    ),
    Case(
        "a link to a pipe",
        Folder({"p": make_pipe, "a.jsonl": link("p")}, ["a.jsonl"], "b.spacy", "auto"),
        refused("a.jsonl", NO_FILE + "pipe"),
    ),
    Case("a device", Folder({}, ["/dev/zero"], "b.spacy", "auto"), refused(NO_FILE + "device")),
    Case("a device, asked for", Folder({}, ["/dev/zero"], "b.spacy"), refused(NO_FILE + "device")),
    Case("a socket", Folder({"s": make_socket}, ["s"], "b.spacy"), refused(NO_FILE + "socket")),
    Case(
        "a pipe in a split",
        Folder(
            {"t/seq.in": "a\n", "t/seq.out": "O\n", "t/label": make_pipe}, ["t"], "b.spacy", "seq"
        ),
        refused("label: " + NO_FILE + "pipe"),
    ),
    Case(
        "a folder with nothing but a pipe",
        Folder({"d": make_folder, "d/p.jsonl": make_pipe}, ["d"], "out"),
        refused("no file of the format 'jsonl'"),
    ),
    Case(
        "a folder with a pipe",
        Folder({"d/a.jsonl": JSON, "d/p.jsonl": make_pipe, "d/q": make_pipe}, ["d"], "out", "auto"),
        Gives(["p.jsonl", "q"]),
    ),
    Case(
        "a folder with a pipe, asked for",
        Folder({"d/a.jsonl": JSON, "d/p.jsonl": make_pipe}, ["d"], "out"),
        Gives(["p.jsonl"]),
    ),
    Case(
        "a folder with a link to nowhere",
        Folder({"d/a.jsonl": JSON, "d/b.jsonl": link("gone"), "d/c": link("c")}, ["d"], "out"),
        Gives(["b.jsonl", "c"]),
    ),
    Case(
        "a link to nowhere", Folder({"a": link("gone")}, ["a"], "b.spacy"), refused("no such file")
    ),
    Case(
        "an earlier output",
        Folder({"a.jsonl": JSON, "b.spacy": OLD}, ["a.jsonl"], "b.spacy"),
        Gives([]),
    ),
    Case(
        "an earlier output that was cut short",
        Folder({"a.jsonl": JSON, "b.spacy": OLD[:-20]}, ["a.jsonl"], "b.spacy"),
        Gives([]),
    ),
    Case(
        "an empty output",
        Folder({"a.jsonl": JSON, "b.spacy": ""}, ["a.jsonl"], "b.spacy"),
        Gives([]),
    ),
    Case(
        "an earlier output in the input's folder",
        Folder({"d/a.jsonl": JSON, "d/a.spacy": OLD}, ["d"], "d", "auto"),
        Gives(["a.spacy"]),
    ),
]


def fill(folder: Path, files: Dict[str, Any]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


def contents(folder: Path) -> Dict[str, Any]:
    return {
        str(path): os.readlink(path) if path.is_symlink() else path.is_file() and path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("case", FOLDER_CASES, ids=name_of)
def test_folder(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill(tmp_path, case.given.files)
    before = contents(tmp_path)

    def run(given: Folder) -> List[str]:
        conversion = convert(given.inputs, given.output, format=given.format)
        return [path.name for path in conversion.skipped]

    check(case, run)
    if isinstance(case.answer, Refused):
        assert contents(tmp_path) == before


def test_an_output_that_is_a_link_stays_one(tmp_path):
    fill(tmp_path, {"a.jsonl": JSON, "real.spacy": OLD, "b.spacy": link("real.spacy")})
    convert(tmp_path / "a.jsonl", tmp_path / "b.spacy")
    assert (tmp_path / "b.spacy").is_symlink()
    assert [doc.text for doc in load(tmp_path / "real.spacy")] == ["a"]


def test_an_earlier_output_of_any_size_is_known(tmp_path):
    fill(tmp_path, {"a.jsonl": "".join(f'{{"text": "w{i} x"}}\n' for i in range(3000))})
    for _ in range(2):
        convert(tmp_path / "a.jsonl", tmp_path / "b.spacy")


def test_names_that_are_no_utf8(tmp_path, command):
    os.symlink("gone", os.fsencode(tmp_path) + b"/\xff.jsonl")
    (tmp_path / "a.jsonl").write_text(JSON)
    result = command(".", "out")
    assert result.exit_code == 0, result.output
    assert "Skipped" in result.output


ROWS = 20_000


@pytest.mark.parametrize(
    "head,refusal",
    [
        (lambda i: i - 1, None),
        (lambda i: (i + 1) % (ROWS + 1), None),
        (lambda i: i % ROWS + 1, "form a cycle"),
        (lambda i: ROWS if i == ROWS - 1 else i + 1 if i < ROWS else i - 1, f"line {ROWS - 1}"),
    ],
    ids=["from the first", "to the last", "a cycle of all", "a cycle at the end"],
)
def test_a_long_sentence_is_checked_in_linear_time(tmp_path, head, refusal):
    rows = [f"{i}\tw\t_\t_\t_\t_\t{head(i)}\tx\t_\t_\n" for i in range(1, ROWS + 1)]
    answer = refused(refusal) if refusal else Gives([ROWS])
    given = File("a.conllu", "".join(rows), lambda done: [len(doc) for doc in done.docs])
    check(Case("long", given, answer), lambda given: run(given, tmp_path))


WHOLE = {
    "a.conllu": (
        "# newdoc id = a\n# global.Entity = GRP-etype-minspan-identity\n# genre = x\n"
        "1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n"
        "1\tdo\tdo\tAUX\tVB\tA=b|C=d\t0\troot\t_\tEntity=(1-person-1-Do)\n"
        "2\tn't\tnot\tPART\tRB\t_\t1\tadvmod\t_\tSpaceAfter=No\n\n"
    ),
    "a.iob": "-DOCSTART- O\n\nRome NNP B-x\nis VBZ O\n\n\u00e9 NN O\n",
    "a.tsv": "text\tlabel\ngood film\tpos\nbad \u00e9\tneg\n",
    "a.csv": '"good, film",pos\nbad \u00e9,neg\n',
    "a.jsonl": (
        '{"words": ["a", "\\u00e9"], "spaces": [true, false], "tags": ["x", null], '
        '"ents": [[0, 2, "y"]], "cats": {"z": 1.0}, "meta": {"sent_starts": [0]}}\n'
    ),
    "a.x": "word\ttag\nRome\tB-x\n",
}


def broken(data: bytes) -> List[bytes]:
    chance = random.Random(0)
    cut = [data[:end] for end in range(0, len(data), 5)]
    flipped = []
    for _ in range(60):
        changed = bytearray(data)
        for _ in range(chance.choice((1, 1, 3))):
            changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        flipped.append(bytes(changed))
    return cut + flipped


def check_place(error: ConversionError, folder: Path) -> None:
    assert str(error).startswith(str(folder))


@pytest.mark.parametrize("name", WHOLE)
def test_broken_bytes_give_an_error_or_a_conversion(tmp_path, name):
    source, target = tmp_path / name, tmp_path / "out" / "a.spacy"
    n_converted = 0
    for data in [WHOLE[name].encode("utf-8"), *broken(WHOLE[name].encode("utf-8"))]:
        source.write_bytes(data)
        try:
            convert(source, target)
        except ConversionError as err:
            check_place(err, tmp_path)
            assert not target.exists()
        else:
            assert load(target)
            target.unlink()
            n_converted += 1
        assert not target.parent.exists() or not list(target.parent.iterdir())
    assert n_converted


@pytest.mark.parametrize("name", ["seq.in", "seq.out", "label"])
def test_broken_bytes_of_a_split(tmp_path, name):
    files = {"seq.in": "go to rome\n", "seq.out": "O O B-x\n", "label": "Go\n"}
    fill(tmp_path / "t", files)
    for data in broken(files[name].encode()):
        (tmp_path / "t" / name).write_bytes(data)
        try:
            convert(tmp_path / "t", tmp_path / "b.spacy")
        except ConversionError as err:
            check_place(err, tmp_path)
        else:
            (tmp_path / "b.spacy").unlink()
        assert [path.name for path in tmp_path.iterdir()] == ["t"]
