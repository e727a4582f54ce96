import pytest

from spacy_mtl.corpus.convert import ConversionError


def row(*columns):
    return "\t".join(columns)


FULL = "\n".join(
    [
        "# newdoc id = a",
        "# meta::genre = news",
        "# text = Bo can't go.",
        row("1", "Bo", "Bo", "PROPN", "NNP", "Number=Sing", "4", "nsubj", "_", "_"),
        row("2-3", "can't", "_", "_", "_", "_", "_", "_", "_", "_"),
        row("2", "ca", "can", "AUX", "MD", "_", "4", "aux", "_", "SpaceAfter=No"),
        row("3", "n't", "not", "PART", "RB", "_", "4", "advmod", "_", "_"),
        row("4", "go", "go", "VERB", "VB", "VerbForm=Inf", "0", "root", "_", "SpaceAfter=No"),
        row("4.1", "home", "home", "NOUN", "NN", "_", "_", "_", "_", "_"),
        row("5", ".", ".", "PUNCT", ".", "_", "4", "punct", "_", "_"),
        "",
        row("1", "Yes", "yes", "INTJ", "UH", "_", "0", "root", "_", "SpaceAfter=No"),
        "",
        "# newdoc id = b",
        "# meta::genre = chat",
        row("1", "Hm", "hm", "INTJ", "UH", "_", "0", "root", "_", "_"),
        "",
        "",
    ]
)


def bare(*rows):
    """A sentence of bare words, with the columns given per row: form=..., xpos=..., ..."""
    names = ["form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc"]
    lines = []
    for i, fields in enumerate(rows, 1):
        lines.append(row(str(i), *(fields.get(name, "_") for name in names)))
    return "\n".join(lines) + "\n\n"


def test_all_annotation_of_a_sentence(convert_text):
    doc = convert_text(FULL, "a.conllu")[0]
    assert [t.text for t in doc] == ["Bo", "ca", "n't", "go", "."]
    assert doc.text == "Bo can't go."
    assert [t.tag_ for t in doc] == ["NNP", "MD", "RB", "VB", "."]
    assert [t.pos_ for t in doc] == ["PROPN", "AUX", "PART", "VERB", "PUNCT"]
    assert [t.lemma_ for t in doc] == ["Bo", "can", "not", "go", "."]
    assert [str(t.morph) for t in doc] == ["Number=Sing", "", "", "VerbForm=Inf", ""]
    assert doc.has_annotation("MORPH", require_complete=True)
    assert [t.head.i for t in doc] == [3, 3, 3, 3, 3]
    assert [t.dep_ for t in doc] == ["nsubj", "aux", "advmod", "ROOT", "punct"]
    assert doc.cats == {}
    assert not doc.has_annotation("ENT_IOB")


def test_space_after_a_multiword_token_comes_from_its_range(convert_text):
    text = FULL.replace(
        "can't\t_\t_\t_\t_\t_\t_\t_\t_", "can't\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No"
    )
    assert convert_text(text, "a.conllu")[0].text == "Bo can'tgo."


@pytest.mark.parametrize(
    "n_sents,texts",
    [
        (1, ["Bo can't go.", "Yes", "Hm"]),
        (2, ["Bo can't go. Yes", "Hm"]),
        (5, ["Bo can't go. Yes", "Hm"]),
        (0, ["Bo can't go. Yes", "Hm"]),
    ],
)
def test_documents_have_n_sentences_and_do_not_cross_newdoc(convert_text, n_sents, texts):
    docs = convert_text(FULL, "a.conllu", n_sents=n_sents)
    assert [doc.text for doc in docs] == texts
    assert [s.text for doc in docs for s in doc.sents] == ["Bo can't go.", "Yes", "Hm"]


def test_heads_count_from_the_document_start(convert_text):
    doc = convert_text(FULL, "a.conllu", n_sents=2)[0]
    assert doc[5].head.i == 5
    assert doc[5].dep_ == "ROOT"


@pytest.mark.parametrize("prefix", ["meta::", ""])
def test_categories_list_all_labels_of_the_file(convert_text, prefix):
    docs = convert_text(FULL.replace("meta::", prefix), "a.conllu", n_sents=2, cats_from="genre")
    assert [doc.cats for doc in docs] == [{"chat": 0.0, "news": 1.0}, {"chat": 1.0, "news": 0.0}]


def test_a_document_without_the_metadata_has_no_category(convert_text):
    docs = convert_text(FULL.replace("# meta::genre = chat\n", ""), "a.conllu", cats_from="genre")
    assert [doc.cats for doc in docs] == [{"news": 1.0}, {"news": 1.0}, {}]


def test_documents_do_not_cross_a_change_of_the_category(convert_text):
    text = "# kind = x\n" + bare({"form": "a"}) + "# kind = y\n" + bare({"form": "b"})
    docs = convert_text(text, "a.conllu", n_sents=0, cats_from="kind")
    assert [doc.cats for doc in docs] == [{"x": 1.0, "y": 0.0}, {"x": 0.0, "y": 1.0}]


def test_underscores_are_missing_token_by_token(convert_text):
    text = bare({"form": "a", "xpos": "DT"}, {"form": "b", "upos": "NOUN"}, {"form": "_"})
    (doc,) = convert_text(text, "a.conllu")
    assert [t.tag for t in doc][1:] == [0, 0]
    assert doc[0].tag_ == "DT"
    assert [t.pos_ for t in doc] == ["", "NOUN", ""]
    assert [t.lemma_ for t in doc] == ["", "", "_"]
    for attr in ("MORPH", "DEP", "ENT_IOB"):
        assert not doc.has_annotation(attr)
    assert [t.is_sent_start for t in doc] == [True, False, False]


@pytest.mark.parametrize(
    "rows",
    [
        [{"head": "_"}, {"head": "0", "deprel": "root"}],
        [{"head": "0", "deprel": "root"}, {"head": "0", "deprel": "root"}],
    ],
)
def test_parse_that_would_break_sentences_is_left_out(convert_text, rows):
    text = bare(*({"form": "w", **fields} for fields in rows))
    (doc,) = convert_text(text, "a.conllu")
    assert not doc.has_annotation("DEP")
    assert [t.is_sent_start for t in doc] == [True, False]


def test_partial_parse_is_kept_where_it_can_be(convert_text):
    text = bare({"form": "a", "head": "0", "deprel": "root"}, {"form": "b"})
    (doc,) = convert_text(text, "a.conllu")
    assert [t.dep_ for t in doc] == ["ROOT", ""]
    assert [t.is_sent_start for t in doc] == [True, False]


WORD = row("1", "a", "_", "_", "_", "_", "_", "_", "_", "_")


@pytest.mark.parametrize(
    "text,line,reason",
    [
        (WORD + "\n2\tb\n", 2, "2 columns, expected 10"),
        (WORD + "\n" + WORD.replace("1", "3"), 2, "ID '3', expected 2"),
        (WORD.replace("\ta\t", "\t\t"), 1, "FORM. is empty"),
        ("1\ta\t_\tNN\t_\t_\t_\t_\t_\t_", 1, "UPOS 'NN' is not a part of speech"),
        ("1\ta\t_\t_\t_\tA=b|B\t_\t_\t_\t_", 1, "FEATS 'A=b.B' is neither a list of Name=Value"),
        ("1\ta\t_\t_\t_\t_\tx\t_\t_\t_", 1, "HEAD 'x' is neither"),
        ("1\ta\t_\t_\t_\t_\t2\t_\t_\t_", 1, "HEAD 2, but the sentence has 1 words"),
        ("1\ta\t_\t_\t_\t_\t1\t_\t_\t_", 1, "the heads of word 1 form a cycle"),
        ("2-3\tab\t_\t_\t_\t_\t_\t_\t_\t_", 1, "multiword token 2-3 does not fit"),
        ("1-2\tab\t_\t_\t_\t_\t_\t_\t_\t_\n" + WORD, 2, "ends within a multiword token"),
        ("# text = a\n\n", None, "there is no sentence"),
        ("# text = a\n# genre = x\n" + WORD, None, "no metadata comment 'kind'. There are: genre"),
    ],
)
def test_broken_files(convert_text, text, line, reason):
    options = {"cats_from": "kind"} if "genre" in text else {}
    place = f"a.conllu, line {line}: " if line else "a.conllu: "
    with pytest.raises(ConversionError, match=f"{place}.*{reason}"):
        convert_text(text, "a.conllu", **options)


@pytest.mark.parametrize("options", [{"n_sents": -1}, {"entities": "all"}])
def test_options_are_checked(convert_text, options):
    (name,) = options
    with pytest.raises(ConversionError, match=f"{name} is .* expected"):
        convert_text(WORD, "a.conllu", **options)
