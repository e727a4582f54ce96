"""The losses of a batch once more, after the optimizer's step."""

from typing import Any, Dict, Sequence

from spacy.language import Language
from spacy.training import Example
from thinc.api import Model

from .listener import TaskListener
from .upstream import HeldCallbacks, find_upstream, upstream_listeners


def recompute_losses(
    nlp: Language, model: Model, listeners: Dict[str, Any], examples: Sequence[Example]
) -> Dict[str, float]:
    """Run encoder and heads on a batch as in training, without a backward pass.

    nlp (Language): The pipeline.
    model (Model): The model of the joint component.
    listeners (Dict[str, List[Tok2VecListener]]): The doors of the tasks to look at.
    examples (Sequence[Example]): The batch.
    RETURNS (Dict[str, float]): The loss by task, as the component computes it. Stock
        components that compute none from scores (parser, ner) are left out.
    """
    docs = [eg.predicted for eg in examples]
    upstream = upstream_listeners(model)
    # They hold the next batch already.
    held = HeldCallbacks(upstream)
    for node in upstream:
        for _, encoder in find_upstream(nlp, [node]):
            outputs, _ = encoder.model(docs, is_train=True)
            node.receive(node.get_batch_id(docs), getattr(outputs, "doc_data", outputs), None)
    shared, _ = model.get_ref("tok2vec")(docs, is_train=True)
    views, _ = model.get_ref("sharing")((shared, list(listeners)), is_train=True)
    held.put_back()
    losses = {}
    for task, doors in listeners.items():
        pipe: Any = nlp.get_pipe(task)
        for door in doors:
            if isinstance(door, TaskListener):
                door.open(docs, views[task], _no_gradient)
            else:
                door.receive(door.get_batch_id(docs), views[task], _no_gradient)
        try:
            scores, _ = pipe.model(docs, is_train=True)
            losses[task] = float(pipe.get_loss(examples, scores)[0])
        except NotImplementedError:
            pass
        finally:
            for door in doors:
                if isinstance(door, TaskListener):
                    door.close()
                else:
                    door.receive(None, None, None)
    return losses


def _no_gradient(d_view: Any) -> Any:
    raise RuntimeError("There is no backward pass for losses that are only looked at.")
