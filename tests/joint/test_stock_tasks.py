"""Stock spaCy components as tasks, through a TaskListener."""

import warnings
from typing import Any, Callable, Dict, List

import numpy
import pytest
import spacy
from encoder_gradients import assert_close, encoder_gradient
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam
from tiny_corpus import make_examples
from tiny_pipelines import CNN, constant

# Heads of this package beside stock ones of the same kind are what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:The heads 'our_.* both set")

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


def build(stock: str, encoder: Any, make_nlp: Callable, last: bool, **mtl_config: Any) -> Language:
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


def step(nlp: Language, examples: List[Example], sgd: Any) -> Any:
    losses = nlp.update(examples, sgd=False)
    for _, pipe in nlp.pipeline:
        pipe.finish_update(sgd)
    return losses


@pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
@pytest.mark.parametrize("stock", list(STOCK))
def test_trains_jointly(make_nlp: Callable, encoder: Any, stock: str, last: bool) -> None:
    nlp = build(stock, encoder, make_nlp, last)
    sgd = Adam(0.01)
    before = nlp.get_pipe(stock).model.to_bytes()
    first = step(nlp, examples_for(nlp), sgd)
    for _ in range(30):
        latest = step(nlp, examples_for(nlp), sgd)
    assert nlp.get_pipe(stock).model.to_bytes() != before
    assert latest[stock] < first[stock]
    assert latest["mtl"] < first["mtl"]
    # Stock gradients are sums over tokens or parser states: unweighted, they weigh most.
    assert latest["our_tagger"] < first["our_tagger"]
    scores = nlp.evaluate(examples_for(nlp))
    reloaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert reloaded.evaluate(examples_for(reloaded))["tag_acc"] == scores["tag_acc"]


@pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
@pytest.mark.parametrize("stock", list(STOCK))
def test_gradient_is_the_weighted_sum(
    make_nlp: Callable, encoder_dir: str, stock: str, last: bool
) -> None:
    """What reaches the encoder: that of the stock task alone, weighted, and of ours alone."""
    weights = {"weighting": constant(**{stock: 0.01})}
    nlp = build(stock, encoder_dir, make_nlp, last, **weights)
    # thinc's Softmax starts at zero, and no gradient passes it before a first step.
    for _ in range(2):
        step(nlp, examples_for(nlp), Adam(0.01))
    stems = [name for name in nlp.pipe_names if name in ("transformer", "mtl")]
    gradients = []
    for tasks in ([stock], list(OURS.values()), [stock, *OURS.values()]):
        nlp.get_pipe("transformer").model.transformer.zero_grad()
        with nlp.select_pipes(enable=[*stems, *tasks]):
            nlp.update(examples_for(nlp), sgd=False)
        gradients.append(encoder_gradient(nlp))
        assert gradients[-1].any()
    assert_close(gradients[2], gradients[0] + gradients[1])


@pytest.mark.parametrize("stock", ["ner", "parser"])
def test_silent_stock_component_last(make_nlp: Callable, encoder: Any, stock: str) -> None:
    """It returns before it runs forward. Its silence may delay, not lose, a gradient."""
    nlp = build(stock, encoder, make_nlp, last=True)
    ours = [
        Example(
            Doc(nlp.vocab, words=["Anna", "runs"]),
            Doc(nlp.vocab, words=["Anna", "runs"], tags=["NN", "VBZ"]),
        )
    ]
    sent = count_backward_passes(nlp)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            step(nlp, ours, Adam(0.01))
    late = [str(w.message) for w in caught if "one step later" in str(w.message)]
    assert len(sent) == 3
    assert all(size > 0 for size in sent)
    # With an encoder of its own mtl closes in time, and there is nothing to say.
    assert [stock in message for message in late] == ([True] if isinstance(encoder, str) else [])


def count_backward_passes(nlp: Language) -> List[float]:
    """Record the size of each gradient that reaches the encoder."""
    sent: List[float] = []
    tok2vec = nlp.get_pipe("mtl").model.get_ref("tok2vec")
    inner = tok2vec._func

    def forward(model: Any, docs: Any, is_train: bool) -> Any:
        outputs, backprop = inner(model, docs, is_train)

        def record(d_outputs: Any) -> Any:
            sent.append(float(sum(numpy.abs(d).sum() for d in d_outputs)))
            return backprop(d_outputs)

        return outputs, record

    tok2vec._func = forward
    return sent


def test_ensemble_before_others(make_nlp: Callable) -> None:
    """TextCatEnsemble.v2 is a TypeError in stock spaCy unless it stands last."""
    nlp = build("textcat", None, make_nlp, last=False)
    assert nlp.update(examples_for(nlp), sgd=False)["textcat"] >= 0


def test_the_last_loss_serves_until_the_next(make_nlp: Callable) -> None:
    """Stock components add their loss after they send their gradient."""
    nlp = build("tagger", None, make_nlp, last=True)
    sgd = Adam(0.001)
    first = step(nlp, examples_for(nlp), sgd)
    second = step(nlp, examples_for(nlp), sgd)
    ours = list(OURS.values())
    assert first["mtl"] == pytest.approx(sum(first[name] for name in ours))
    assert second["mtl"] == pytest.approx(sum(second[n] for n in ours) + first["tagger"])


def test_plain_tok2vec_listener(make_nlp: Callable) -> None:
    """A Tok2VecListener that names 'mtl' is a task, too."""
    nlp = make_nlp(["ner"], encoder=None, initialize=False)
    listener = {
        "@architectures": "spacy.Tok2VecListener.v1",
        "width": CNN["width"],
        "upstream": "mtl",
    }
    nlp.add_pipe("tagger", config={"model": {**TAGGER, "tok2vec": listener}})
    nlp.initialize(lambda: make_examples(nlp))
    assert nlp.get_pipe("mtl").tasks == ["ner", "tagger"]
    sgd = Adam(0.01)
    for _ in range(40):
        step(nlp, make_examples(nlp), sgd)
    assert nlp.evaluate(make_examples(nlp))["tag_acc"] == 1.0
