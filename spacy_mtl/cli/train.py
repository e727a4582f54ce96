"""`python -m spacy mtl train`: training that can be interrupted and resumed."""

import os
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

import typer
from spacy.training.initialize import init_nlp
from srsly import read_json
from thinc.api import Config
from wasabi import msg

from ..compat.spacy_cli import Arg, Opt, show_validation_error
from .config import load_code, overrides_of, read_config
from .errors import INTERRUPTED, CommandError, ended_by_interrupt, is_debugged, telling
from .outcome import Outcome, reporting
from .rank import check_sends, choose_rank_gpu, is_to_tell, joined, together
from .ranks import start_ranks
from .resuming import load_resumed


@reporting
@telling("Cannot train", {"CheckpointError": "This training cannot continue"})
def train_cli(
    ctx: typer.Context,
    config_path: Path = Arg(..., help="Path to config file", exists=True, dir_okay=False),
    output: Path = Opt(..., "--output", "-o", help="Folder for pipelines and checkpoints"),
    resume: bool = Opt(False, "--resume", "-r", help="Resume from the last checkpoint there"),
    every: Optional[int] = Opt(
        None, "--every", "-e", help="Steps between checkpoints (default: one per evaluation)", min=1
    ),
    differ: bool = Opt(
        False,
        "--differ",
        help="Resume even if libraries, threads or data changed (results may differ)",
    ),
    force: bool = Opt(
        False, "--force", "-F", "-f", help="Replace pipelines in --output from a finished training"
    ),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the config"
    ),
    use_gpu: int = Opt(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU", min=-1),
    ranks: int = Opt(
        1, "--ranks", help="Processes to train in, each on its share of every batch", min=1
    ),
    sends: str = Opt(
        "float32", "--send-as", help="What ranks send gradients as: float32 or bfloat16"
    ),
) -> Outcome:
    """
    Train like `spacy train`, with checkpoints from which an interrupted training can resume.

    Whether uninterrupted or resumed with --resume, the pipeline is the same as from `spacy
    train`, to the last bit on a CPU. Settings are overridden in the same way, for example with
    --training.max_steps 1000. With --ranks, or started by torchrun, several processes train one
    pipeline.

    Example: python -m spacy mtl train config.cfg --output training --paths.train train.spacy
    """
    overrides = overrides_of(ctx)
    given = _Given(
        config_path, output, overrides, resume, every, differ, force, code, use_gpu, sends
    )
    if ranks == 1:
        with joined(use_gpu) as group:
            _train(given, group)
        if not group.is_first:
            raise typer.Exit
    else:
        given.read()
        # The first rank says what it finds.
        with redirect_stdout(StringIO()):
            given.find()
        flags = {"--resume": resume, "--differ": differ, "--force": force}
        words = ["mtl", "train", str(config_path), "--output", str(output), "--send-as", sends]
        words += [flag for flag, is_given in flags.items() if is_given]
        words += [] if every is None else ["--every", str(every)]
        words += [] if code is None else ["--code", str(code)]
        words += ["--debug"] if is_debugged() else []
        words += ["--gpu-id", str(use_gpu), *ctx.args]
        status = start_ranks(ranks, words)
        if status:
            raise typer.Exit(status)
    return Outcome(_as_json(output))


def train(
    config_path: Path,
    output: Path,
    *,
    overrides: Optional[Dict[str, Any]] = None,
    resume: bool = False,
    every: Optional[int] = None,
    differ: bool = False,
    force: bool = False,
    code: Optional[Path] = None,
    use_gpu: int = -1,
    sends: str = "float32",
) -> Path:
    """Train like the command, in this process: alone, or as one of the ranks that a launcher such
    as Ray Train has started.

    config_path (Path): The config file.
    output (Path): Folder for pipelines and checkpoints.
    overrides (Optional[Dict[str, Any]]): Settings to override, by dotted name.
    resume (bool): Whether to resume from the last checkpoint there.
    every (Optional[int]): Steps between checkpoints; by default, one per evaluation.
    differ (bool): Whether to resume even if libraries, threads or data have changed.
    force (bool): Whether to replace the pipelines of a finished training.
    code (Optional[Path]): A Python file with functions used in the config.
    use_gpu (int): The (first) GPU ID, or -1.
    sends (str): What ranks send gradients as: "float32" or "bfloat16".
    RETURNS (Path): The folder of the last pipeline.
    RAISES (ValueError): If something can't be trained as it is.
    RAISES (RuntimeError): If another rank has ended.
    RAISES (KeyboardInterrupt): On Ctrl-C, with a checkpoint left.
    """
    config_path, output, changes = Path(config_path), Path(output), overrides or {}
    given = _Given(config_path, output, changes, resume, every, differ, force, code, use_gpu, sends)
    try:
        with joined(use_gpu) as group:
            _train(given, group)
    except typer.Exit as err:
        if err.exit_code == INTERRUPTED:
            raise KeyboardInterrupt from err
        raise RuntimeError("This rank ends, since another one has: see its error.") from err
    return output / "model-last"


@dataclass(frozen=True)
class _Given:
    """What the command was given."""

    config_path: Path
    output: Path
    overrides: Dict[str, Any]
    resume: bool
    every: Optional[int]
    differ: bool
    force: bool
    code: Optional[Path]
    use_gpu: int
    sends: str

    def read(self) -> Tuple[Config, Config]:
        """Read the config, and check all that can be checked before anything is made of it.

        RETURNS (Tuple[Config, Config]): The config, and the same interpolated.
        RAISES (ValueError): If it can't be trained.
        """
        from ..train.settings import check_corpora, check_training

        check_sends(self.sends)
        load_code(self.code)
        config = read_config(self.config_path, self.overrides)
        with show_validation_error(self.config_path):
            interpolated = config.interpolate()
        if not isinstance(interpolated.get("training"), dict):
            raise ValueError(
                f"{self.config_path} has no block [training]. Add it with `spacy init fill-config`."
            )
        check_training(interpolated["training"])
        check_corpora(interpolated)
        _make_folder(self.output)
        return config, interpolated

    def find(self) -> Any:
        """RETURNS (Optional[Checkpoint]): The checkpoint to resume from, if any.

        RAISES (CommandError): If there is something in the output folder that must not be lost.
        """
        from ..train.checkpoint import find_latest

        found = find_latest(self.output)
        if found is not None and not self.resume:
            raise CommandError(
                f"There is a training to resume: {found.path}",
                "Resume it with --resume, use another --output, or remove that folder.",
            )
        if found is None:
            _check_folder(self.output, self.resume, self.force)
        return found


def _train(given: _Given, group: Any) -> None:
    from ..train.checkpoint import find_latest
    from ..train.circumstances import describe_training
    from ..train.corpora import explained_corpora
    from ..train.loop import train as train_by_steps
    from ..train.of_ranks import check_same_checkpoint, check_seed

    try:
        with together(group):
            config, interpolated = given.read()
            use_gpu = choose_rank_gpu(given.use_gpu)
            found = given.find()
            meta = describe_training(interpolated, use_gpu)
            if group.size > 1:
                meta["ranks"] = group.size
                check_seed(interpolated["training"])
            if found is None:
                with show_validation_error(hint_fill=False), explained_corpora(interpolated):
                    nlp = init_nlp(config, use_gpu=use_gpu)
            else:
                ranks = group.size
                training = interpolated["training"]
                nlp = load_resumed(found, meta, training, given.differ, ranks)
        check_same_checkpoint(group, found)
        train_by_steps(
            nlp,
            given.output,
            checkpoint=found,
            every=given.every,
            meta=meta,
            use_gpu=use_gpu,
            group=group,
            sends=given.sends,
        )
    except KeyboardInterrupt:
        if not is_to_tell(group):
            raise typer.Exit(INTERRUPTED) from None
        latest = find_latest(given.output)
        way = f"--resume continues from {latest.path}" if latest else "There is no checkpoint yet"
        ended_by_interrupt("Interrupted", way)


def _as_json(output: Path) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The trained pipelines and their scores, as JSON."""
    from ..report.json_types import to_json_types

    pipelines = {path.name: path for path in sorted(output.glob("model-*")) if path.is_dir()}
    return {
        name: {
            "path": str(path),
            "scores": to_json_types(read_json(path / "meta.json").get("performance", {})),
        }
        for name, path in pipelines.items()
    }


def _make_folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
        if not os.access(output, os.W_OK):
            raise PermissionError(f"no permission to write to {output}")
    except OSError as err:
        raise CommandError(f"Cannot write to the folder --output {output}", str(err)) from err


def _check_folder(output: Path, resume: bool, force: bool) -> None:
    """Reject a folder without a checkpoint if trained pipelines there would be overwritten."""
    found = [path.name for path in sorted(output.glob("model-*")) if path.is_dir()]
    if found and not resume and not force:
        raise CommandError(
            f"There is {', '.join(found)} in {output}",
            "Replace it with --force, or use another --output.",
        )
    if found and resume:
        raise CommandError(
            f"There is no checkpoint in {output} to resume from, but there is {', '.join(found)}",
            "Use the --output of the interrupted training, or start over there with --force in "
            "place of --resume.",
        )
    if resume:
        msg.warn(f"No checkpoint in {output}: training from scratch")
