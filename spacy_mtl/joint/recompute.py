"""The losses of a batch once more, after the optimizer's step."""

from typing import Any, Dict, Sequence

from spacy.language import Language
from spacy.pipeline import Tagger, TextCategorizer
from spacy.pipeline.edit_tree_lemmatizer import EditTreeLemmatizer
from spacy.training import Example
from thinc.api import Model

from ..types import TokenVectors
from .listener import close_door, open_door
from .upstream import HeldCallbacks, find_upstream, upstream_listeners

# Stock components whose loss comes from the scores of documents. (Not parser and ner, which
# go from state to state, and spancat, whose model takes spans.)
_FROM_SCORES = (Tagger, TextCategorizer, EditTreeLemmatizer)


def recompute_losses(
    nlp: Language, model: Model, listeners: Dict[str, Any], examples: Sequence[Example]
) -> Dict[str, float]:
    """Run encoder and heads on a batch as in training, without a backward pass.

    nlp (Language): The pipeline.
    model (Model): The model of the joint component.
    listeners (Dict[str, List[Tok2VecListener]]): The doors of the tasks to look at.
    examples (Sequence[Example]): The batch.
    RETURNS (Dict[str, float]): The loss by task, as the component computes it. Stock
        components that compute none from scores (parser, ner, spancat) are left out.
    """
    docs = [eg.predicted for eg in examples]
    upstream = upstream_listeners(model)
    # They hold the next batch already.
    held = HeldCallbacks(upstream)
    try:
        for node in upstream:
            for _, encoder in find_upstream(nlp, [node]):
                outputs, _ = encoder.model(docs, is_train=True)
                node.receive(node.get_batch_id(docs), getattr(outputs, "doc_data", outputs), None)
        shared, _ = model.get_ref("tok2vec")(docs, is_train=True)
        views, _ = model.get_ref("sharing")((shared, list(listeners)), is_train=True)
    finally:
        held.put_back()
    losses = {}
    for task, doors in listeners.items():
        pipe: Any = dict(nlp.pipeline).get(task)
        if hasattr(pipe, "unit") or isinstance(pipe, _FROM_SCORES):
            losses[task] = _loss_of(pipe, doors, views[task], docs, examples)
    return losses


def _loss_of(
    pipe: Any, doors: Sequence[Any], view: TokenVectors, docs: Any, examples: Sequence[Example]
) -> float:
    try:
        for door in doors:
            open_door(door, docs, view, _no_gradient)
        scores, _ = pipe.model(docs, is_train=True)
        if hasattr(pipe, "compute_loss"):
            # Heads of this package take there what the model gives, not what `predict` makes of it.
            return pipe.compute_loss(examples, scores)[0].value
        return float(pipe.get_loss(examples, scores)[0])
    finally:
        for door in doors:
            close_door(door)


def _no_gradient(d_view: Any) -> Any:
    raise RuntimeError("There is no backward pass for losses that are only looked at.")
