"""Functions and factories that are known without imports."""

from spacy_mtl.deploy.registered import has_factory, has_function, register_own


def test_functions_of_spacy_by_name() -> None:
    register_own("ja")
    known = [
        ("architectures", "spacy.TransitionBasedParser.v2"),
        ("architectures", "spacy.Tok2Vec.v1"),  # in spacy-legacy, under spaCy's name
        ("tokenizers", "spacy.ja.JapaneseTokenizer"),
        ("loggers", "spacy.WandbLogger.v5"),
        ("optimizers", "Adam.v1"),
        ("layers", "spacy.extract_spans.v1"),
        ("misc", "spacy.ngram_suggester.v1"),
        ("span_getters", "spacy-transformers.doc_spans.v1"),
    ]
    assert [each for each in known if not has_function(*each)] == []
    assert not has_function("architectures", "spacy.Tok2Vec.v99")
    assert not has_function("get", "x")
    assert not has_function("no_such_registry", "x")
    stock = ["ner", "parser", "textcat", "sentencizer", "entity_linker", "transformer", "mtl"]
    assert [each for each in stock if not has_factory(each, "en")] == []
    assert not has_factory("no_such_factory", "en")
