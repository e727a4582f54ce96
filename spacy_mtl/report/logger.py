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
#: Called by `spacy train` with the pipeline; returns `log_step` and `finalize`.
Logger = Callable[[Language, IO, IO], Tuple[LogStep, Callable[[], None]]]


@register("loggers", "spacy_mtl.ConsoleLogger.v1", output_file=NOT_EMPTY_PATH)
def create_console_logger(
    progress_bar: Any = None,  # The error below is clearer than a type error.
    console_output: bool = True,
    output_file: Optional[Union[str, Path]] = None,
    logger: Optional[Callable] = None,
) -> Logger:
    """Create a logger that shows the progress of each task and its effect on the encoder.

    At each evaluation it prints a row of a table: for each task the loss, the effective
    weight, the norm of its unweighted gradient at the shared representation, and its
    scores. All but the scores are means over the joint steps since the last row in which
    the task was present; with `accumulate_gradient`, an optimizer step has several. (A
    stock component reports its loss late, so it is from the previous step.) The loss of
    the joint component is a mean over all joint steps, followed by the sharing scheme's own
    losses, if any, without their strengths: means over the steps that had them. Losses of
    other components are sums since the last row, as in spaCy's own logger. What the scheme has
    learned about the tasks is printed at the end. Without a joint component, or with a frozen
    one, the table is spaCy's.

    progress_bar (Optional[str]): "train" for a bar over the whole training, "eval" for a
        bar up to the next evaluation, or None.
    console_output (bool): Whether to print the table and the bar.
    output_file (Optional[Union[str, Path]]): A JSON lines file with one line per evaluation:
        spaCy's information ("losses" are sums), "tasks" with the means by task, "cosines"
        between the gradients of tasks, "corpora" with the number of batches from each,
        "auxiliary" with the means of the sharing scheme's own losses, and "sharing" with what it
        has learned by then. If "log.jsonl" exists, the log goes to "log.1.jsonl", and so on.
        `spacy_mtl.read_log` reads it.
    logger (Optional[Callable]): Another logger, which gets every call. Its "other_scores"
        include the figures of the tasks, such as "mtl_weight_ner" and
        "mtl_cosine_tagger_ner".
    RETURNS (Callable): The logger.
    RAISES (ValueError): If the progress bar is unknown.
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
        # Undo the setup so far if something fails.
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
                structure = list if found is None else found[1].structure
                logs.insert(0, partial(write_line, file, trained, structure=structure))
                text = Printer(no_print=True).info(f"Saving results to {file.name}")
                print(text, file=stdout, flush=True)
            if console_output and found is not None:
                console = Console(nlp, *found, progress_bar, stdout, stderr)
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
    """Reject anything that isn't a logger.

    logger (Optional[Callable]): The logger from the config.
    of (str): The registered name of the outer logger.
    RAISES (ValueError): If it can't be called like a logger.
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
            f"The component '{name}' already has a monitor. Use spacy_mtl.ConsoleLogger.v1 only "
            "once in [training.logger]. If an earlier training of this pipeline was interrupted, "
            f"set nlp.get_pipe('{name}').monitor = None."
        )
    unsubscribe = joint.observers.subscribe(monitor)
    try:
        yield
    finally:
        unsubscribe()


def _extended(info: Optional[Info], reading: Reading) -> Optional[Info]:
    """Copy the information, adding the figures. spaCy saves its own scores in the meta."""
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
