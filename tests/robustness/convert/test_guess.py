"""How a file is read if no format is specified."""

import pytest
from cases import Case, Gives, name_of
from conversions import (
    File,
    cats,
    check_command,
    check_file,
    conllu,
    csv,
    ents,
    iob,
    refused,
    says,
    taken,
    tsv,
    typed,
)

AB = ["a", "b"]


# A column file that would become a table if only the suffix counted.
POS_COLUMNS = "Rome\tNNP\nis\tVBZ\nbig\tJJ\n\nBo\tNNP\nleft\tVBD\n"


MANY_WORDS = "".join(f"w{i}\tx{i % 3}\n" for i in range(12))


FILMS = "good film\tpos\nbad film\tneg\nnice try\tpos\ndull one\tneg\nfine by me\tpos\n"


CASES = [
    # Formats chosen by "auto"
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
        "many texts of one word, specified",
        tsv(MANY_WORDS, lambda done: len(done.docs), format="tsv"),
        Gives(12),
    ),
    Case(
        "one-word texts with entity tags, specified",
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
        "header=False",
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
        refused("a.iob, line 1", "'t'", "specify that there is a header"),
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
        "a broken row reports the guessed format",
        tsv("a\tO\n\nb\tI-x\tO\n"),
        refused("line 3", "3 columns", "'iob' was guessed", "entity tags"),
    ),
    Case(
        "columns are told", iob("a x B-y\n", taken), says("words: column 0", "tags: column 2 of 3")
    ),
    Case(
        "the reason is reported",
        File("a.x", "a\tO\n", taken),
        says("iob its first row ends in an entity"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_file(case, tmp_path):
    check_file(case, tmp_path)


@pytest.mark.parametrize("case", typed(CASES), ids=name_of)
def test_command_says_the_same(case, tmp_path, command):
    check_command(case, tmp_path, command)
