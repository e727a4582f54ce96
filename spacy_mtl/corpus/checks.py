"""Whether corpora, pipeline and schedule fit, before training begins."""

from typing import Any, Iterable, Sequence

from spacy.language import Language

from ..tasks.stock import task_of, tasks_of
from ..tasks.task import Task
from .spec import CorpusSpec


def check_tasks(nlp: Language, specs: Iterable[CorpusSpec]) -> None:
    """Refuse tasks that do not fit the pipeline.

    nlp (Language): The pipeline.
    specs (Iterable[CorpusSpec]): The corpora.
    RAISES (ValueError): If one declares a task that is no component's.
    """
    known = tasks_of(nlp)
    for spec in specs:
        unknown = [task for task in spec.tasks if task not in known]
        if unknown:
            raise ValueError(
                f"The corpus '{spec.name}' declares the task '{unknown[0]}', but the tasks of "
                f"this pipeline are {', '.join(known) or 'none'}. Mend 'tasks' in {spec.block}, "
                "or [nlp.pipeline]."
            )


def check_stock(nlp: Language, specs: Iterable[CorpusSpec]) -> None:
    """Refuse corpora that teach stock components what they do not declare.

    nlp (Language): The pipeline.
    specs (Iterable[CorpusSpec]): The corpora that it is trained on.
    RAISES (ValueError): If one has annotation that such a component reads for another task, or
        has none, and the component reads that, too.
    """
    config = nlp.config.interpolate()
    resting = {*config["training"]["frozen_components"], *config["nlp"]["disabled"]}
    stock = [
        task
        for name, task in tasks_of(nlp).items()
        if name not in resting and not task.heeds_declaration
    ]
    for spec in specs:
        for task in stock:
            if task.name not in spec.tasks:
                _check_apart(nlp, spec, task)
                _check_absence(spec, task)


def check_complete(nlp: Language, specs: Sequence[CorpusSpec], untrained: Iterable[str]) -> None:
    """Refuse components that no corpus is for.

    nlp (Language): The pipeline.
    specs (Sequence[CorpusSpec]): The corpora.
    untrained (Iterable[str]): The components that are to be trained from the beginning.
    RAISES (ValueError): If no corpus declares one of them.
    """
    declared = {task for spec in specs for task in spec.tasks}
    for task in untrained:
        if task not in declared and nlp.get_pipe_meta(task).default_score_weights:
            names = [spec.name for spec in specs]
            raise ValueError(
                f"The task '{task}' is annotated by no corpus: none of {', '.join(names)} names "
                f"it in 'tasks'. Name it where its annotation is, such as in {specs[0].block}, or "
                "take it out of [nlp.pipeline]."
            )


def check_batcher(nlp: Language, batcher: str) -> None:
    """Refuse a batcher that does not go by the schedule.

    When a pipeline is initialised, it is put inside of one that does. But where all components
    are sourced nothing is initialised, and when training begins it is too late.

    nlp (Language): The pipeline.
    batcher (str): The one that goes by the schedule.
    RAISES (ValueError): If [training.batcher] is another.
    """
    found = nlp.config["training"]["batcher"].get("@batchers")
    if found != batcher:
        raise ValueError(
            f"[corpora.train.schedule] would be ignored by {found}, the batcher of this pipeline. "
            f'Set @batchers = "{batcher}" in [training.batcher], and move that to '
            "[training.batcher.batcher]."
        )


def check_development(nlp: Language) -> None:
    """Refuse a development corpus that is drawn by lot.

    nlp (Language): The pipeline.
    RAISES (ValueError): If it has a schedule.
    """
    config = nlp.config.interpolate()
    name = config["training"]["dev_corpus"]
    block: Any = config
    for key in name.split("."):
        block = block.get(key) if isinstance(block, dict) else None
    if not isinstance(block, dict) or block.get("@readers") != "spacy_mtl.MultiCorpus.v1":
        return
    if block.get("schedule"):
        raise ValueError(
            f"[{name}.schedule] would draw the texts that scores are made on by lot. Take it out: "
            "without, each comes once."
        )


def _check_absence(spec: CorpusSpec, stock: Task) -> None:
    if not stock.reads_absence:
        return
    head, name = stock.alternative, stock.name
    instead = f"take '{head}' in its place" if head else "train it in a pipeline of its own"
    raise ValueError(
        f"The corpus '{spec.name}' does not declare '{name}', a component of spaCy that "
        "takes a text without annotation for one in which there is nothing, and would "
        f"learn that from it. Add '{name}' to 'tasks' in {spec.block}, if the corpus is "
        f"annotated for it; or {instead}."
    )


def _check_apart(nlp: Language, spec: CorpusSpec, stock: Task) -> None:
    for task in spec.tasks:
        both = task_of(nlp, task).kinds & stock.kinds
        if both:
            raise ValueError(
                f"The corpus '{spec.name}' has {', '.join(sorted(both))} for '{task}', and the "
                f"stock component '{stock.name}' would learn from them, too, though the corpus "
                f"does not declare it. Add '{stock.name}' to 'tasks' in {spec.block}, or take a "
                "head of this package for it, which looks at what is declared."
            )
