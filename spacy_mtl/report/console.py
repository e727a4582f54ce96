"""Print the table of a training, with a progress bar between its rows."""

from typing import IO, Any, Dict, Optional

import tqdm
from spacy.language import Language
from wasabi import Printer

from ..joint.component import MultiTask
from .monitor import Reading
from .structure import structure_text
from .table import make_table


class Console:
    """Prints a row for each evaluation."""

    def __init__(
        self,
        nlp: Language,
        name: str,
        joint: MultiTask,
        progress_bar: Optional[str],
        stdout: IO,
        stderr: IO,
    ) -> None:
        """Print the header.

        nlp (Language): The pipeline, with untrained components disabled.
        name (str): The name of the joint component.
        joint (MultiTask): The joint component.
        progress_bar (Optional[str]): "train", "eval" or None.
        stdout (IO): Where the table goes.
        stderr (IO): Where the progress bar goes.
        """
        training = nlp.config.interpolate()["training"]
        self._max_steps: int = training["max_steps"]
        self._eval_frequency: int = training["eval_frequency"]
        self._progress_bar = progress_bar
        self._progress: Any = None
        self._stdout, self._stderr = stdout, stderr
        self._joint = joint
        self._has_rows = False
        self._table = make_table(nlp, name, joint.tasks, list(joint.scheme.strengths()))
        text = "Loss, weight, gradient norm: means per step since the last row"
        self._write(Printer(no_print=True).info(text))
        self._write(self._table.header())

    def log_step(self, info: Optional[Dict[str, Any]], reading: Reading) -> None:
        """Print a row after an evaluation, otherwise advance the progress bar.

        info (Optional[Dict[str, Any]]): Information from spaCy's training loop; None if
            there was no evaluation.
        reading (Reading): The joint steps since the last row.
        """
        if info is None:
            if self._progress is not None:
                self._progress.update(1)
            return
        self._close_progress()
        self._write(self._table.row(info, reading))
        if not self._has_rows:
            # Find out early whether this works: at the end, it would prevent the last save.
            structure_text(self._joint.structure())
            self._has_rows = True
        if self._progress_bar is not None:
            of_run = self._progress_bar == "train"
            self._progress = tqdm.tqdm(
                total=(self._max_steps or None) if of_run else self._eval_frequency,
                initial=info["step"] if of_run else 0,
                desc=f"Last Eval Epoch: {info['epoch']}"
                if of_run
                else f"Epoch {info['epoch'] + 1}",
                disable=None,  # only without a terminal
                leave=False,
                file=self._stderr,
            )

    def close(self) -> None:
        """Remove the progress bar, and print what the sharing scheme has learned."""
        self._close_progress()
        tables = self._joint.structure() if self._has_rows else []
        if tables:
            self._write("\n" + structure_text(tables))

    def _close_progress(self) -> None:
        if self._progress is not None:
            self._progress.close()
            self._progress = None

    def _write(self, text: str) -> None:
        print(text, file=self._stdout, flush=True)
