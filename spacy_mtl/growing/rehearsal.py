"""Rehearsal: the old pipeline teaches the old tasks while a new one is learned.

Li and Hoiem 2016, "Learning without Forgetting", arXiv:1606.09282, do so on the new texts; texts
that are like the old ones keep more.
"""

from pathlib import Path
from typing import Any, List, Sequence

from spacy.language import Language
from spacy.training import Corpus

from ..heads.component import TaskHead
from ..joint.component import MultiTask
from ..report.corpora import CorpusCounts
from .declaring import add_corpus, check_drawn, declare, declared_tasks, set_schedule
from .survey import annotated, count
from .ways import GrowingError, Way, teacher_weight

_BATCHER, _UNIFORM = "spacy_mtl.CorpusBatcher.v1", "spacy_mtl.Uniform.v1"


def set_rehearsal(
    nlp: Language,
    joint: MultiTask,
    way: Way,
    new: Sequence[str],
    train: CorpusCounts,
    cache: Path,
) -> List[str]:
    """Let the old pipeline teach the old heads, on the new texts and those to rehearse.

    Each corpus declares what it annotates, so that no old head takes the annotation of a new one
    for its own.

    nlp (Language): The pipeline, with the new heads and the blocks of the config.
    joint (MultiTask): Its joint component.
    way (Way): Where the old pipeline is, and the texts to rehearse.
    new (Sequence[str]): The new heads.
    train (CorpusCounts): What the new texts annotate.
    cache (Path): The folder for the probabilities of the teacher.
    RETURNS (List[str]): The old heads that are trained: those of this package, and others that all
        corpora annotate. None that is disabled.
    RAISES (ValueError): If the texts to rehearse can't be read, or teach nothing.
    """
    # Disabled heads have no updates, and so no lessons.
    old = [task for task in joint.tasks if task not in new and task in nlp.pipe_names]
    declare(nlp, "train_corpus", train, [*old, *new])
    ours = [task for task in old if isinstance(nlp.get_pipe(task), TaskHead)]
    gold = declared_tasks(nlp)
    if way.rehearsed is not None:
        tasks = annotated(nlp, count(nlp, Corpus(way.rehearsed)), old)
        if not tasks and not ours:
            raise GrowingError(
                f"No old task can be rehearsed on {way.rehearsed}: it annotates none of "
                f"{', '.join(old) or 'them'}, and no head of this package learns from a teacher. "
                "Name annotated texts, or use --freeze or --adapter."
            )
        # Texts without annotation are for all that have a teacher.
        settings = {"path": str(way.rehearsed), "tasks": tasks or ours}
        name = add_corpus(nlp, "rehearsal", settings)
        gold[name] = tasks
        set_schedule(nlp, _UNIFORM, _BATCHER)
        check_drawn(nlp, name)
    trained = []
    for task in old:
        pipe: Any = nlp.get_pipe(task)
        times = sum(task in tasks for tasks in gold.values())
        if task in ours:
            block = {
                "path": str(way.pipeline.resolve()),
                "weight": teacher_weight(times > 0),
                "cache": str(cache),
            }
            nlp.get_pipe_config(task)["teacher"] = block
            pipe.set_teacher(block)
            pipe.start_lessons()
        elif times < len(gold):
            continue
        trained.append(task)
    return trained
