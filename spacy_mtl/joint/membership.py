"""Which tasks will take part in the next step, as far as that can be known."""

import gc
import weakref
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model

if TYPE_CHECKING:
    from .component import MultiTask


class Membership:
    """What the joint component knows of the pipeline around it.

    A component is not told which pipeline it is in, but by its factory and by
    `initialize`. One that was sourced knows nothing, or the pipeline that it came
    from. It then goes by which tasks have run.

    nlp (Optional[Language]): The pipeline, if it is known. Held weakly.
    """

    def __init__(self, nlp: Optional[Language] = None) -> None:
        self._nlp = None if nlp is None else weakref.ref(nlp)
        self._ran: Set[str] = set()
        self._missed: Set[str] = set()
        self._is_foreign = False
        # The vocabulary of the pipeline that was looked for.
        self._searched: Optional[int] = None

    def pipeline_of(self, component: "MultiTask") -> Optional[Language]:
        """Find the pipeline of a component.

        component (MultiTask): The joint component.
        RETURNS (Optional[Language]): The pipeline, or None if it is not known.
        """
        nlp = None if self._nlp is None else self._nlp()
        if (
            nlp is None
            or self._is_foreign
            or not any(pipe is component for _, pipe in nlp.components)
        ):
            return None
        pipes: Dict[str, Any] = dict(nlp.components)
        for task, listeners in component.listener_map.items():
            nodes = {id(node) for node in pipes[task].model.walk()} if task in pipes else set()
            if any(id(listener) not in nodes for listener in listeners):
                return None
        return nlp

    def note_docs(self, component: "MultiTask", docs: Sequence[Doc]) -> None:
        """Look whether the documents are of the pipeline that is known.

        If not, the component was sourced, most likely, and the pipeline that it came
        from is still alive. That one says nothing of who takes part then, and the one that
        the component is in now is looked for, once.

        component (MultiTask): The joint component.
        docs (Sequence[Doc]): The documents of a batch.
        """
        nlp = None if self._nlp is None else self._nlp()
        if not docs:
            return
        vocab = docs[0].vocab
        self._is_foreign = nlp is not None and vocab is not nlp.vocab
        if id(vocab) != self._searched and self.pipeline_of(component) is None:
            self._searched = id(vocab)
            found = find_pipeline(component, vocab)
            if found is not None:
                self._nlp = weakref.ref(found)
                self._is_foreign = False

    def expected(self, component: "MultiTask") -> List[str]:
        """Tell which tasks will answer the next step.

        component (MultiTask): The joint component.
        RETURNS (List[str]): The tasks, in pipeline order.
        """
        nlp = self.pipeline_of(component)
        if nlp is None:
            return [task for task in component.tasks if task in self._ran] or component.tasks
        frozen = set(_frozen_components(nlp)) - self._missed
        enabled = nlp.pipe_names
        return [task for task in component.tasks if task in enabled and task not in frozen]

    def note_run(self, tasks: Iterable[str]) -> None:
        """Remember tasks that took part in a step.

        tasks (Iterable[str]): Their names.
        """
        self._ran.update(tasks)

    def get_state(self) -> Dict[str, List[str]]:
        """RETURNS (Dict[str, List[str]]): Which tasks have run, and which were missed."""
        return {"ran": sorted(self._ran), "missed": sorted(self._missed)}

    def set_state(self, state: Dict[str, List[str]]) -> None:
        """Go on from a state that `get_state` gave.

        state (Dict[str, List[str]]): The state.
        """
        self._ran, self._missed = set(state["ran"]), set(state["missed"])

    def note_missed(self, task: str) -> bool:
        """Remember a task that asked for its view after its step had closed.

        task (str): Its name.
        RETURNS (bool): Whether that is news.
        """
        is_new = task not in self._missed
        self._missed.add(task)
        self._ran.add(task)
        return is_new


def find_pipeline(component: "MultiTask", vocab: Vocab) -> Optional[Language]:
    """Find the pipeline that a component is in, among all that there are in memory.

    spaCy tells a sourced component nothing. `spacy train` with "source" in the config is the
    usual way to go on with a training.

    component (MultiTask): The joint component.
    vocab (Vocab): The vocabulary of the pipeline.
    RETURNS (Optional[Language]): The pipeline. None if there is not exactly one.
    """
    # The pipeline that it was sourced from has the same vocabulary, and is garbage, if in cycles.
    gc.collect()
    found = [
        nlp
        for nlp in gc.get_objects()
        if issubclass(type(nlp), Language)
        and getattr(nlp, "vocab", None) is vocab
        and any(pipe is component for _, pipe in nlp.components)
    ]
    return found[0] if len(found) == 1 else None


def check_only_one(name: str, kind: type, others: Iterable[Tuple[str, Any]]) -> None:
    """Refuse a second joint component.

    name (str): The name of the joint component.
    kind (type): Its class.
    others (Iterable[Tuple[str, Pipe]]): The other components of the pipeline.
    RAISES (ValueError): If one of them is of that class.
    """
    for other_name, pipe in others:
        if isinstance(pipe, kind):
            raise ValueError(
                f"The pipeline has two components of factory 'mtl': '{other_name}' and '{name}'. "
                "One joins all tasks of a pipeline. Take one out of [nlp.pipeline], and let the "
                "'upstream' of every spacy_mtl.TaskListener.v1 name the other."
            )


def check_tensor_is_ours(nlp: Language, name: str, upstream: Sequence[str]) -> None:
    """Refuse another component that writes `doc.tensor`, where the heads read.

    nlp (Language): The pipeline.
    name (str): The name of the joint component.
    upstream (Sequence[str]): Components that it listens to itself.
    RAISES (ValueError): If there is one.
    """
    for other in nlp.pipe_names:
        writes = "doc.tensor" in nlp.get_pipe_meta(other).assigns
        if writes and other != name and other not in upstream:
            raise ValueError(
                f"The component '{other}' writes doc.tensor, and so does '{name}': the heads of "
                f"one would read the other's. Make the heads of '{other}' tasks of '{name}' (a "
                f"spacy_mtl.TaskListener.v1 as their tok2vec), or give them an encoder of their "
                f"own: nlp.replace_listeners('{other}', HEAD, ['model.tok2vec'])."
            )


def check_output(nlp: Language, tasks: Sequence[str]) -> None:
    """Refuse stock components with a model of this package's heads.

    Those take probabilities and would be given logits.

    nlp (Language): The pipeline.
    tasks (Sequence[str]): The names of the tasks.
    RAISES (ValueError): If there is one.
    """
    for task, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        gives_logits = isinstance(model, Model) and "unit" in model.attrs
        if task in tasks and gives_logits and not hasattr(pipe, "unit"):
            raise ValueError(
                f"The component '{task}' (factory '{nlp.get_pipe_meta(task).factory}') takes a "
                "model that ends in probabilities, but its model gives logits, for a head of this "
                f"package. Mend 'factory' in [components.{task}] (mtl_tagger, mtl_ner, "
                "mtl_textcat, mtl_textcat_multilabel) or '@architectures' in "
                f"[components.{task}.model]."
            )


def is_left_alone(nlp: Language, name: str, upstream: str) -> bool:
    """Tell whether an encoder is to be trained, but what listens to it is not.

    nlp (Language): The pipeline.
    name (str): The joint component.
    upstream (str): The component that it listens to.
    RETURNS (bool): Whether the first is frozen or disabled and the second neither.
    """
    trained = set(nlp.pipe_names).difference(_frozen_components(nlp))
    return name not in trained and upstream in trained


def _frozen_components(nlp: Language) -> Sequence[str]:
    # nlp.config copies the blocks of all components at each access.
    frozen = nlp._config.get("training", {}).get("frozen_components", [])
    if isinstance(frozen, str):
        frozen = nlp.config.interpolate()["training"]["frozen_components"]
    return frozen
