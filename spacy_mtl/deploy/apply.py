"""Annotate a collection of files, shard by shard, so that an interrupted run can go on."""

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Type

from ..atomic_files import write_files
from ..checksums import fingerprint
from .annotator import Annotator
from .collection import (
    ENDINGS,
    LINES,
    PARQUET,
    CollectionError,
    Shard,
    files_of,
    find_shards,
    is_hidden,
)
from .engines.contract import Engine, EngineError
from .saved import find_pipeline
from .shard_files import new_name, write_shard
from .shard_stream import annotated_shards

#: What was done, in the folder of the annotated collection.
RECORD = "apply.json"
#: The key of the shards there, by name, each with a digest of its files.
_SHARDS = "shards"
ENGINES = ("local", "ray", "spark")
FORMATS = {"parquet": PARQUET, "jsonl": LINES}


@dataclass(frozen=True)
class Applied:
    """An annotated collection.

    n_shards (int): The number of its shards.
    n_before (int): The number of those that an earlier run has finished.
    n_rows (int): The number of rows of the others.
    n_errors (int): The number of their rows with an error.
    """

    n_shards: int
    n_before: int
    n_rows: int
    n_errors: int


@dataclass(frozen=True)
class Job:
    """A collection to annotate.

    shards (List[Shard]): Its shards.
    output (Path): The folder for the annotated ones.
    ending (str): The ending of their files.
    annotator (Annotator): Annotates.
    left_out (List[Path]): Files of the collection with other endings.
    """

    shards: List[Shard]
    output: Path
    ending: str
    annotator: Annotator
    left_out: List[Path]

    def file_of(self, shard: Shard) -> Path:
        """RETURNS (Path): The file of an annotated shard."""
        return self.output / f"{shard.name}{self.ending}"

    @property
    def n_done(self) -> int:
        """RETURNS (int): The number of shards that are finished."""
        return len(self.shards) - len(self.todo())

    def todo(self) -> List[Shard]:
        """RETURNS (List[Shard]): The shards that aren't finished."""
        return [shard for shard in self.shards if not self.file_of(shard).exists()]


def make_job(annotator: Annotator, source: Path, output: Path, format: Optional[str] = None) -> Job:
    """Look at a collection, and at what was annotated before.

    annotator (Annotator): Annotates.
    source (Path): A file or folder.
    output (Path): The folder for the annotated files.
    format (Optional[str]): "parquet" or "jsonl". By default that of the collection; lines for
        files of one text each.
    RETURNS (Job): What to do.
    RAISES (CollectionError): If the collection can't be read.
    """
    files = files_of(source)
    if _is_read(output, source):
        raise CollectionError(
            f"'{output}' is in the collection '{source}', so what is written there would be read "
            "again. Name a folder outside of it, or one that begins with '_'."
        )
    shards = find_shards(source, files)
    left_out = [path for end, paths in files.items() if end not in ENDINGS for path in paths]
    ending = shards[0].ending
    read = ending
    if format is not None:
        ending = FORMATS[format]
    elif ending not in FORMATS.values():
        ending = LINES
    if PARQUET in (read, ending) and find_spec("pyarrow") is None:
        raise CollectionError(
            "Parquet files need pyarrow, which isn't installed: pip install 'spacy-mtl[parquet]'"
        )
    return Job(shards, output, ending, annotator, left_out)


def _is_read(output: Path, source: Path) -> bool:
    """RETURNS (bool): Whether the files of a folder would be found in a collection."""
    one, other = output.resolve(), source.resolve()
    return source.is_dir() and one.is_relative_to(other) and not is_hidden(one, other)


def _check_columns(shards: Sequence[Shard], annotator: Annotator) -> None:
    """Look at all Parquet files, or at the first rows of others, before any row is annotated."""
    for shard in shards:
        names = shard.columns()
        if names:
            twice = [name for name in names if names.count(name) > 1]
            if twice:
                raise CollectionError(
                    f"{shard.paths[0]} has several columns '{twice[0]}'. Rename all but one."
                )
            try:
                annotator.check(names)
            except ValueError as err:
                raise CollectionError(f"{shard.paths[0]}: {err}") from err
            if shard.ending != PARQUET:
                return


def describe(job: Job) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): What must be the same to go on with a job, for JSON."""
    annotator = job.annotator
    return {
        "pipeline": annotator.pipeline,
        "fingerprint of the pipeline": fingerprint(find_pipeline(annotator.pipeline)),
        "fields": annotator.fields,
        "text": annotator.text,
        "exclude": annotator.exclude,
        "ending": job.ending,
        _SHARDS: {shard.name: shard.digest() for shard in job.shards},
    }


def open_output(job: Job, *, resume: bool, force: bool = False) -> None:
    """Prepare the folder of a job.

    job (Job): The job.
    resume (bool): Whether to go on with an earlier run.
    force (bool): Whether to remove what an earlier run has written, and start over.
    RAISES (CollectionError): If it has files and isn't to be resumed, or is of another job; if the
        rows have no column with texts, or one that would be added.
    """
    output = job.output
    if output.exists() and not output.is_dir():
        raise CollectionError(f"'{output}' is a file. Name a folder for the annotated files.")
    record = output / RECORD
    now = describe(job)
    _check_columns(job.shards, job.annotator)
    if record.exists() and force:
        _remove_earlier(output, json.loads(record.read_text(encoding="utf8")))
    if record.exists():
        if not resume:
            raise CollectionError(
                f"'{output}' has the annotated files of an earlier run. Go on with --resume, "
                "replace them with --force, or name another folder."
            )
        before = json.loads(record.read_text(encoding="utf8"))
        for key, value in now.items():
            if key != _SHARDS and before.get(key) != value:
                raise CollectionError(
                    f"'{output}' was begun with another '{key}': {_short(before.get(key))}, not "
                    f"{_short(value)}. Go on with the same, or name another folder."
                )
        _check_shards(job, before.get(_SHARDS, {}), now[_SHARDS])
    elif output.is_dir() and any(output.iterdir()):
        raise CollectionError(f"'{output}' has other files. Name a new folder.")
    write_files({record: (json.dumps(now, indent=1) + "\n").encode("utf8")})


def _check_shards(job: Job, before: Dict[str, str], now: Dict[str, str]) -> None:
    """Reject files that have changed since they were done: rows would be missing, or there twice.

    Others may change, as when a damaged one is mended.
    """
    for name, digest in before.items():
        if (job.output / f"{name}{job.ending}").exists() and now.get(name) != digest:
            what = "has other files, or files of other sizes, now" if name in now else "is gone"
            raise CollectionError(
                f"The collection has changed since '{name}' was annotated: it {what}. Annotate all "
                "of it, with --force or in another folder."
            )


def _remove_earlier(output: Path, before: Dict[str, Any]) -> None:
    written = [f"{name}{before.get('ending', '')}" for name in before.get(_SHARDS, [])]
    # Of a run that was killed.
    written += [new_name(name) for name in written]
    others = {path.name for path in output.iterdir()} - {*written, RECORD}
    if others:
        raise CollectionError(
            f"'{output}' also has other files, such as '{min(others)}', and nothing was removed. "
            "Name a new folder, or remove them yourself."
        )
    for name in (*written, RECORD):
        (output / name).unlink(missing_ok=True)


def apply(
    job: Job,
    engine: str = "local",
    n_workers: int = 1,
    *,
    when_annotated: Callable[[int], Any] = lambda n_rows: None,
    when_written: Callable[[Shard], Any] = lambda shard: None,
) -> Applied:
    """Annotate what isn't finished.

    job (Job): The job.
    engine (str): One of `ENGINES`.
    n_workers (int): The number of workers.
    when_annotated (Callable[[int], Any]): Called with the number of rows of each batch.
    when_written (Callable[[Shard], Any]): Called as each shard is finished.
    RETURNS (Applied): What was done.
    RAISES (EngineError): If the engine can't be used.
    """
    n_before, todo = job.n_done, job.todo()
    n_rows = n_errors = 0
    if todo:
        try:
            started = engine_class(engine)(job.annotator, n_workers)
        except EngineError:
            _forget(job)
            raise
        with started as workers:
            for shard, batches in annotated_shards(todo, workers):
                noted = (_noted(batch, when_annotated) for batch in batches)
                path = job.file_of(shard)
                rows, errors = write_shard(shard, noted, path, job.annotator.fields)
                n_rows, n_errors = n_rows + rows, n_errors + errors
                when_written(shard)
    return Applied(len(job.shards), n_before, n_rows, n_errors)


def _forget(job: Job) -> None:
    """Remove the record of a job of which nothing was done: there is nothing to resume."""
    if [path.name for path in job.output.iterdir()] == [RECORD]:
        (job.output / RECORD).unlink()


def engine_class(name: str) -> Type[Engine]:
    """RETURNS (Type[Engine]): The class of an engine."""
    if name == "ray":
        from .engines.ray_actors import RayActors

        return RayActors
    if name == "spark":
        from .engines.spark_tasks import SparkTasks

        return SparkTasks
    from .engines.local import Local

    return Local


def _noted(batch: Any, when_annotated: Callable[[int], Any]) -> Any:
    when_annotated(len(batch))
    return batch


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
