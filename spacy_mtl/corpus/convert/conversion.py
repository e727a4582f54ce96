"""Convert input files to `.spacy` files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

from spacy.tokens import DocBin
from spacy.vocab import Vocab

from ...atomic_files import write_files
from .categories import complete_cats
from .checks import check_doc
from .document import SourceDoc, to_doc
from .doubts import check_guess
from .errors import ConversionError
from .inputs import AUTO, Job, find_inputs
from .output import check_targets, choose_targets
from .parts import TRAIN, check_share, split, targets_of_parts
from .summary import Summary, summarize
from .taken import Taken
from .whitespace import trim_entities

PathLike = Union[str, Path]


@dataclass
class Conversion:
    """The result of a conversion.

    files (List[Summary]): One for each file written.
    skipped (List[Path]): Files of an input folder that are not in the format.
    """

    files: List[Summary]
    skipped: List[Path]


def convert(
    inputs: Union[PathLike, Sequence[PathLike]],
    output: PathLike,
    *,
    format: str = AUTO,
    labels: Optional[Sequence[str]] = None,
    unknown_spaces: bool = False,
    overwrite: bool = True,
    dev_share: Optional[float] = None,
    **options: Any,
) -> Conversion:
    """Convert annotated files to `.spacy` files.

    Everything is read and checked before anything is written. Every document gets
    the category labels of all inputs, so convert the splits of a corpus together,
    or pass the labels. Documents without words are left out.

    inputs (Union[PathLike, Sequence[PathLike]]): Files, folders of files, or
        folders with `seq.in`, `seq.out` and `label`.
    output (PathLike): A `.spacy` file for one input file, or a folder.
    format (str): A key of `FORMATS`, or "auto" to detect it by suffix or content.
    labels (Optional[Sequence[str]]): All labels of the categories.
    unknown_spaces (bool): Mark the original spacing as unknown in the output.
        spaCy's reader then takes the words as they are instead of tokenizing the
        text again. The spaces themselves are not kept.
    overwrite (bool): Whether to replace `.spacy` files that exist. Nothing else is ever replaced.
    dev_share (Optional[float]): The share of documents for a development part, between 0 and 1:
        each input becomes two files, in folders "train" and "dev". See `parts.split`.
    options (Any): Options of the format, see its reader (`read_conllu`, ...).
    RETURNS (Conversion): The result.
    RAISES (ConversionError): If the input is broken or the options don't fit.
    """
    try:
        check_share(dev_share)
        return _convert(
            inputs, output, format, labels, unknown_spaces, overwrite, dev_share, options
        )
    except OSError as err:
        reason = f"cannot be read or written: {err.strerror or err}"
        name = err.filename2 or err.filename
        raise ConversionError(reason, Path(name) if name else None) from err


def _convert(
    inputs: Union[PathLike, Sequence[PathLike]],
    output: PathLike,
    format: str,
    labels: Optional[Sequence[str]],
    unknown_spaces: bool,
    overwrite: bool,
    dev_share: Optional[float],
    options: Dict[str, Any],
) -> Conversion:
    paths = [Path(p) for p in ([inputs] if isinstance(inputs, (str, Path)) else inputs)]
    jobs, skipped, is_many = find_inputs(paths, format, options)
    for job in jobs:
        job.format.check_options(options)
    targets = choose_targets([job.path for job in jobs], Path(output), is_many)
    written = {path: targets_of_parts(target, dev_share) for path, target in targets.items()}
    read = [path for job in jobs for path in job.files]
    check_targets([file for parts in written.values() for file in parts.values()], read, overwrite)
    sources: Dict[Path, List[SourceDoc]] = {}
    taken: Dict[Path, Taken] = {}
    for job in jobs:
        taken[job.path] = Taken()
        sources[job.path] = _read(job, taken[job.path], options)
    complete_cats([doc for docs in sources.values() for doc in docs], labels)
    contents: Dict[Path, bytes] = {}
    files = []
    for job in jobs:
        with_words = [source for source in sources[job.path] if source.words]
        if not with_words:
            raise ConversionError("there is no document with words", job.path)
        vocab = Vocab()
        for part, kept in split(with_words, dev_share, job.path).items():
            target = written[job.path][part]
            docs = [to_doc(source, vocab) for source in kept]
            summary = summarize(docs, kept, job.path, target)
            summary.format, summary.reason = job.format.name, job.reason
            if part in ("", TRAIN):
                # About the whole input: said once.
                summary.taken = taken[job.path].notes
                n_empty = len(sources[job.path]) - len(with_words)
                if n_empty:
                    summary.left_out["document without words"] = n_empty
            for doc in docs:
                doc.has_unknown_spaces = unknown_spaces
            contents[target] = DocBin(docs=docs).to_bytes()
            files.append(summary)
    write_files(contents)
    return Conversion(files, skipped)


def _read(job: Job, taken: Taken, options: Dict[str, Any]) -> List[SourceDoc]:
    try:
        docs = job.format.read(job.path, taken, **options)
    except ConversionError as err:
        if not job.by_content or err.path is None:
            raise
        guessed = f"The format '{job.format.name}' was guessed: {job.reason}"
        raise ConversionError(f"{err.reason}. {guessed}", err.path, err.line) from None
    if job.is_guessed:
        check_guess(job.format.name, job.reason, docs, taken, job.path, options)
    for doc in docs:
        check_doc(doc)
        trim_entities(doc)
    return docs
