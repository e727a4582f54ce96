"""Models of stock components that listen to `mtl`, and gold for all of them."""

from typing import Any, Callable, Dict, List

from spacy.language import Language
from spacy.training import Example
from tiny_corpus import make_examples

LISTENER = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
PARSER = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "parser",
    "extra_state_tokens": False,
    "hidden_width": 8,
    "maxout_pieces": 2,
    "use_upper": False,
    "tok2vec": LISTENER,
}
TAGGER = {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}
SPANCAT = {
    "@architectures": "spacy.SpanCategorizer.v1",
    "tok2vec": LISTENER,
    "reducer": {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 8},
    "scorer": {"@layers": "spacy.LinearLogistic.v1"},
}
ENSEMBLE = {
    "@architectures": "spacy.TextCatEnsemble.v2",
    "tok2vec": LISTENER,
    "linear_model": {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": True,
        "length": 64,
        "ngram_size": 1,
        "no_output_layer": False,
    },
}
STOCK: Dict[str, Any] = {
    "parser": PARSER,
    "morphologizer": TAGGER,
    "spancat": SPANCAT,
    "trainable_lemmatizer": TAGGER,
    "ner": {**PARSER, "state_type": "ner"},
    "tagger": TAGGER,
    "textcat": ENSEMBLE,
}
OURS = {"mtl_tagger": "our_tagger", "mtl_ner": "our_ner", "mtl_textcat": "our_textcat"}


def examples_for(nlp: Language, stock_gold: bool = True) -> List[Example]:
    """The tiny corpus with a parse, lemmas, morphology and span groups added."""
    examples = make_examples(nlp)
    for eg in examples:
        gold = eg.reference
        if not stock_gold:
            continue
        for token in gold:
            token.lemma_ = token.lower_.rstrip("s")
            token.pos_ = "NOUN" if token.i % 2 else "VERB"
            token.set_morph("Number=Sing" if token.i % 2 else "")
            token.head = gold[0]
            token.dep_ = "ROOT" if token.i == 0 else "dep"
        gold.spans["sc"] = list(gold.ents)
    return examples


def build_with(
    stock: str, encoder: Any, make_nlp: Callable, last: bool, **mtl_config: Any
) -> Language:
    nlp = make_nlp([], encoder=encoder, initialize=False, **mtl_config)
    # The parser lumps dependency labels together that it sees less often.
    settings = {"min_action_freq": 1} if stock == "parser" else {}
    if not last:
        nlp.add_pipe(stock, config={"model": STOCK[stock], **settings})
    for factory, name in OURS.items():
        nlp.add_pipe(factory, name=name)
    if last:
        nlp.add_pipe(stock, config={"model": STOCK[stock], **settings})
    nlp.initialize(lambda: examples_for(nlp))
    return nlp
