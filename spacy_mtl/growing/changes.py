"""What adding a task has done to the old tasks: their scores, and whether they predict the same."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..comparison.scored_runs import TestTexts, read_texts
from ..evaluation.counts import count_documents
from ..joint.find import find_joint
from ..parameters import slots_of_model
from ..report.corpora import count_corpus
from ..tasks.stock import tasks_of
from .predictions import Alike, compare_predictions
from .survey import annotated
from .ways import GrowingError

#: The texts on which predictions are compared before the training.
_N_FIRST = 64


class BrokenPromiseError(RuntimeError):
    """Old tasks that have changed, although they can't have."""


@dataclass(frozen=True)
class Change:
    """A task before and after.

    is_new (bool): Whether it was added.
    before (Optional[float]): Its score in [0, 1] in the old pipeline. None if nothing annotates it.
    after (Optional[float]): Its score in the new one.
    source (str): What it was scored on; "" if nothing annotates it.
    alike (Optional[Alike]): Whether both predict the same. None for a new task.
    """

    is_new: bool
    before: Optional[float]
    after: Optional[float]
    source: str
    alike: Optional[Alike]


def find_changes(
    before: Language, after: Language, new: Sequence[str], test: Optional[Path] = None
) -> Dict[str, Change]:
    """Compare each task of two pipelines.

    Each is scored on the first of these that annotates it: `test`, the development corpus of the
    new pipeline, and that of the old one, if it is still there.

    before (Language): The old pipeline.
    after (Language): The new pipeline, with the config that it was trained with.
    new (Sequence[str]): Its new tasks.
    test (Optional[Path]): A .spacy file with annotated texts.
    RETURNS (Dict[str, Change]): The old tasks, then the new ones.
    """
    names = [name for name in tasks_of(after) if name in after.pipe_names]
    old = [name for name in names if name not in new]
    dev = read_texts(after, None)
    both = _annotated(before, dev), _annotated(after, dev)
    first, second = ([eg.predicted for eg in examples] for examples in both)
    alike = {name: compare_predictions(before, first, second, name) for name in old}
    scores = _Scores(before, after, names)
    if test is not None:
        texts = read_texts(after, test)
        scores.add(str(test), _annotated(before, texts), _annotated(after, texts))
    scores.add(dev.source, *both)
    if scores.missing(old):
        own = _own_texts(before)
        if own is not None:
            source = f"{own.source} of the old pipeline"
            scores.add(source, _annotated(before, own), _annotated(after, own))
    found = {}
    for name in [*old, *new]:
        source, one, two = scores.found.get(name, ("", None, None))
        is_new = name in new
        found[name] = Change(is_new, None if is_new else one, two, source, alike.get(name))
    return found


def check_start(before: Language, after: Language, new: Sequence[str]) -> None:
    """Reject a pipeline whose old tasks change by adding a task alone, before it is trained.

    before (Language): The old pipeline.
    after (Language): The one to train, with its new tasks.
    new (Sequence[str]): These.
    RAISES (GrowingError): If some prediction differs.
    """
    texts = read_texts(after, None)
    first, second = (
        [eg.predicted for eg in _annotated(nlp, texts, _N_FIRST)] for nlp in (before, after)
    )
    changed = _changed(before, first, second, [n for n in before.pipe_names if n not in new])
    if changed:
        found = find_joint(after)
        assert found is not None
        scheme = after.get_pipe_config(found[0])["model"].get("@architectures")
        raise GrowingError(
            f"Adding {_listed(new)} alone changes what {_listed(changed)} predict"
            f"{'s' if len(changed) == 1 else ''}, before anything is trained, so the old tasks "
            f"can't be kept as they are. With {scheme}, what old tasks see may depend on which "
            "others there are. Use --rehearse."
        )


def check_kept(
    before: Language, after: Language, changes: Dict[str, Change], frozen: Sequence[str]
) -> None:
    """Make sure that old tasks are as they were.

    before (Language): The old pipeline.
    after (Language): The new one.
    changes (Dict[str, Change]): The result of `find_changes`.
    frozen (Sequence[str]): The components that were not trained.
    RAISES (BrokenPromiseError): If a prediction, a score of a category or a parameter differs.
    """
    others = [name for name, each in changes.items() if each.alike and not each.alike.is_exact]
    if others:
        raise BrokenPromiseError(f"The predictions of {_listed(others)} have changed")
    for name in frozen:
        first, second = (_values(nlp, name) for nlp in (before, after))
        if len(first) != len(second) or not all(map(numpy.array_equal, first, second)):
            raise BrokenPromiseError(f"The parameters of '{name}' have changed")
    part = _changed_part(before, after)
    if part:
        raise BrokenPromiseError(f"The sharing scheme's parameter '{part}' has changed")


class _Scores:
    """The scores of tasks, each on the first texts that annotate it."""

    def __init__(self, before: Language, after: Language, names: Sequence[str]) -> None:
        self.found: Dict[str, Tuple[str, Optional[float], float]] = {}
        self._before, self._after, self._names = before, after, names

    def missing(self, names: Iterable[str]) -> List[str]:
        """RETURNS (List[str]): The tasks that have no score yet."""
        return [name for name in names if name not in self.found]

    def add(self, source: str, first: List[Example], second: List[Example]) -> None:
        """Score the tasks that have none yet, on texts that both pipelines have annotated."""
        counts = count_corpus(self._after, second, self._names, None)
        tasks = self.missing(annotated(self._after, counts, self._names))
        one, two = (
            _scores(nlp, examples)
            for nlp, examples in ((self._before, first), (self._after, second))
        )
        for task in tasks:
            if task in two:
                self.found[task] = source, one.get(task), two[task]


def _scores(nlp: Language, examples: List[Example]) -> Dict[str, float]:
    counts = count_documents(nlp, examples)
    found = {name: float(task.scores()[0]) for name, task in counts.tasks.items()}
    return {**found, **counts.uncounted}


def _annotated(nlp: Language, texts: TestTexts, most: Optional[int] = None) -> List[Example]:
    examples = list(islice(texts.examples(nlp), most))
    docs = nlp.pipe(eg.predicted for eg in examples)
    return [Example(doc, eg.reference) for eg, doc in zip(examples, docs)]


def _own_texts(nlp: Language) -> Optional[TestTexts]:
    """RETURNS (Optional[TestTexts]): The development corpus it was trained with, if it is there."""
    try:
        return read_texts(nlp, None)
    # Its reader may fail in any way: the files may be gone, or of another machine.
    except Exception:
        return None


def _changed(
    nlp: Language, first: Sequence[Doc], second: Sequence[Doc], names: Sequence[str]
) -> List[str]:
    return [
        name
        for name in names
        if name in tasks_of(nlp) and not compare_predictions(nlp, first, second, name).is_exact
    ]


def _values(nlp: Language, name: str) -> List[Any]:
    """RETURNS (List[ndarray]): The parameters of a component; of a joint one, its encoder's."""
    model: Any = getattr(nlp.get_pipe(name), "model", None)
    if not hasattr(model, "walk"):
        return []
    found = find_joint(nlp)
    if found is not None and name == found[0]:
        model = model.get_ref("tok2vec")
    return [model.ops.to_numpy(slot.value) for slot in slots_of_model(model)]


def _changed_part(before: Language, after: Language) -> str:
    """RETURNS (str): A parameter of the sharing scheme that isn't as it was; "" if all are.

    Those of new tasks are not in the old pipeline.
    """
    import torch

    one, two = _scheme_values(before), _scheme_values(after)
    if not two:
        return ""
    return next((n for n, v in one.items() if n not in two or not torch.equal(v, two[n])), "")


def _scheme_values(nlp: Language) -> Dict[str, Any]:
    found = find_joint(nlp)
    network: Any = getattr(found[1].scheme, "network", None) if found is not None else None
    return {} if network is None else dict(network.named_parameters())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
