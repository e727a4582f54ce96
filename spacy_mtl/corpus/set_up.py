"""Prepare a pipeline for the corpora of a reader, and reject those that don't fit."""

from typing import Any, Optional, Sequence
from weakref import WeakKeyDictionary, WeakSet

from spacy.language import Language

from ..joint.find import find_joint
from ..tasks.collisions import check_outputs
from ..types import Schedule
from .batcher import CORPUS_BATCHER
from .checks import check_batcher, check_complete, check_development, check_stock, check_tasks
from .corpus_set import CorpusSet
from .feedback import tell
from .labels import add_labels
from .stream import is_streamed

#: The pipelines that already have the labels of all texts: each component asks for examples
#: when it is initialized, and once is enough.
_LABELLED: "WeakKeyDictionary[CorpusSet, WeakSet[Language]]" = WeakKeyDictionary()


def set_up(nlp: Language, corpora: CorpusSet, schedule: Optional[Schedule]) -> bool:
    """Prepare a pipeline and its corpora before each pass.

    Before initialization, components get all labels of a stream, and the batcher is wrapped in
    one that follows the schedule. Once training begins, the schedule gets losses and scores.

    nlp (Language): The pipeline.
    corpora (CorpusSet): The corpora.
    schedule (Optional[Schedule]): The schedule of the corpora, if any.
    RETURNS (bool): Whether all components are initialized.
    RAISES (ValueError): If a corpus is empty or lacks a task it declares, no corpus annotates
        a task, a task isn't in the pipeline, or two heads set the same annotation.
    """
    joint = find_joint(nlp)
    if joint is not None:
        joint[1].bind(nlp)
    untrained = [name for name, pipe in nlp.pipeline if not _is_initialized(pipe)]
    check_tasks(nlp, corpora.specs.values())
    if untrained or schedule is not None:
        # Otherwise it may be a development corpus, which isn't trained on.
        check_stock(nlp, corpora.specs.values())
    if untrained:
        _set_up_untrained(nlp, corpora, schedule, untrained)
        return False
    # Possible now that heads have their labels.
    check_outputs(nlp)
    if schedule is not None:
        check_batcher(nlp, CORPUS_BATCHER)
        tell(nlp, schedule)
    return True


def _set_up_untrained(
    nlp: Language, corpora: CorpusSet, schedule: Optional[Schedule], untrained: Sequence[str]
) -> None:
    survey = corpora.survey(nlp)
    check_complete(nlp, list(corpora.specs.values()), untrained)
    check_development(nlp)
    if schedule is not None:
        schedule.check(survey.sizes, corpora.tasks)
        _wrap_batcher(nlp)
    labelled = _LABELLED.setdefault(corpora, WeakSet())
    if is_streamed(nlp) and nlp not in labelled:
        labelled.add(nlp)
        declared = [task for task in survey.labels if task in untrained]
        add_labels(nlp, declared, survey.labels, lambda task: corpora.read_task(nlp, task))


def _wrap_batcher(nlp: Language) -> None:
    """Wrap the batcher in one that follows the schedule."""
    batcher = nlp.config["training"]["batcher"]
    if batcher.get("@batchers") != CORPUS_BATCHER:
        nlp.config["training"]["batcher"] = {
            "@batchers": CORPUS_BATCHER,
            "mixed": False,
            "batcher": batcher,
        }


def _is_initialized(pipe: Any) -> bool:
    if not getattr(pipe, "is_trainable", False):
        return True
    return all(
        node.has_param(n) is not None for node in pipe.model.walk() for n in node.param_names
    )
