import pytest

from spacy_mtl.corpus.convert import ConversionError

HEADER = "# global.Entity = GRP-etype-infstat-minspan-link-identity\n"


def conllu(words, header=HEADER):
    """A sentence of rows with (form, XPOS, Entity value)."""
    rows = []
    for i, (form, tag, entity) in enumerate(words, 1):
        misc = f"Entity={entity}|XML=x" if entity else "_"
        rows.append("\t".join([str(i), form, "_", "_", tag, "_", "_", "_", "_", misc]))
    return header + "\n".join(rows) + "\n\n"


def ents(convert_text, words, **options):
    (doc,) = convert_text(conllu(words), "a.conllu", **options)
    assert doc.has_annotation("ENT_IOB", require_complete=True)
    return [(ent.text, ent.label_) for ent in doc.ents]


def test_linked_mention_with_a_name_as_head(convert_text):
    words = [
        ("the", "DT", "(1-place-new-2-coref-Paris"),
        ("Paris", "NNP", ""),
        ("region", "NN", "1)"),
        ("it", "PRP", "(1-place-giv-1-ana-Paris)"),
        ("the", "DT", "(1-place-giv-2-coref-Paris"),
        ("city", "NN", "1)"),
        ("Bo", "NNP", "(2-person-new-1-sgl)"),
    ]
    assert ents(convert_text, words) == [("the Paris region", "place")]


def test_proper_noun_by_upos(convert_text):
    text = conllu([("Paris", "X", "(1-place-new-1-coref-Paris)")]).replace("\t_\tX", "\tPROPN\tX")
    assert [ent.label_ for ent in convert_text(text, "a.conllu")[0].ents] == ["place"]


def test_hyphens_in_the_identity(convert_text):
    assert ents(convert_text, [("C", "NNP", "(1-event-new-1-coref-COVID-19-x)")]) == [
        ("C", "event")
    ]


def test_outermost_of_nested_names(convert_text):
    words = [
        ("Bank", "NNP", "(1-organization-new-1-sgl-Bank"),
        ("of", "IN", ""),
        ("Spain", "NNP", "(2-place-new-1-sgl-Spain)1)"),
        ("Rome", "NNP", "(3-place-new-1-sgl(4-place-new-1-sgl-Rome)3)"),
    ]
    expected = [("Bank of Spain", "organization"), ("Rome", "place")]
    assert ents(convert_text, words) == expected


def test_name_within_a_nominal_is_kept(convert_text):
    words = [
        ("mayor", "NN", "(1-person-new-1-sgl-Bo"),
        ("of", "IN", ""),
        ("Rome", "NNP", "(2-place-new-1-sgl-Rome)1)"),
    ]
    assert ents(convert_text, words) == [("Rome", "place")]


def test_sentence_without_names_is_annotated(convert_text):
    assert ents(convert_text, [("a", "DT", "")]) == []


def test_piece_of_a_discontinuous_mention_is_not_a_name(convert_text):
    words = [("A", "NNP", "(1[1/2]-place-new-1-sgl-A)"), ("B", "NNP", "(1[2/2]-place-new-1-sgl-A)")]
    assert ents(convert_text, words) == []


def test_mention_at_an_empty_node_is_not_a_name(convert_text):
    text = conllu([("A", "NNP", "")])[:-1]
    text += "1.1\tB\t_\t_\tNNP\t_\t_\t_\t_\tEntity=(1-place-new-1-sgl-B)\n\n"
    (doc,) = convert_text(text, "a.conllu")
    assert doc.ents == ()
    assert doc.has_annotation("ENT_IOB")


@pytest.mark.parametrize("header,entities", [(HEADER, "none"), ("", "auto"), ("", "none")])
def test_missing_where_names_are_not_read(convert_text, header, entities):
    text = conllu([("A", "NNP", "(1-place-new-1-sgl-A)")], header)
    (doc,) = convert_text(text, "a.conllu", entities=entities)
    assert not doc.has_annotation("ENT_IOB")


def test_missing_in_sentences_before_the_header(convert_text):
    text = conllu([("A", "NNP", "")], "") + conllu([("B", "NNP", "")])
    (doc,) = convert_text(text, "a.conllu", n_sents=2)
    assert [t.ent_iob_ for t in doc] == ["", "O"]


@pytest.mark.parametrize(
    "value,reason",
    [
        ("1)", "mention 1 is closed, but not open"),
        ("(1-place-new-1-sgl", "mention 1 is opened, but not closed"),
        (")", "closes no mention"),
        ("(1-place-new-1-sgl)2", "'2' neither opens nor closes"),
        ("(1-place-new-3-sgl-A)", "minimal span '3' of mention 1, expected numbers from 1 to 1"),
        ("(1-place-new-x-sgl-A)", "minimal span 'x'"),
    ],
)
def test_broken_brackets(convert_text, value, reason):
    with pytest.raises(ConversionError, match=f"a.conllu, line 2: .*{reason}"):
        convert_text(conllu([("A", "NNP", value)]), "a.conllu")


def test_gum_without_header(convert_text):
    with pytest.raises(ConversionError, match="line 1: no `# global.Entity` header"):
        convert_text(conllu([("A", "NNP", "")], ""), "a.conllu", entities="gum")
