"""The conversion from input files to `.spacy` files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from spacy.tokens import DocBin
from spacy.vocab import Vocab

from .categories import complete_cats
from .document import SourceDoc, to_doc
from .errors import ConversionError
from .formats import Format, detect_format, get_format
from .output import choose_targets, write_files
from .seq import is_seq_folder
from .summary import Summary, summarize

AUTO = "auto"
PathLike = Union[str, Path]


@dataclass
class Conversion:
    """What was converted.

    files (List[Summary]): One for each file that was written.
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
    **options: Any,
) -> Conversion:
    """Convert annotated files to `.spacy` files.

    Everything is read and checked before anything is written. Categories list
    the labels of all inputs in every document, so convert the splits of a
    corpus together, or give the labels. Documents without words are left out.

    inputs (Union[PathLike, Sequence[PathLike]]): Files, folders of files, or
        folders with `seq.in`, `seq.out` and `label`.
    output (PathLike): A `.spacy` file for one input file, or a folder.
    format (str): A key of `FORMATS`, or "auto" to tell it by suffix or content.
    labels (Optional[Sequence[str]]): All labels of the categories.
    unknown_spaces (bool): Say in the output that the original spacing is unknown.
        spaCy's reader then takes the words as they are and does not tokenize the
        text again. The spaces themselves are not kept.
    options (Any): Options of the format, see its reader (`read_conllu`, ...).
    RETURNS (Conversion): What was converted.
    RAISES (ConversionError): If the input is broken or the options do not fit.
    """
    paths = [Path(p) for p in ([inputs] if isinstance(inputs, (str, Path)) else inputs)]
    jobs, skipped, is_many = _find_inputs(paths, format)
    targets = choose_targets([path for path, _ in jobs], Path(output), is_many)
    for _, fmt in jobs:
        fmt.check_options(options)
    sources: Dict[Path, List[SourceDoc]] = {}
    for path, fmt in jobs:
        sources[path] = fmt.read(path, **options)
    complete_cats([doc for docs in sources.values() for doc in docs], labels)
    contents: Dict[Path, bytes] = {}
    files = []
    for path, target in targets.items():
        kept = [source for source in sources[path] if source.words]
        if not kept:
            raise ConversionError("there is no document with words", path)
        vocab = Vocab()
        docs = [to_doc(source, vocab) for source in kept]
        summary = summarize(docs, kept, path, target)
        if len(kept) < len(sources[path]):
            summary.left_out["document without words"] = len(sources[path]) - len(kept)
        for doc in docs:
            doc.has_unknown_spaces = unknown_spaces
        contents[target] = DocBin(docs=docs).to_bytes()
        files.append(summary)
    write_files(contents)
    return Conversion(files, skipped)


def _find_inputs(
    paths: Sequence[Path], name: str
) -> Tuple[List[Tuple[Path, Format]], List[Path], bool]:
    """Find the files to read and their formats, what is skipped, whether there may be many."""
    wanted = None if name == AUTO else get_format(name)
    jobs: List[Tuple[Path, Format]] = []
    skipped: List[Path] = []
    if not paths:
        raise ConversionError("no input is given")
    is_many = len(paths) > 1
    for path in paths:
        if not path.exists():
            raise ConversionError("there is no such file or folder", path)
        if path.is_dir() and not is_seq_folder(path):
            found, others = _look_into(path, wanted)
            jobs += found
            skipped += others
            is_many = True
            continue
        fmt = wanted or detect_format(path)
        if fmt is None:
            reason = "cannot tell the format by suffix or content. Give it"
            raise ConversionError(reason, path)
        if path.is_dir() != (fmt.name == "seq"):
            expected = "a folder with seq.in, seq.out and label" if fmt.name == "seq" else "a file"
            raise ConversionError(f"the format '{fmt.name}' is {expected}", path)
        jobs.append((path, fmt))
    return jobs, skipped, is_many


def _look_into(
    folder: Path, wanted: Optional[Format]
) -> Tuple[List[Tuple[Path, Format]], List[Path]]:
    jobs: List[Tuple[Path, Format]] = []
    skipped: List[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or (path.is_dir() and not is_seq_folder(path)):
            continue
        fmt = detect_format(path)
        by_suffix = wanted is not None and path.is_file() and path.suffix in wanted.suffixes
        if wanted is not None and (by_suffix or fmt is wanted):
            jobs.append((path, wanted))
        elif wanted is None and fmt is not None:
            jobs.append((path, fmt))
        else:
            skipped.append(path)
    if not jobs:
        kind = f"of the format '{wanted.name}'" if wanted else "of a known format"
        raise ConversionError(f"no file {kind} in the folder. Name the files themselves", folder)
    return jobs, skipped
