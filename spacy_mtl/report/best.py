"""Keep the best pipeline for each task, besides the best overall."""

import shutil
import sys
from functools import partial
from pathlib import Path
from typing import IO, Any, Callable, Dict, List, Optional, Sequence, Tuple
from weakref import WeakSet

import srsly
from spacy.language import Language
from spacy.training.loop import DIR_MODEL_BEST
from spacy.util import SimpleFrozenList
from wasabi import Printer

from ..corpus.feedback import scores_by_task
from ..registry import register
from ..settings import read_names
from ..train.writing import write_in_place
from .logger import Info, Logger, LogStep, check_logger, create_console_logger

#: More than the rounding error in a pipeline's meta.json, which keeps ten digits.
_ROUNDING = 1e-9
#: Pipelines for which the inner logger is being set up.
_SET_UP: "WeakSet[Language]" = WeakSet()


@register("loggers", "spacy_mtl.BestByTask.v1")
def create_best_by_task(
    logger: Optional[Callable] = None,
    tasks: List[str] = SimpleFrozenList(),
) -> Logger:
    """Create a logger that keeps the best pipeline for each task, besides "model-best".

    In joint training, tasks may be at their best at different steps. Whenever the score of a
    task on the development set improves, the pipeline is saved to "model-best-NAME" in the
    output folder. A task's score is the mean of the scores that its component reports, with the
    default weights of its factory ([training.score_weights] only affects "model-best").

    logger (Optional[Callable]): The actual logger; spacy_mtl.ConsoleLogger.v1 by default.
    tasks (List[str]): The components; by default all that are trained and have a score.
    RETURNS (Callable): The logger.
    """
    check_logger(logger, "spacy_mtl.BestByTask.v1")
    if tasks and not read_names(tasks):
        raise ValueError(
            f"'tasks' of spacy_mtl.BestByTask.v1 is {tasks!r}, but must be a list of names, each "
            "once. Fix it in [training.logger]."
        )

    def setup_printer(
        nlp: Language, stdout: IO = sys.stdout, stderr: IO = sys.stderr
    ) -> Tuple[LogStep, Callable[[], None]]:
        keeper = _Keeper(nlp, _read_tasks(nlp, tasks), stderr)
        if nlp in _SET_UP:
            raise ValueError(
                "[training.logger] has one spacy_mtl.BestByTask.v1 inside another, and both would "
                "write to the same folders. Use it only once there."
            )
        _SET_UP.add(nlp)
        try:
            log_other, finalize = (logger or create_console_logger())(nlp, stdout, stderr)
        finally:
            _SET_UP.discard(nlp)

        def log_step(info: Optional[Info]) -> None:
            if info is not None:
                keeper.keep(info)
            log_other(info)

        return log_step, finalize

    return setup_printer


class _Keeper:
    """Keeps the best pipelines in the output folder."""

    def __init__(self, nlp: Language, tasks: Sequence[str], stderr: IO) -> None:
        self.nlp = nlp
        self.tasks = tasks
        self.stderr = stderr
        self._best: Optional[Dict[str, float]] = None

    def keep(self, info: Info) -> None:
        """Copy the saved pipeline for each task whose best score it has.

        info (Dict[str, Any]): spaCy's information on the step. Without --output, it has no
            "output_path".
        """
        output = info.get("output_path")
        if self._best is None:
            self._best = {}
            if not output:
                text = "spacy_mtl.BestByTask.v1 saves nothing, because there is no --output folder."
                print(Printer(no_print=True).warn(text), file=self.stderr)
            # A later step means that the training was resumed.
            elif info["step"]:
                self._best = self._read_best(Path(output).parent)
        if not output:
            return
        scores = scores_by_task(self.nlp, info["other_scores"])
        for task in self.tasks:
            if task in scores and scores[task] > self._best.get(task, -1.0) + _ROUNDING:
                self._best[task] = scores[task]
                folder = _folder(Path(output).parent, task)
                write_in_place(partial(shutil.copytree, output, dirs_exist_ok=True), folder)

    def _read_best(self, folder: Path) -> Dict[str, float]:
        found = {}
        for task in self.tasks:
            meta = _folder(folder, task) / "meta.json"
            if meta.exists():
                scores = scores_by_task(self.nlp, _read_performance(meta))
                found.update({task: scores[task]} if task in scores else {})
        return found


def _read_tasks(nlp: Language, tasks: Sequence[str]) -> List[str]:
    scored = [name for name in nlp.pipe_names if nlp.get_pipe_meta(name).default_score_weights]
    for task in tasks:
        if task not in scored:
            raise ValueError(
                f"'tasks' of spacy_mtl.BestByTask.v1 names '{task}', but the components that are "
                f"trained and report scores are {', '.join(scored) or 'none'}. Fix 'tasks' in "
                "[training.logger]."
            )
    return list(tasks) or scored


def _read_performance(meta: Path) -> Dict[str, Any]:
    try:
        return dict(srsly.read_json(meta).get("performance", {}))
    except (OSError, ValueError, TypeError, AttributeError) as err:
        raise ValueError(
            f"{meta} cannot be read, so the best score of that task so far is unknown "
            f"({type(err).__name__}: {err}). Remove the damaged folder {meta.parent} to track "
            "the best score from now on."
        ) from err


def _folder(output: Path, task: str) -> Path:
    return output / f"{DIR_MODEL_BEST}-{task}"
