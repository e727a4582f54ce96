"""What a comparison needs: tasks that share, and a training that ends."""

from typing import Any, Dict, Sequence

from spacy.language import Language

from ..joint.component import MultiTask
from ..joint.find import find_joint
from ..tasks.stock import task_of
from .scored_runs import TestTexts


def check_joint(nlp: Language) -> MultiTask:
    """Find the joint component of a pipeline, if there is something to compare.

    nlp (Language): The pipeline.
    RETURNS (MultiTask): The component.
    RAISES (ValueError): If there is none, it has fewer than two tasks, or one of them is frozen.
    """
    found = find_joint(nlp)
    if found is not None:
        found[1].bind(nlp)
    if found is None or len(found[1].tasks) < 2:
        has = "no component of factory 'mtl'"
        if found is not None:
            has = f"only the task '{found[1].tasks[0]}'" if found[1].tasks else "no task"
        raise ValueError(
            "This is about tasks that share an encoder, at least two, but the pipeline has "
            f"{has}. Add to [nlp.pipeline]: it has {', '.join(nlp.pipe_names) or 'nothing'}."
        )
    frozen = set(nlp.config.interpolate()["training"]["frozen_components"])
    still = [name for name in found[1].tasks if name in frozen]
    if still:
        raise ValueError(
            f"This is about tasks that are trained, but '{still[0]}' is one of the "
            "'frozen_components' in [training]. Train it, or take it out of [nlp.pipeline]."
        )
    return found[1]


def check_budget(training: Dict[str, Any]) -> None:
    """Reject trainings that only patience would end: each run would have another budget.

    training (Dict[str, Any]): The block [training].
    RAISES (ValueError): If neither steps nor epochs are limited.
    """
    if not training["max_steps"] and training["max_epochs"] < 1:
        raise ValueError(
            "'max_steps' in [training] is 0, so the training has no end but 'patience', and each "
            "run would have another budget. Set --training.max_steps."
        )


def check_texts(nlp: Language, tasks: Sequence[str], texts: TestTexts) -> None:
    """Reject documents that no task can be scored on.

    nlp (Language): A pipeline with all tasks. It need not be trained.
    tasks (Sequence[str]): The tasks.
    texts (TestTexts): The documents.
    RAISES (ValueError): If none is annotated for any task.
    """
    docs = [eg.reference for eg in texts.examples(nlp)]
    if not any(task_of(nlp, name).has_gold(doc) for name in tasks for doc in docs):
        raise ValueError(
            f"None of the {len(docs):,} documents of {texts.source} is annotated for "
            f"{', '.join(tasks)}, so nothing could be compared. Name a corpus that is, with --test "
            "or in the config."
        )
