"""`python -m spacy mtl apply`: annotate a collection of texts."""

from pathlib import Path
from typing import Any, Dict, List, Optional

from wasabi import msg

from ..compat.spacy_cli import Arg, Opt
from .config import load_code
from .errors import CommandError, ended_by_interrupt, telling
from .outcome import Outcome, reporting
from .progress import progress


@reporting
@telling("Cannot apply the pipeline")
def apply_cli(
    pipeline: str = Arg(..., help="The name of an installed pipeline, or its folder"),
    source: Path = Arg(..., metavar="IN", help="Texts: .parquet, .jsonl or .txt, or a folder"),
    output: Path = Arg(..., metavar="OUT", help="Folder for the annotated files"),
    engine: str = Opt("local", "--engine", "-E", help="local, ray or spark"),
    n_workers: int = Opt(1, "--n-workers", "-n", help="Processes that annotate", min=1),
    fields: str = Opt("", "--fields", "-f", help="What to add, such as tags,ents,cats"),
    text: str = Opt("text", "--text", "-t", help="The column with the texts"),
    format_: str = Opt("", "--format", help="parquet or jsonl (default: that of IN)"),
    resume: bool = Opt(False, "--resume", "-r", help="Go on with an interrupted run in OUT"),
    force: bool = Opt(False, "--force", "-F", help="Replace what an earlier run wrote to OUT"),
    n_threads: int = Opt(1, "--n-threads", "-T", help="Threads of each process", min=1),
    batch_size: Optional[int] = Opt(
        None, "--batch-size", "-b", help="Texts at a time (default: that of the pipeline)", min=1
    ),
    code: Optional[Path] = Opt(
        None, "--code", "-c", help="Python file with functions used in the pipeline's config"
    ),
) -> Outcome:
    """
    Annotate a collection of texts: files of rows (Parquet or JSON lines), or files of one text.

    Each row is kept, with tokens, tags, entities and categories added. A row that can't be
    annotated has its error in the column "error". Each file is written once it is done, so an
    interrupted run can go on with --resume.

    Example: python -m spacy mtl apply training/model-best texts.jsonl annotated --n-workers 2
    """
    if resume and force:
        raise CommandError(
            "--resume keeps what an earlier run has written, and --force replaces it",
            "Leave out one of them.",
        )
    from ..deploy.annotator import Annotator
    from ..deploy.apply import ENGINES, FORMATS, apply, engine_class, make_job, open_output
    from ..deploy.fields import DEFAULT

    _check_choice("--engine", engine, ENGINES)
    if format_:
        _check_choice("--format", format_, FORMATS)
    load_code(code)
    if code is not None and (engine != "local" or n_workers > 1):
        raise CommandError(
            "--code is only read by this process",
            "Use --n-workers 1, or package the pipeline with its code (`spacy package --code`), "
            "and install it where the workers run.",
        )
    chosen = fields.replace(",", " ").split() or list(DEFAULT)
    annotator = Annotator(pipeline, chosen, text=text, batch_size=batch_size, n_threads=n_threads)
    job = make_job(annotator, source, output, format_ or None)
    # Before anything is written.
    engine_class(engine).check()
    # One that isn't there is told here, and not by each worker.
    annotator.nlp  # noqa: B018
    open_output(job, resume=resume, force=force)
    try:
        with (
            progress(title="Files", total=len(job.shards), done=job.n_done, unit=" files") as files,
            progress(title="Rows", unit=" rows") as rows,
        ):
            found = apply(
                job,
                engine,
                n_workers,
                when_annotated=rows.update,
                when_written=lambda shard: files.update(1),
            )
    except KeyboardInterrupt:
        way = f"{job.n_done} of {len(job.shards)} files are done. --resume goes on in {output}"
        ended_by_interrupt("Interrupted", way)
    data: Dict[str, Any] = {
        "output": str(output),
        "files": found.n_shards,
        "files_before": found.n_before,
        "rows": found.n_rows,
        "errors": found.n_errors,
        "left_out": [str(path) for path in job.left_out],
    }

    def show() -> None:
        if job.left_out:
            some = f"such as {job.left_out[0]}"
            msg.warn(f"{len(job.left_out)} files have other endings and were left out, {some}")
        if found.n_before:
            msg.info(f"{found.n_before} files were done before")
        if found.n_errors:
            msg.warn(f"{found.n_errors} rows have an error: see their column 'error'")
        msg.good(f"Annotated {found.n_rows} rows: {output}")

    return Outcome(data, show)


def _check_choice(option: str, given: str, known: Any) -> None:
    if given not in known:
        names: List[str] = list(known)
        raise CommandError(f"{option} '{given}' is unknown", f"Use one of: {', '.join(names)}.")
