"""The page of an evaluation."""

from evaluated import STYLE, examples_of
from several_heads import build
from spacy.tokens import Doc, Span, Token
from spacy.training import Example

from spacy_mtl.evaluation.evaluation import evaluate
from spacy_mtl.report.html.evaluation import evaluation_page


def test_page() -> None:
    Token.set_extension(STYLE, default=None, force=True)
    nlp = build(tagger=("mtl_tagger", {}), ner=("mtl_ner", {}))
    nlp.initialize(lambda: examples_of(nlp))
    bare, gold = (Doc(nlp.vocab, words=["<i>Bo</i>", "runs"]) for _ in range(2))
    gold.set_ents([Span(gold, 0, 1, "PER")], default="outside")
    examples = [*examples_of(nlp), Example(bare, gold)]
    found = evaluate(nlp, examples, n_samples=20)
    page = evaluation_page(found, title="<pipeline>")
    assert page == evaluation_page(found, title="<pipeline>")
    assert "&lt;pipeline&gt;" in page
    assert "<i>" not in page
    assert "&lt;i&gt;Bo&lt;/i&gt;" in page
    assert page.count('class="heat"') == 1
    assert f"{100 * found.tasks['ner'].score:.2f}" in page
    assert "wrong type and borders" in page
    assert "<script" not in page
    Token.remove_extension(STYLE)
