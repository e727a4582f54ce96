"""The heads' models: from a task's view to scores."""

from typing import List, Optional, Tuple

from spacy.tokens import Doc
from thinc.api import Dropout, Linear, Model, Relu, chain, with_array
from thinc.types import Floats2d, Ragged

from ..registry import register, registry
from ..settings import AT_LEAST_ONE
from ..types import Encoder, TokenVectors
from .ops import use_head_ops
from .pooling import pool_docs
from .transitions import Transitions


@register("architectures", "spacy_mtl.TokenClassifier.v1", nO=AT_LEAST_ONE)
def TokenClassifier(
    tok2vec: Encoder,
    hidden_width: Optional[int] = None,
    nO: Optional[int] = None,
    learn_transitions: bool = False,
) -> Model[List[Doc], TokenVectors]:
    """Build a model that scores the classes of every token.

    The scores are logits. The output layer starts at small random values: with
    zeros, as in thinc's Softmax, the first gradient that reaches the encoder would
    be zero for every task.

    tok2vec (Model[List[Doc], List[Floats2d]]): The task's view, usually a
        TaskListener.
    hidden_width (Optional[int]): Width of a hidden layer with a ReLU before the
        output. By default there is none.
    nO (Optional[int]): Number of classes. Heads infer it: leave it out.
    learn_transitions (bool): Whether to learn a score for each transition between
        classes, for a head that can use them ('mtl_ner', as a CRF).
    RETURNS (Model[List[Doc], List[Floats2d]]): One array of logits per document.
        Shape: (n_tokens, n_classes).
    """
    scorer, output = _scorer(tok2vec.maybe_get_dim("nO"), hidden_width, nO)
    if not learn_transitions:
        return _as_head(chain(tok2vec, with_array(scorer)), "token", tok2vec, output)
    transitions = Transitions(nO)
    model: Model[List[Doc], TokenVectors] = chain(tok2vec, with_array(chain(scorer, transitions)))
    model.set_ref("transitions", transitions)
    return _as_head(model, "token", tok2vec, output)


@register("architectures", "spacy_mtl.TextClassifier.v1", nO=AT_LEAST_ONE)
def TextClassifier(
    tok2vec: Encoder,
    pooling: Optional[Model[Ragged, Floats2d]] = None,
    hidden_width: Optional[int] = None,
    nO: Optional[int] = None,
) -> Model[List[Doc], Floats2d]:
    """Build a model that scores the classes of every document.

    tok2vec (Model[List[Doc], List[Floats2d]]): The task's view, usually a
        TaskListener.
    pooling (Optional[Model[Ragged, Floats2d]]): Maps token vectors to a document
        vector. By default their mean. Documents without tokens get a vector of zeros.
    hidden_width (Optional[int]): Width of a hidden layer with a ReLU before the
        output. By default there is none.
    nO (Optional[int]): Number of classes. Heads infer it: leave it out.
    RETURNS (Model[List[Doc], Floats2d]): Logits. Shape: (n_docs, n_classes).
    """
    if pooling is None:
        pooling = registry.resolve({"pooling": {"@layers": "reduce_mean.v1"}})["pooling"]
    # The pooling may change the width: it is inferred at initialization.
    scorer, output = _scorer(None, hidden_width, nO)
    return _as_head(chain(tok2vec, pool_docs(pooling), scorer), "doc", tok2vec, output)


def _scorer(
    nI: Optional[int], hidden_width: Optional[int], nO: Optional[int]
) -> Tuple[Model[Floats2d, Floats2d], Model[Floats2d, Floats2d]]:
    if hidden_width is not None and hidden_width < 1:
        raise ValueError(
            f"'hidden_width' of a head's model is {hidden_width}, but it must be >= 1. Set it to "
            "null for no hidden layer, in the block [model] of that head (usually "
            "[components.NAME.model])."
        )
    if hidden_width is None:
        output = Linear(nO=nO, nI=nI)
        return chain(Dropout(), output), output
    output = Linear(nO=nO, nI=hidden_width)
    return chain(Dropout(), Relu(nO=hidden_width, nI=nI), Dropout(), output), output


def _as_head(model: Model, unit: str, tok2vec: Encoder, output: Model) -> Model:
    own = [layer for layer in model.layers if layer is not tok2vec]
    use_head_ops(own)
    model.ops = own[0].ops
    model.attrs["unit"] = unit
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("output_layer", output)
    return model


def check_unit(model: Model, name: str, unit: str) -> None:
    """Reject a model that doesn't return logits for the units that a head annotates.

    model (Model): The head's model.
    name (str): The name of the head in the pipeline.
    unit (str): The unit that the head annotates: "token" or "doc".
    RAISES (ValueError): If the model scores another unit, or doesn't declare its unit.
    """
    scored = model.attrs.get("unit")
    if scored == unit:
        return
    found = (
        f"scores each {scored}, but the component annotates each {unit}"
        if scored
        else "doesn't declare what it scores. Heads need logits, but stock architectures apply a "
        "softmax or a logistic function"
    )
    raise ValueError(
        f"The model of the component '{name}' {found}. Change '@architectures' in "
        f"[components.{name}.model]: spacy_mtl.TokenClassifier.v1 scores tokens, "
        "spacy_mtl.TextClassifier.v1 documents. Your own architecture must return logits and set "
        f'attrs["unit"] = "{unit}" and the reference "output_layer".'
    )
