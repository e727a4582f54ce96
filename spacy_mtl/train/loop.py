"""spaCy's training loop, with the ability to start at any step.

Uninterrupted, it does exactly the same as `spacy.training.loop.train`. It is reimplemented here
because spaCy's loop can neither start at a later step nor save what that requires.
"""

import shutil
import sys
from functools import partial
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
from .checkpoint import Checkpoint
from .corpora import explained_corpora, has_texts
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
    RETURNS (Path): The folder of the final pipeline.
    """
    message = Printer(no_print=True)
    stdout, stderr = stdout or sys.stdout, stderr or sys.stderr
    output.mkdir(parents=True, exist_ok=True)
    for left in output.glob(f"{DIR_MODEL_BEST}*{NEW}"):
        put_back(left.with_name(left.name.removesuffix(NEW)))
    state: Dict[str, Any] = {}
    if checkpoint is not None:
        state = checkpoint.read_state()
    training = Training(nlp, use_gpu)
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
    with nlp.select_pipes(disable=frozen):
        log_step, finalize = settings["logger"](nlp, stdout, stderr)
    try:
        if checkpoint is not None:
            with checkpoint.explained():
                training.set_state(state)
        else:
            state = training.get_state()
            # Report errors that prevent a first step before there is anything to resume from.
            with explained_corpora(training.config):
                training.batches.peek()
            # Write the first checkpoint before any pipeline, so that it can always be resumed.
            write_checkpoint(output, 0, nlp, state, meta or {})
        for info, is_best in training.steps():
            if is_best is not None:
                with nlp.select_pipes(disable=frozen):
                    update_meta(settings, nlp, info)
                with nlp.use_params(training.optimizer.averages):
                    write_in_place(before_to_disk(nlp).to_disk, output / DIR_MODEL_LAST)
                if is_best:
                    copy = partial(shutil.copytree, output / DIR_MODEL_LAST, dirs_exist_ok=True)
                    write_in_place(copy, output / DIR_MODEL_BEST)
                info["output_path"] = str(output / DIR_MODEL_LAST)
            log_step(info if is_best is not None else None)
            if is_best is not None if every is None else not training.step % every:
                write_checkpoint(output, training.step, nlp, training.get_state(), meta or {})
    finally:
        finalize()
    with nlp.use_params(training.optimizer.averages):
        write_in_place(before_to_disk(nlp).to_disk, output / DIR_MODEL_LAST)
    stdout.write(message.good("Saved pipeline to", output / DIR_MODEL_LAST) + "\n")
    return output / DIR_MODEL_LAST
