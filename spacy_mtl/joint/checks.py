"""Checks that refuse pipelines in which some component would not learn as intended.

`CHECKS` runs whenever the pipeline has changed. The checks below it run at other times.
"""

from typing import Any, Callable, Iterable, Tuple, Union

from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2VecListener
from thinc.api import Model

from ..sharing.contract import Scheme
from ..tasks.task import Task
from .gramians import AUTO
from .listener import TaskListener
from .pipeline import Pipeline, find_upstream


def check_only_one(pipeline: Pipeline, nlp: Language) -> None:
    """Refuse a second joint component.

    pipeline (Pipeline): The pipeline around the joint component.
    nlp (Language): The pipeline itself.
    RAISES (ValueError): If another component is of the same class.
    """
    for other, pipe in nlp.components:
        if pipeline.is_alike(pipe):
            refuse_second(other, pipeline.name)


def refuse_second(first: str, second: str) -> None:
    """Raise the error for two joint components.

    first (str): The name of one of them.
    second (str): The name of the other.
    RAISES (ValueError): Always.
    """
    raise ValueError(
        f"The pipeline has two components of factory 'mtl': '{first}' and '{second}'. A "
        "pipeline needs only one for all its tasks. Remove one from [nlp.pipeline], and set "
        "the 'upstream' of every spacy_mtl.TaskListener.v1 to the other."
    )


def check_tensor_is_ours(pipeline: Pipeline, nlp: Language) -> None:
    """Refuse another component that writes `doc.tensor`, which the heads read.

    An encoder that the joint component listens to may write it.

    pipeline (Pipeline): The pipeline around the joint component.
    nlp (Language): The pipeline itself.
    RAISES (ValueError): If there is such a component.
    """
    upstream = [name for name, _ in find_upstream(nlp, pipeline.upstream_listeners)]
    for other in nlp.pipe_names:
        writes = "doc.tensor" in nlp.get_pipe_meta(other).assigns
        if writes and other != pipeline.name and other not in upstream:
            raise ValueError(
                f"The component '{other}' writes doc.tensor, and so does '{pipeline.name}', so the "
                f"heads of one would read the vectors of the other. Make the heads of '{other}' "
                f"tasks of '{pipeline.name}' (set their tok2vec to spacy_mtl.TaskListener.v1), or "
                "give them an encoder of their own: "
                f"nlp.replace_listeners('{other}', HEAD, ['model.tok2vec'])."
            )


def check_all_served(pipeline: Pipeline, nlp: Language) -> None:
    """Refuse listeners that no component serves, because such a head would train on nothing.

    Stock configs set upstream = "*", but the joint component only adopts listeners that name
    it. Listeners of a component that was renamed or removed name one that no longer exists.

    pipeline (Pipeline): The pipeline around the joint component.
    nlp (Language): The pipeline itself.
    RAISES (ValueError): If there is such a listener.
    """
    served = {id(node) for _, pipe in nlp.components for node in getattr(pipe, "listeners", [])}
    for head, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        for node in model.walk() if isinstance(model, Model) else []:
            if isinstance(node, Tok2VecListener) and id(node) not in served:
                is_lost = node.upstream_name not in nlp.component_names
                if is_lost and head in nlp.pipe_names:
                    raise ValueError(
                        f"The component '{head}' listens to '{node.upstream_name}', but no "
                        "component of that name serves it. Set "
                        f"[components.{head}.model.tok2vec] to @architectures = "
                        f'"spacy_mtl.TaskListener.v1", upstream = "{pipeline.name}".'
                    )


def check_no_rival(pipeline: Pipeline, nlp: Language) -> None:
    """Refuse a second component that listens to the same encoder.

    spaCy runs the encoder's backward pass only in the callback of the last listener,
    and drops all gradients if that listener stays silent.

    pipeline (Pipeline): The pipeline around the joint component.
    nlp (Language): The pipeline itself.
    RAISES (ValueError): If there is such a component.
    """
    for upstream, pipe in find_upstream(nlp, pipeline.upstream_listeners):
        for rival in pipe.listening_components:
            if rival != pipeline.name:
                raise ValueError(
                    f"Both '{rival}' and '{pipeline.name}' listen to '{upstream}'. Whichever comes "
                    "last would decide alone whether the encoder gets any gradient. Make "
                    f"'{rival}' a task: set [components.{rival}.model.tok2vec] to "
                    f'@architectures = "spacy_mtl.TaskListener.v1", upstream = '
                    f"\"{pipeline.name}\", and put it after '{pipeline.name}'."
                )


def check_output(pipeline: Pipeline, nlp: Language) -> None:
    """Refuse stock components that have the model of one of this package's heads.

    They expect probabilities, but the model gives logits.

    pipeline (Pipeline): The pipeline around the joint component.
    nlp (Language): The pipeline itself.
    RAISES (ValueError): If there is such a component.
    """
    for task, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        gives_logits = isinstance(model, Model) and "unit" in model.attrs
        if task in pipeline.tasks and gives_logits and not isinstance(pipe, Task):
            raise ValueError(
                f"The component '{task}' (factory '{nlp.get_pipe_meta(task).factory}') expects a "
                "model that outputs probabilities, but its model gives logits, for a head of this "
                f"package. Set 'factory' in [components.{task}] to one of this package's heads "
                "(mtl_tagger, mtl_ner, mtl_textcat, mtl_textcat_multilabel), or '@architectures' "
                f"in [components.{task}.model] to one of spaCy's models."
            )


#: The checks to run when the pipeline has changed.
CHECKS: Tuple[Callable[[Pipeline, Language], None], ...] = (
    check_only_one,
    check_tensor_is_ours,
    check_all_served,
    check_no_rival,
    check_output,
)


def run_checks(pipeline: Pipeline, nlp: Language) -> None:
    """Run all `CHECKS`.

    pipeline (Pipeline): The pipeline around the joint component.
    nlp (Language): The pipeline itself.
    RAISES (ValueError): If one of them refuses the pipeline.
    """
    for check in CHECKS:
        check(pipeline, nlp)


def check_scheme(model: Model, name: str) -> None:
    """Refuse a model that is not a sharing scheme.

    model (Model): The model of the joint component.
    name (str): The name of the joint component.
    RAISES (ValueError): If the model isn't a sharing scheme.
    """
    if not (model.has_ref("tok2vec") and model.has_ref("sharing")):
        raise ValueError(
            f"The model of the component '{name}' ({model.name[:60]}) is not a sharing scheme. "
            f"If it is the encoder, move its block to [components.{name}.model.tok2vec], and set "
            f'@architectures = "spacy_mtl.HardSharing.v1" in [components.{name}.model].'
        )


def check_listener(listener: Any, task: str, name: str, scheme: Scheme) -> None:
    """Refuse a listener that would read the shared representation instead of its task's view.

    listener (Tok2VecListener): The listener.
    task (str): The name of its head.
    name (str): The name of the joint component.
    scheme (Scheme): The sharing scheme.
    RAISES (ValueError): If views differ from the representation, and it isn't one of ours.
    """
    if scheme.has_own_views and not isinstance(listener, TaskListener):
        raise ValueError(
            f"The component '{task}' listens to '{name}' with a {type(listener).__name__}, which "
            "would read the shared representation instead of the task's own view. Set "
            f'@architectures = "spacy_mtl.TaskListener.v1" and upstream = "{name}" in '
            f"[components.{task}.model.tok2vec]."
        )


def check_gradients(gradients: Any, known: Iterable[str], name: str) -> None:
    """Refuse an unknown place for gradients to meet.

    gradients (Any): The value of the setting.
    known (Iterable[str]): The known places.
    name (str): The name of the joint component.
    RAISES (ValueError): If the place is unknown.
    """
    if gradients not in known:
        raise ValueError(
            f"'gradients' of the component '{name}' is {gradients!r}, but must be one of: "
            f"{', '.join(known)}. Set it in [components.{name}]."
        )


def check_every(every: Union[int, str, None], gradients: str, name: str) -> None:
    """Refuse a number of steps between measurements that makes no sense.

    every (Union[int, str, None]): The value of the setting.
    gradients (str): Where the tasks' gradients meet.
    name (str): The name of the joint component.
    RAISES (ValueError): If it is neither a number of steps, nor "auto", nor None, or if gradients
        don't meet at the parameters.
    """
    if every is None:
        return
    is_number = isinstance(every, int) and not isinstance(every, bool) and every >= 1
    if not is_number and every != AUTO:
        raise ValueError(
            f"'every' of the component '{name}' is {every!r}, but must be a number of steps, 1 or "
            'more, or "auto" (with which the number of tasks decides), or null (the gradients at '
            f"the parameters of each step). Set it in [components.{name}]."
        )
    if gradients != "parameters":
        raise ValueError(
            f"The component '{name}' has every = {every!r}, the number of steps between "
            f'measurements of gradients at the parameters, but gradients = "{gradients}". Set '
            f'gradients = "parameters" in [components.{name}], or every = null.'
        )
