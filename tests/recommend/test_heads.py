"""Which heads suit what corpora annotate."""

from pathlib import Path
from typing import Any, List, Sequence

import pytest
from small_corpora import write_corpus

from spacy_mtl.recommend.heads import choose_heads, doubts, factories_to_count, learns_transitions
from spacy_mtl.recommend.recommend import silently
from spacy_mtl.recommend.survey import Facts, corpus_names, survey, survey_pipeline

ABC = ("a", "b", "c")


@pytest.fixture
def corpora_of(tmp_path: Path) -> Any:
    """Survey corpora: corpora_of(news={"tags": "NN"}, web={"cats": "ab"})."""

    def make(wished: Sequence[str] = (), **corpora: Any) -> List[Facts]:
        names = list(corpora)
        paths = [write_corpus(tmp_path / f"{name}.spacy", **corpora[name]) for name in names]
        factories = factories_to_count([task for task in wished if task not in names])
        nlp = survey_pipeline("en", factories)
        return survey(nlp, [(path, path) for path in paths], list(factories), silently)

    return make


def test_what_a_corpus_annotates(corpora_of: Any) -> None:
    (facts,) = corpora_of(all={"tags": "NN", "ents": "PER", "cats": ABC, "lemmas": "l"})
    assert (facts.n_texts, facts.n_words, facts.n_longest, facts.n_resplit) == (8, 32, 4, 0)
    assert facts.dev_counts.n_tokens == 32
    assert dict(facts.of("tagger").labels) == {"X": 16, "NN": 16}
    assert dict(facts.of("textcat").labels) == {"a": 3, "b": 3, "c": 2}
    choice = choose_heads((), [facts])
    assert [(head.name, head.factory) for head in choice.heads] == [
        ("tagger", "mtl_tagger"),
        ("ner", "mtl_ner"),
        ("textcat", "mtl_textcat"),
    ]
    assert choice.notes == ["8 texts also have lemmas: for trainable_lemmatizer."]
    assert [head.name for head in choose_heads(["ner"], [facts]).heads] == ["ner"]


def test_several_categories(corpora_of: Any) -> None:
    (facts,) = corpora_of(all={"cats": (*ABC, "+")})
    assert facts.n_not_one == 8
    (head,) = choose_heads((), [facts]).heads
    assert head.factory == "mtl_textcat_multilabel"
    with pytest.raises(ValueError, match="'textcat' needs one category per text, but 8 texts"):
        choose_heads(["textcat"], [facts])
    assert choose_heads(["textcat_multilabel"], [facts]).heads == [head]


def test_a_head_for_each_set_of_categories(corpora_of: Any) -> None:
    corpora = corpora_of(one={"cats": "ab"}, two={"cats": "bc"}, three={"cats": "xyz"})
    found = choose_heads((), corpora).heads
    assert [(head.name, head.corpora) for head in found] == [
        ("one", ("one", "two")),
        ("three", ("three",)),
    ]
    assert [head.name for head in choose_heads(["three"], corpora).heads] == ["three"]


def test_labels_that_differ(corpora_of: Any) -> None:
    """One set of entities per text: the largest corpus wins, and the others are named."""
    corpora = corpora_of(
        small={"ents": "PER"}, large={"ents": "LOC", "n_texts": 20}, more={"ents": "LOC"}
    )
    choice = choose_heads((), corpora)
    (head,) = choice.heads
    assert (head.name, head.corpora) == ("ner", ("large", "more"))
    (note,) = choice.notes
    assert "'ner' doesn't learn from small, whose labels differ from those of large and" in note


def test_stock_components(corpora_of: Any) -> None:
    (facts,) = corpora_of(["parser", "ner"], all={"ents": "A", "deps": "dep", "heads": 0})
    choice = choose_heads(["parser", "ner"], [facts])
    assert [head.factory for head in choice.heads] == ["parser", "mtl_ner"]
    assert choice.notes == []


@pytest.mark.parametrize(
    ("wished", "says"),
    [
        (["ner"], "No corpus annotates 'ner'. They have tags. Leave it out of --pipeline"),
        (["taggr"], "There is no head 'taggr'. Did you mean 'tagger'"),
        (["paser"], "There is no head 'paser'. Did you mean 'parser'"),
    ],
)
def test_heads_that_cannot_be(corpora_of: Any, wished: List[str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        choose_heads(wished, corpora_of(wished, all={"tags": "NN"}))


def test_nothing_for_our_heads(corpora_of: Any) -> None:
    with pytest.raises(ValueError, match="annotate no tags, entities or categories, but lemmas"):
        choose_heads((), corpora_of(all={"lemmas": "l"}))


def test_nothing_at_all(corpora_of: Any) -> None:
    with pytest.raises(ValueError, match="or categories, but nothing else either. Specify"):
        choose_heads((), corpora_of(all={}))


def test_a_single_category(corpora_of: Any) -> None:
    """Exclusive categories need two: such a head could not be trained."""
    (head,) = choose_heads((), corpora_of(all={"cats": "a"})).heads
    assert head.factory == "mtl_textcat_multilabel"


def test_doubts(corpora_of: Any) -> None:
    tagged, bare = corpora_of(tagged={"tags": "NN"}, bare={})
    tagged.dev, tagged.dev_counts = bare.dev, bare.dev_counts
    found = list(doubts(choose_heads((), [tagged, bare]).heads, [tagged, bare]))
    assert [text.replace(f"{bare.dev}", "bare") for text in found] == [
        "bare does not annotate tagger: no score.",
        "bare is left out: it annotates none of the tasks.",
        "bare is to train and to score on: scores say nothing about new texts.",
    ]


def test_without_corpora() -> None:
    found = choose_heads((), []).heads
    assert [head.factory for head in found] == ["mtl_tagger", "mtl_ner", "mtl_textcat"]


@pytest.mark.parametrize(
    ("n_texts", "n_words", "optimize", "learns", "says"),
    [
        (10, 3, "accuracy", True, "as dense as slots"),
        (10, 30, "accuracy", True, "With as few as 300 words"),
        (600, 30, "accuracy", False, "gained nothing on corpora of this size"),
        (10, 3, "efficiency", False, "costs time"),
    ],
)
def test_transitions(
    corpora_of: Any, n_texts: int, n_words: int, optimize: str, learns: bool, says: str
) -> None:
    corpora = corpora_of(all={"ents": "A", "n_texts": n_texts, "n_words": n_words})
    found, why = learns_transitions(corpora, "ner", optimize)
    assert found is learns
    assert says in why


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["news.spacy", "web-train.spacy"], ["news", "web"]),
        (["gum/train.spacy", "ewt/train.spacy"], ["gum", "ewt"]),
        (["a/x.spacy", "b/x.spacy", "c/x.spacy"], ["x", "x_2", "x_3"]),
        (["conll2003.spacy", "b/conll2003.spacy"], ["conll2003", "conll2003_2"]),
        (["en_gum-ud-train.spacy"], ["en_gum_ud"]),
    ],
)
def test_names_of_corpora(paths: List[str], names: List[str]) -> None:
    assert corpus_names([Path(path) for path in paths]) == names
