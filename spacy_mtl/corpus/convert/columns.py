"""Column files: one token a line, a blank line between sentences, entity tags in a column."""

import re
from pathlib import Path
from typing import List, Optional, Tuple

from .document import SourceDoc
from .errors import ConversionError
from .schemes import check_scheme, decode_tags, detect_scheme
from .source import read_lines

DOCSTART = "-DOCSTART-"
_WHITESPACE = re.compile(r"[ \t]+")

# The line and the columns of one token; a sentence; the sentences of a source document.
Row = Tuple[int, List[str]]
Sentence = List[Row]


def read_columns(
    path: Path,
    *,
    word_column: int = 0,
    ner_column: Optional[int] = -1,
    tag_column: Optional[int] = None,
    scheme: str = "auto",
    n_sents: int = 1,
) -> List[SourceDoc]:
    """Read a column file with entity tags, part-of-speech tags or both.

    Columns are separated by tabs where every token line has one, else by any
    spaces and tabs. They count from 0, or from -1 at the end. In a file with
    tabs, a line that starts with # and has no tab is a comment. The original
    spacing is not in such a file: words are joined by one space.

    path (Path): The file.
    word_column (int): The column of the words.
    ner_column (Optional[int]): The column of the entity tags, None for no entities.
    tag_column (Optional[int]): The column of the part-of-speech tags, if any; an
        underscore there is a missing tag.
    scheme (str): "auto" or a key of `SCHEMES`.
    n_sents (int): Sentences a document, which never crosses a -DOCSTART- line. 0
        takes whole source documents. With 1 no sentence starts are set: what
        stands between blank lines may be a post of several sentences.
    RETURNS (List[SourceDoc]): The documents.
    RAISES (ConversionError): If a line has too few columns or a tag that the
        scheme does not allow there.
    """
    if n_sents < 0:
        raise ConversionError(f"n_sents is {n_sents}, expected 0 (no limit) or more")
    groups = _read_groups(path)
    sentences = [sentence for group in groups for sentence in group]
    if not sentences:
        raise ConversionError("there is no token in the file", path)
    if scheme != "auto":
        check_scheme(scheme)
    elif ner_column is not None:
        column = ner_column
        tag_lines = [[(n, _pick(row, column, path, n)) for n, row in s] for s in sentences]
        scheme = detect_scheme(tag_lines, path)
    docs = []
    for group in groups:
        size = n_sents or max(len(group), 1)
        for i in range(0, len(group), size):
            chunk = group[i : i + size]
            doc = _make_doc(chunk, word_column, tag_column, path)
            if n_sents != 1:
                doc.sent_starts = [j == 0 for sentence in chunk for j in range(len(sentence))]
            if ner_column is not None:
                _add_ents(doc, chunk, ner_column, scheme)
            docs.append(doc)
    return docs


def _read_groups(path: Path) -> List[List[Sentence]]:
    lines = [(n, line.strip(" ")) for n, line in enumerate(read_lines(path), 1)]
    tokens = [ln for _, ln in lines if ln.strip() and not ln.startswith(("#", DOCSTART))]
    tabs = bool(tokens) and all("\t" in line for line in tokens)
    groups: List[List[Sentence]] = [[]]
    sentence: Sentence = []
    n_columns = 0
    for n, line in [*lines, (len(lines) + 1, "")]:
        is_start = line.startswith(DOCSTART)
        if not line.strip() or is_start:
            if sentence:
                groups[-1].append(sentence)
                sentence = []
            if is_start:
                groups.append([])
            continue
        if tabs and line[0] == "#" and "\t" not in line:
            continue
        row = line.split("\t") if tabs else _WHITESPACE.split(line.strip())
        n_columns = n_columns or len(row)
        if len(row) != n_columns:
            raise ConversionError(
                f"{len(row)} columns, expected {n_columns} as in the lines before", path, n
            )
        sentence.append((n, [column.strip() for column in row]))
    return groups


def _pick(row: List[str], column: int, path: Path, line: int) -> str:
    if not -len(row) <= column < len(row):
        raise ConversionError(
            f"there is no column {column}: the line has {len(row)}, numbered 0 to {len(row) - 1}",
            path,
            line,
        )
    if not row[column]:
        raise ConversionError(f"column {column} is empty", path, line)
    return row[column]


def _make_doc(
    chunk: List[Sentence], word_column: int, tag_column: Optional[int], path: Path
) -> SourceDoc:
    rows = [row for sentence in chunk for row in sentence]
    words = [_pick(row, word_column, path, n) for n, row in rows]
    doc = SourceDoc(words=words, spaces=[True] * len(words), path=path, line=rows[0][0])
    if tag_column is not None:
        tags = [_pick(row, tag_column, path, n) for n, row in rows]
        doc.tags = ["" if tag == "_" else tag for tag in tags]
    return doc


def _add_ents(doc: SourceDoc, chunk: List[Sentence], column: int, scheme: str) -> None:
    offset = 0
    doc.ents = []
    for sentence in chunk:
        tags = [(n, _pick(row, column, doc.path, n)) for n, row in sentence]
        spans, unknown = decode_tags(tags, scheme, doc.path)
        doc.ents.extend((s + offset, e + offset, label) for s, e, label in spans)
        doc.unknown_ents.extend(i + offset for i in unknown)
        offset += len(sentence)
