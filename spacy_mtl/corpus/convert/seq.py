"""Read seq.in, seq.out, label (SNIPS, ATIS): slots as entities, intents as categories."""

import re
from pathlib import Path
from typing import List, Optional

from .categories import split_labels
from .document import SourceDoc
from .errors import ConversionError
from .schemes import check_scheme, decode_tags, detect_scheme
from .source import read_lines
from .taken import Taken

WORDS, TAGS, LABELS = FILES = ("seq.in", "seq.out", "label")
_WHITESPACE = re.compile(r"[ \t]+")


def is_seq_folder(path: Path) -> bool:
    """Check whether a folder contains the three files, or some of them.

    path (Path): The folder.
    RETURNS (bool): Whether one of the files is there.
    """
    return path.is_dir() and any((path / name).is_file() for name in FILES)


def read_seq(
    path: Path,
    taken: Optional[Taken] = None,
    *,
    scheme: str = "auto",
    multilabel: Optional[str] = None,
) -> List[SourceDoc]:
    """Read a folder with the files `seq.in` (words), `seq.out` (tags) and `label`.

    The files are aligned line by line, with one text per line. They don't contain
    the original spacing: words are joined by one space.

    path (Path): The folder, of one split.
    taken (Optional[Taken]): Updated with how the files were interpreted.
    scheme (str): Scheme of the tags, "auto" or a key of `SCHEMES`.
    multilabel (Optional[str]): Separator between the labels of a text (# in ATIS). By
        default the line is one label.
    RETURNS (List[SourceDoc]): The documents.
    RAISES (ConversionError): If a file is missing, lengths differ, or a tag is invalid.
    """
    words_of, tags_of, labels = (
        [_WHITESPACE.split(line.strip(" \t")) for line in read_lines(path / WORDS)],
        [_WHITESPACE.split(line.strip(" \t")) for line in read_lines(path / TAGS)],
        read_lines(path / LABELS),
    )
    for name, other in ((TAGS, tags_of), (LABELS, labels)):
        if len(other) != len(words_of):
            raise ConversionError(
                f"{len(other)} lines, but {WORDS} has {len(words_of)}. They must be aligned",
                path / name,
                min(len(other), len(words_of)) + 1,
            )
    for line, (words, tags) in enumerate(zip(words_of, tags_of), 1):
        if words == [""]:
            raise ConversionError("the line is empty, expected a text", path / WORDS, line)
        if len(tags) != len(words):
            reason = f"{len(tags)} tags, but {WORDS} has {len(words)} words in that line"
            raise ConversionError(reason, path / TAGS, line)
    tag_lines = [[(line, tag) for tag in tags] for line, tags in enumerate(tags_of, 1)]
    taken = taken if taken is not None else Taken()
    taken.add("words", WORDS)
    taken.add("entity tags", TAGS)
    taken.add("labels", LABELS)
    if scheme == "auto":
        scheme = detect_scheme(tag_lines, path / TAGS)
        taken.add("scheme of the tags", scheme, "by the tags")
    check_scheme(scheme)
    docs: List[SourceDoc] = []
    for words, tagged, label in zip(words_of, tag_lines, labels):
        line = len(docs) + 1
        spans, unknown = decode_tags(tagged, scheme, path / TAGS)
        doc = SourceDoc(words, [True] * len(words), path / WORDS, line, ents=spans)
        doc.unknown_ents = unknown
        doc.categories = split_labels(label, multilabel)
        docs.append(doc)
    return docs
