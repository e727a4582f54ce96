"""A task's view as a model of its own: encoder and scheme, without the joint component."""

from typing import Any, Callable, List, Tuple

from spacy.tokens import Doc
from thinc.api import Model

from ..encoder.mode import precision_of
from ..registry import block_of, register
from ..settings import NOT_EMPTY
from ..types import Encoder, TokenVectors, Views
from .contract import scheme_of
from .scheme import features_of


@register("architectures", "spacy_mtl.TaskView.v1", task=NOT_EMPTY)
def create_task_view(
    scheme: Model[List[Doc], TokenVectors], tasks: List[str], task: str
) -> Encoder:
    """Build the model that `nlp.replace_listeners` substitutes for a head's listener.

    It contains the encoder and the whole sharing scheme, since a task's view may depend on the
    parts of other tasks.

    scheme (Model[List[Doc], List[Floats2d]]): A sharing scheme around an encoder.
    tasks (List[str]): The tasks that the scheme has parts for.
    task (str): The task whose view this is.
    RETURNS (Model[List[Doc], List[Floats2d]]): One array per document.
        Shape: (n_tokens, width of the view).
    RAISES (ValueError): If the task isn't one of the tasks.
    """
    if task not in tasks:
        raise ValueError(
            f"'task' of a spacy_mtl.TaskView.v1 is '{task}', but must be one of its 'tasks': "
            f"{', '.join(tasks) or 'none'}. Fix it in {block_of('spacy_mtl.TaskView.v1')}."
        )
    scheme_of(scheme.get_ref("sharing")).set_tasks(tasks)
    return view_of(scheme, task)


def view_of(scheme: Model[List[Doc], TokenVectors], task: str) -> Encoder:
    """Build the model of a task's view from a scheme that knows its tasks.

    scheme (Model[List[Doc], List[Floats2d]]): A sharing scheme around an encoder.
    task (str): The task.
    RETURNS (Model[List[Doc], List[Floats2d]]): The model.
    """
    scheme_of(scheme.get_ref("sharing")).stand_alone()
    model: Encoder = Model(
        "task_view", _forward, init=_init, layers=[scheme], dims={"nO": None}, attrs={"task": task}
    )
    _set_width(model)
    return model


def _forward(
    model: Encoder, docs: List[Doc], is_train: bool
) -> Tuple[TokenVectors, Callable[[TokenVectors], List[Doc]]]:
    (scheme,) = model.layers
    task = model.attrs["task"]
    # A loaded scheme doesn't know the precision of its encoder.
    scheme_of(scheme.get_ref("sharing")).set_precision(precision_of([scheme.get_ref("tok2vec")]))
    found, backprop_trunk = scheme.get_ref("tok2vec")(docs, is_train)
    features = features_of(scheme, docs, found)
    views, backprop_views = scheme.get_ref("sharing")((features, [task]), is_train)

    def backprop(d_view: TokenVectors) -> List[Doc]:
        d_docs: List[Doc] = backprop_trunk(backprop_views(Views({task: d_view})).arrays)
        return d_docs

    return views.by_task[task], backprop


def _init(model: Encoder, X: Any = None, Y: Any = None) -> None:
    model.layers[0].initialize(X=X)
    _set_width(model)


def _set_width(model: Encoder) -> None:
    (scheme,) = model.layers
    asked = scheme_of(scheme.get_ref("sharing"))
    width = asked.view_width(model.attrs["task"])
    # Before it is initialized, a scheme with views of its own doesn't know their width.
    if width is None and not asked.has_own_views:
        width = scheme.maybe_get_dim("nO")
    if width is not None and not model.has_dim("nO"):
        model.set_dim("nO", width)
