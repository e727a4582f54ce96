"""Read column files: one token per line, blank lines between sentences, tags in columns."""

from pathlib import Path
from typing import List, Optional, Tuple

from .checks import label_fault
from .column_rows import Row, Sentence, read_groups
from .document import SourceDoc
from .errors import ConversionError, show
from .schemes import check_scheme, decode_tags, detect_scheme, is_entity_tag
from .taken import Taken


def read_columns(
    path: Path,
    taken: Optional[Taken] = None,
    *,
    word_column: int = 0,
    ner_column: Optional[int] = -1,
    tag_column: Optional[int] = None,
    scheme: str = "auto",
    n_sents: int = 1,
    header: Optional[bool] = None,
    comment: Optional[str] = None,
) -> List[SourceDoc]:
    """Read a column file with entity tags, part-of-speech tags or both.

    Columns are separated by tabs if every token line has one, otherwise by any
    spaces and tabs. They are counted from 0, or from -1 at the end. The file doesn't
    contain the original spacing: words are joined by one space.

    path (Path): The file.
    taken (Optional[Taken]): Updated with how the file was interpreted.
    word_column (int): The column of the words.
    ner_column (Optional[int]): The column of the entity tags, None for no entities.
    tag_column (Optional[int]): The column of the part-of-speech tags, if any. An
        underscore is a missing tag.
    scheme (str): "auto" or a key of `SCHEMES`.
    n_sents (int): Sentences per document. Documents never cross a -DOCSTART- line.
        0 keeps whole source documents. With 1 no sentence starts are set: a block
        between blank lines may be a post of several sentences.
    header (Optional[bool]): Whether the first row names the columns. By default,
        detected by usual names for words and tags (`WORD_NAMES`, `TAG_NAMES`).
    comment (Optional[str]): The prefix of comment lines. By default, comments are
        lines that start with # and have no tab, in a file with tabs, or that start
        with "# " and differ from the others in their number of columns.
    RETURNS (List[SourceDoc]): The documents.
    RAISES (ConversionError): If a line has too few columns or a tag that the
        scheme does not allow there.
    """
    if n_sents < 0:
        raise ConversionError(f"n_sents is {n_sents}, expected 0 (no limit) or more")
    if comment is not None and not comment.strip():
        raise ConversionError(f"comment is {comment!r}, expected the prefix of comments, like #")
    taken = taken if taken is not None else Taken()
    groups = read_groups(path, taken, header, comment)
    sentences = [sentence for group in groups for sentence in group]
    if not sentences:
        raise ConversionError("there is no token in the file", path)
    _take_columns(taken, sentences[0][0], word_column, ner_column, tag_column)
    if scheme != "auto":
        check_scheme(scheme)
    if ner_column is not None:
        column = ner_column
        tag_lines = [[(n, _pick(row, column, path, n)) for n, row in s] for s in sentences]
        _check_first_tag(tag_lines, header, path)
        if scheme == "auto":
            scheme = detect_scheme(tag_lines, path)
            taken.add("scheme of the tags", scheme, "by the tags")
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


def _check_first_tag(
    tag_lines: List[List[Tuple[int, str]]], header: Optional[bool], path: Path
) -> None:
    line, tag = tag_lines[0][0]
    tags = [tag for tags in tag_lines for _, tag in tags]
    if header is None and len(tags) > 1 and not is_entity_tag(tag) and is_entity_tag(tags[1]):
        raise ConversionError(
            f"{show(tag)} is not an entity tag, but those below it are. If the row names the "
            "columns, specify that there is a header; otherwise fix the tag",
            path,
            line,
        )


def _take_columns(
    taken: Taken, row: Row, word_column: int, ner_column: Optional[int], tag_column: Optional[int]
) -> None:
    columns = (("words", word_column), ("entity tags", ner_column), ("tags", tag_column))
    for what, column in columns:
        if column is not None:
            index = column % len(row[1])
            taken.add(what, f"column {index} of {len(row[1])}")


def _pick(row: List[str], column: int, path: Path, line: int) -> str:
    if not -len(row) <= column < len(row):
        raise ConversionError(
            f"there is no column {column}: the line has {len(row)}, numbered 0 to {len(row) - 1}",
            path,
            line,
        )
    if not row[column]:
        raise ConversionError(f"column {column} is empty: {show(' '.join(row))}", path, line)
    return row[column]


def _make_doc(
    chunk: List[Sentence], word_column: int, tag_column: Optional[int], path: Path
) -> SourceDoc:
    rows = [row for sentence in chunk for row in sentence]
    words = [_pick(row, word_column, path, n) for n, row in rows]
    doc = SourceDoc(words=words, spaces=[True] * len(words), path=path, line=rows[0][0])
    if tag_column is not None:
        tags = [_pick(row, tag_column, path, n) for n, row in rows]
        for (n, _), tag in zip(rows, tags):
            if fault := label_fault(tag):
                raise ConversionError(f"the tag {show(tag)} {fault}. Fix it", path, n)
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
