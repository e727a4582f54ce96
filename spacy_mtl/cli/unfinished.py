"""What an interrupted training leaves beside the file of its figures, and how it goes on."""

from pathlib import Path
from typing import Any, Dict, Optional

from spacy.language import Language
from wasabi import msg

from .errors import CommandError
from .resuming import load_resumed

#: The folder, from the name of the file.
_SUFFIX = ".unfinished"


class Unfinished:
    """The checkpoint of a training that only measures.

    output (Optional[Path]): The file of its figures. Without one, nothing is left.
    resume (bool): Whether to go on from there.
    force (bool): Whether what is there may be replaced.
    RAISES (CommandError): If there is something that must not be lost, or nothing can be there.
    """

    def __init__(self, output: Optional[Path], resume: bool, force: bool) -> None:
        from ..train.checkpoint import find_latest

        if resume and output is None:
            raise CommandError(
                "--resume needs --output", "Name the file that the interrupted training wrote to."
            )
        self.folder = None if output is None else output.with_suffix(_SUFFIX)
        found = None if self.folder is None else find_latest(self.folder)
        if found is not None and not resume and not force:
            raise CommandError(
                f"There is a training to resume: {found.path}",
                "Resume it with --resume, start over with --force, or name another --output.",
            )
        if resume and found is None:
            msg.warn(f"No checkpoint in {self.folder}: training from scratch")
        #: The checkpoint to go on from, if any.
        self.checkpoint = found if resume else None

    @property
    def n_steps(self) -> int:
        """RETURNS (int): The number of steps that were trained before."""
        return self.checkpoint.step if self.checkpoint else 0

    @property
    def way(self) -> str:
        """RETURNS (str): How to go on, if there is a way."""
        return f"--resume continues from {self.folder}" if self.folder else ""

    def load(self, meta: Dict[str, Any], training: Dict[str, Any]) -> Optional[Language]:
        """Load the pipeline, if the training is the same.

        meta (Dict[str, Any]): The config, data, machine and options now.
        training (Dict[str, Any]): The block [training].
        RETURNS (Optional[Language]): The pipeline; None if there is nothing to go on from.
        RAISES (CommandError): If the training has changed.
        """
        if self.checkpoint is None:
            return None
        before, now = self.checkpoint.read_meta().get("every"), meta["every"]
        if before != now:
            raise CommandError(
                f"--every is {now}, but was {before} in {self.checkpoint.path}",
                f"Resume with --every {before}, or start over with --force in place of --resume.",
            )
        return load_resumed(self.checkpoint, meta, training, differ=True)

    def read_state(self) -> Optional[Dict[str, Any]]:
        """RETURNS (Optional[Dict[str, Any]]): All else to go on from, if there is anything."""
        return self.checkpoint.read_state() if self.checkpoint else None

    def keep(self, nlp: Language, measured: Any, meta: Dict[str, Any]) -> None:
        """Write what an interrupted training leaves. Remove what an earlier one has left, if this
        one is finished, or was started over.

        nlp (Language): The pipeline.
        measured (Measured): What the training has shown.
        meta (Dict[str, Any]): The config, data, machine and options.
        """
        from .. import files
        from ..train.writing import write_checkpoint

        if self.folder is None:
            return
        starts_over = self.checkpoint is None and measured.state is not None
        is_over = starts_over or not measured.is_interrupted
        if is_over and self.folder.exists():
            # A later step of the one before would be taken up instead.
            files.remove(self.folder)
        if measured.state is not None:
            self.folder.mkdir(exist_ok=True)
            write_checkpoint(self.folder, measured.n_steps, nlp, measured.state, meta)
