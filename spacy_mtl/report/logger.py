"""The logger of joint training, for [training.logger]."""

import sys
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, Callable, Dict, Iterator, List, Optional, Tuple, Union

from spacy.language import Language
from spacy.util import ensure_path
from wasabi import Printer

from ..hints import shortened
from ..joint.component import MultiTask
from ..joint.find import find_joint
from ..registry import register, registry
from ..settings import NOT_EMPTY_PATH, takes
from .console import Console
from .log_file import open_log, write_line
from .monitor import Reading, StepMonitor

Info = Dict[str, Any]
LogStep = Callable[[Optional[Info]], None]
#: What `spacy train` calls with the pipeline: gives back `log_step` and `finalize`.
Logger = Callable[[Language, IO, IO], Tuple[LogStep, Callable[[], None]]]


@register("loggers", "spacy_mtl.ConsoleLogger.v1", output_file=NOT_EMPTY_PATH)
def create_console_logger(
    progress_bar: Any = None,  # The error below says more than that of a type.
    console_output: bool = True,
    output_file: Optional[Union[str, Path]] = None,
    logger: Optional[Callable] = None,
) -> Logger:
    """Create a logger that shows for each task how it fares, and what it does to the encoder.

    At each evaluation it prints a row of a table: for each task the loss, the effective
    weight and the norm of its gradient at the shared representation, not weighted; then
    its scores. All but the scores are means over those joint steps since the last row in
    which the task was present; with `accumulate_gradient`, a step of the optimizer has
    several. (A stock component tells its loss late: it is that of the step before.) The
    loss of the joint component is a mean over all joint steps. Losses of other components
    are sums since the last row, as in spaCy's own logger. In a pipeline without a joint
    component, or with a frozen one, the table is spaCy's.

    progress_bar (Optional[str]): "train" for a bar over the whole training, "eval" for one
        up to the next evaluation, None for none.
    console_output (bool): Whether to print the table and the bar.
    output_file (Optional[Union[str, Path]]): A file for JSON lines, one for each evaluation:
        what spaCy tells ("losses" are its sums), "tasks" with the means by task, and
        "cosines" between the gradients of tasks. Where there is a "log.jsonl" already,
        the log goes to "log.1.jsonl", and so on.
    logger (Optional[Callable]): Another logger, which gets every call. Among its
        "other_scores" are the figures of the tasks, such as "mtl_weight_ner" and
        "mtl_cosine_tagger_ner".
    RETURNS (Callable): The logger.
    RAISES (ValueError): If there is no such progress bar.
    """
    check_logger(logger, "spacy_mtl.ConsoleLogger.v1")
    if progress_bar not in (None, "train", "eval"):
        raise ValueError(
            f"'progress_bar' in [training.logger] is {shortened(progress_bar)}. Set it to "
            '"train", "eval" or null.'
        )

    def setup_printer(
        nlp: Language, stdout: IO = sys.stdout, stderr: IO = sys.stderr
    ) -> Tuple[LogStep, Callable[[], None]]:
        monitor = StepMonitor()
        logs: List[Callable[[Optional[Info], Reading], None]] = []
        found = find_joint(nlp)
        if found is not None and found[0] not in nlp.pipe_names:
            # It is frozen.
            found = None
        tasks = []
        if found is not None:
            found[1].bind(nlp)
            tasks = found[1].tasks
        # What was set up before something fails is undone.
        with ExitStack() as stack:
            if found is not None:
                stack.enter_context(_watched(*found, monitor))
            if logger is not None:
                log_other, finalize_other = logger(nlp, stdout, stderr)
                stack.callback(finalize_other)
                logs.append(lambda info, reading: log_other(_extended(info, reading)))
            if output_file:
                file = stack.enter_context(open_log(ensure_path(output_file)))
                trained = [name for name in nlp.pipe_names if name in tasks]
                logs.insert(0, partial(write_line, file, trained))
                text = Printer(no_print=True).info(f"Saving results to {file.name}")
                print(text, file=stdout, flush=True)
            if console_output and found is not None:
                console = Console(nlp, found[0], tasks, progress_bar, stdout, stderr)
                stack.callback(console.close)
                logs.insert(0, console.log_step)
            elif console_output:
                create = registry.get("loggers", "spacy.ConsoleLogger.v3")
                log_plain, finalize_plain = create(progress_bar)(nlp, stdout, stderr)
                stack.callback(finalize_plain)
                logs.insert(0, lambda info, _: log_plain(info))
            finalize = stack.pop_all().close

        def log_step(info: Optional[Info]) -> None:
            reading = _NO_STEPS if info is None else monitor.read()
            for log in logs:
                log(info, reading)

        return log_step, finalize

    return setup_printer


def check_logger(logger: Any, of: str) -> None:
    """Refuse what is no logger.

    logger (Optional[Callable]): What a config names as one.
    of (str): The registered name of the logger around it.
    RAISES (ValueError): If it cannot be called like one.
    """
    if logger is not None and not takes(logger, 3):
        raise ValueError(
            f"'logger' of {of} is {shortened(logger)}, which cannot be called with a pipeline and "
            "two streams. Set @loggers in [training.logger.logger], or leave it out."
        )


_NO_STEPS = Reading(0, {}, {})


@contextmanager
def _watched(name: str, joint: MultiTask, monitor: StepMonitor) -> Iterator[None]:
    if joint.monitor is not None:
        raise ValueError(
            f"The component '{name}' has a monitor already. Name spacy_mtl.ConsoleLogger.v1 only "
            "once in [training.logger]. If an earlier training of this pipeline was broken off, "
            f"set nlp.get_pipe('{name}').monitor = None."
        )
    unsubscribe = joint.observers.subscribe(monitor)
    try:
        yield
    finally:
        unsubscribe()


def _extended(info: Optional[Info], reading: Reading) -> Optional[Info]:
    """A copy with the figures among the scores: spaCy's own go into the pipeline's meta."""
    if info is None or not isinstance(info["other_scores"], dict):
        return info
    figures: Dict[str, float] = {}
    for task, means in reading.tasks.items():
        figures[f"mtl_loss_{task}"] = means.loss
        figures[f"mtl_weight_{task}"] = means.weight
        figures[f"mtl_norm_{task}"] = means.norm
    for (first, second), pair in reading.pairs.items():
        figures[f"mtl_cosine_{first}_{second}"] = pair.cosine
    if not figures:
        return info
    return {**info, "other_scores": {**info["other_scores"], **figures}}
