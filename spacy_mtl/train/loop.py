"""spaCy's training loop, with the ability to start at any step.

Uninterrupted, it does exactly the same as `spacy.training.loop.train`. It is reimplemented here
because spaCy's loop can neither start at a later step nor save what that requires.
"""

import shutil
import sys
from functools import partial
from io import StringIO
from pathlib import Path
from typing import IO, Any, Dict, Optional

from spacy.language import Language
from spacy.training.loop import (
    DIR_MODEL_BEST,
    DIR_MODEL_LAST,
    create_before_to_disk_callback,
    update_meta,
)
from wasabi import Printer

from ..files import NEW, put_back
from ..ranks.group import ALONE, FLOAT32, Group
from .checkpoint import Checkpoint
from .corpora import explained_corpora, has_texts
from .of_ranks import check_same_start, ranks_of
from .training import Training
from .writing import write_checkpoint, write_in_place


def train(
    nlp: Language,
    output: Path,
    *,
    checkpoint: Optional[Checkpoint] = None,
    every: Optional[int] = None,
    meta: Optional[Dict[str, Any]] = None,
    use_gpu: int = -1,
    stdout: Optional[IO] = None,
    stderr: Optional[IO] = None,
    group: Group = ALONE,
    sends: str = FLOAT32,
) -> Path:
    """Train a pipeline, with checkpoints.

    nlp (Language): The initialized pipeline with its config, or the checkpoint's pipeline.
    output (Path): Folder for the trained pipelines and checkpoints.
    checkpoint (Optional[Checkpoint]): The checkpoint to resume from. Its files aren't checked:
        see `Checkpoint.check`.
    every (Optional[int]): Steps between checkpoints; by default, one per evaluation.
    meta (Optional[Dict[str, Any]]): Metadata to write with each checkpoint, as JSON.
    use_gpu (int): The GPU ID, or -1.
    stdout (Optional[IO]): Output of the logger; defaults to that of the process.
    stderr (Optional[IO]): Output for progress; likewise.
    group (Group): The ranks that train it together, each given the same. The first one evaluates,
        logs and saves.
    sends (str): What gradients are sent to other ranks as: "float32" or "bfloat16".
    RETURNS (Path): The folder of the final pipeline.
    """
    message = Printer(no_print=True)
    if not group.is_first:
        stdout = stderr = StringIO()
    stdout, stderr = stdout or sys.stdout, stderr or sys.stderr
    if group.is_first:
        output.mkdir(parents=True, exist_ok=True)
        for left in output.glob(f"{DIR_MODEL_BEST}*{NEW}"):
            put_back(left.with_name(left.name.removesuffix(NEW)))
    state: Dict[str, Any] = {}
    if checkpoint is not None:
        state = checkpoint.read_state()
    training = Training(nlp, use_gpu, group=group, sends=sends)
    settings = training.settings
    before_to_disk = create_before_to_disk_callback(settings["before_to_disk"])
    frozen = settings["frozen_components"]
    with explained_corpora(training.config):
        if not has_texts(nlp, training.dev_corpus):
            text = (
                f"The development corpus '{settings['dev_corpus']}' has no texts, so nothing can "
                "be scored: the first pipeline stays the best. Fix its 'path'."
            )
            stdout.write(message.warn(text) + "\n")
    stdout.write(message.info(f"Pipeline: {nlp.pipe_names}") + "\n")
    if group.size > 1:
        stdout.write(message.info(f"Ranks: {group.size}") + "\n")
    log_step, finalize = _no_log, _no_end
    if group.is_first:
        with nlp.select_pipes(disable=frozen), group.own_chance():
            log_step, finalize = settings["logger"](nlp, stdout, stderr)
    try:
        if checkpoint is not None:
            with checkpoint.explained():
                training.set_state(state)
            if ranks_of(state) != group.size:
                text = _other_ranks(ranks_of(state), group.size)
                stdout.write(message.warn(text) + "\n")
            check_same_start(training, meta or {}, every)
        else:
            state = training.get_state()
            # Report errors that prevent a first step before there is anything to resume from.
            with explained_corpora(training.config):
                training.batches.peek()
            check_same_start(training, meta or {}, every)
            # Write the first checkpoint before any pipeline, so that it can always be resumed.
            if group.is_first:
                write_checkpoint(output, 0, nlp, state, meta or {})
        for info, is_best in training.steps():
            if is_best is not None:
                with nlp.select_pipes(disable=frozen):
                    update_meta(settings, nlp, info)
            if is_best is not None and group.is_first:
                with nlp.use_params(training.optimizer.averages), group.own_chance():
                    write_in_place(before_to_disk(nlp).to_disk, output / DIR_MODEL_LAST)
                if is_best:
                    copy = partial(shutil.copytree, output / DIR_MODEL_LAST, dirs_exist_ok=True)
                    write_in_place(copy, output / DIR_MODEL_BEST)
                info["output_path"] = str(output / DIR_MODEL_LAST)
            # The first rank alone does so: what it draws must not count for others.
            with group.own_chance():
                log_step(info if is_best is not None else None)
            if is_best is not None if every is None else not training.step % every:
                state = training.get_state()
                if group.is_first:
                    write_checkpoint(output, training.step, nlp, state, meta or {})
    finally:
        finalize()
    if group.is_first:
        with nlp.use_params(training.optimizer.averages):
            write_in_place(before_to_disk(nlp).to_disk, output / DIR_MODEL_LAST)
        stdout.write(message.good("Saved pipeline to", output / DIR_MODEL_LAST) + "\n")
    # Nobody ends before there is a result.
    group.barrier()
    return output / DIR_MODEL_LAST


def _other_ranks(before: int, now: int) -> str:
    return (
        f"This training ran on {before} rank{'s' * (before > 1)} before, and goes on with {now}. "
        "It is as good, but not the same: sums are rounded in another order, and dropout draws "
        "other numbers."
    )


def _no_log(info: Optional[Dict[str, Any]]) -> None:
    pass


def _no_end() -> None:
    pass
