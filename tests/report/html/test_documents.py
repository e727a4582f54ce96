"""Documents as displaCy shows them."""

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_mtl.report.html.documents import show_document


def make(n_repeats: int = 1) -> Doc:
    words = ["<i>Bo</i>", "runs", "&"] * n_repeats
    doc = Doc(Vocab(), words=words, tags=["<b>", "VBZ", "SYM"] * n_repeats)
    doc.set_ents([Span(doc, 0, 1, "<PER>")])
    doc.spans["sc"] = [Span(doc, 1, 3, "A"), Span(doc, 1, 2, "B")]
    doc.cats = {"a": 0.25, "<c>": 0.75}
    return doc


def test_text_and_labels_are_escaped() -> None:
    shown = show_document(make(), 3)
    for markup in (shown.entities, shown.tags):
        assert "<i>" not in markup
        assert "<b>" not in markup
        assert "&lt;i&gt;Bo&lt;/i&gt;" in markup
    assert "&lt;PER&gt;" in shown.entities
    assert "&lt;b&gt;" in shown.tags
    assert 'id="document-3"' in shown.tags
    assert list(shown.categories) == ["<c>", "a"]
    assert not shown.is_cut


def test_long_and_empty_documents() -> None:
    shown = show_document(make(100), 0)
    assert shown.is_cut
    assert shown.entities.count("runs") < 100 * 2
    empty = show_document(Doc(Vocab()), 0)
    assert (empty.tags, empty.categories, empty.is_cut) == ("", {}, False)
