"""Column files: one token a line, a blank line between sentences, entity tags in a column."""

import re
from collections import Counter
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

from .checks import label_fault
from .document import SourceDoc
from .errors import ConversionError, show
from .schemes import check_scheme, decode_tags, detect_scheme, is_entity_tag
from .source import read_lines
from .taken import Taken

DOCSTART = "-DOCSTART-"
COMMENT = "#"
# A first row that names the columns has such a word for the words, and one for the tags.
WORD_NAMES = ("word", "words", "token", "tokens", "form", "text")
TAG_NAMES = (
    *("tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags", "entity", "entities"),
    *("iob", "bio", "iob_tag", "bio_tag", "pos", "pos_tag", "upos", "xpos"),
)
_WHITESPACE = re.compile(r"[ \t]+")
# Not all that Unicode calls whitespace: a no-break space may be a token.
_BLANK = " \t"

# The line and the columns of one token; a sentence; the sentences of a source document.
Row = Tuple[int, List[str]]
Sentence = List[Row]


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

    Columns are separated by tabs where every token line has one, else by any
    spaces and tabs. They count from 0, or from -1 at the end. The original
    spacing is not in such a file: words are joined by one space.

    path (Path): The file.
    taken (Optional[Taken]): Changed to tell what was taken for what.
    word_column (int): The column of the words.
    ner_column (Optional[int]): The column of the entity tags, None for no entities.
    tag_column (Optional[int]): The column of the part-of-speech tags, if any; an
        underscore there is a missing tag.
    scheme (str): "auto" or a key of `SCHEMES`.
    n_sents (int): Sentences a document, which never crosses a -DOCSTART- line. 0
        takes whole source documents. With 1 no sentence starts are set: what
        stands between blank lines may be a post of several sentences.
    header (Optional[bool]): Whether the first row names the columns. By default it
        does where it has usual names for words and tags (`WORD_NAMES`, `TAG_NAMES`).
    comment (Optional[str]): What a line that is a comment starts with. By default a
        line is one that starts with # and has no tab, in a file with tabs; or
        that starts with "# " and has not as many columns as the others.
    RETURNS (List[SourceDoc]): The documents.
    RAISES (ConversionError): If a line has too few columns or a tag that the
        scheme does not allow there.
    """
    if n_sents < 0:
        raise ConversionError(f"n_sents is {n_sents}, expected 0 (no limit) or more")
    if comment is not None and not comment.strip():
        raise ConversionError(f"comment is {comment!r}, expected what comments start with, like #")
    taken = taken if taken is not None else Taken()
    groups = _read_groups(path, taken, header, comment)
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


def is_header(row: Sequence[str]) -> bool:
    """Whether a row names columns of words and tags.

    row (Sequence[str]): The columns.
    RETURNS (bool): Whether it has a usual name of each, and no entity tag.
    """
    if any(map(is_entity_tag, row)):
        return False
    names = [name.strip().lower() for name in row]
    return any(name in WORD_NAMES for name in names) and any(name in TAG_NAMES for name in names)


def split_row(line: str, tabs: bool) -> List[str]:
    """Split a line into its columns.

    line (str): The line.
    tabs (bool): Whether tabs only separate columns.
    RETURNS (List[str]): The columns.
    """
    if tabs:
        return [column.strip(" ") for column in line.split("\t")]
    return _WHITESPACE.split(line.strip(_BLANK))


def _read_groups(
    path: Path, taken: Taken, header: Optional[bool], comment: Optional[str]
) -> List[List[Sentence]]:
    lines = [(n, line.strip(" ")) for n, line in enumerate(read_lines(path), 1)]
    marks = comment or COMMENT
    filled = [ln for _, ln in lines if ln.strip(_BLANK) and not ln.startswith(DOCSTART)]
    # What starts like a comment may be one, unless there is nothing else.
    tokens = [line for line in filled if not line.startswith(marks)] or filled
    tabs = bool(tokens) and all("\t" in line for line in tokens)
    usual = Counter(len(split_row(line, tabs)) for line in tokens).most_common(1)
    n_columns = usual[0][0] if usual else 0
    groups: List[List[Sentence]] = [[]]
    sentence: Sentence = []
    n_comments, is_first = 0, True
    for n, line in [*lines, (len(lines) + 1, "")]:
        is_start = line.startswith(DOCSTART)
        if not line.strip(_BLANK) or is_start:
            if sentence:
                groups[-1].append(sentence)
                sentence = []
            if is_start:
                groups.append([])
            continue
        row = split_row(line, tabs)
        if _is_comment(line, comment, tabs, len(row) == n_columns):
            n_comments += 1
            continue
        if is_first and (is_header(row) if header is None else header):
            why = "as asked for" if header else "it has usual names"
            taken.header, is_first = n, False
            taken.add("header", f"line {n}: {', '.join(row)[:60]}", why)
            continue
        is_first = False
        sentence.append((n, row))
    _check_lengths(groups, path)
    if n_comments:
        taken.add("comments", f"{n_comments:,} lines that start with {marks}, left out")
    return groups


def _is_comment(line: str, comment: Optional[str], tabs: bool, fits: bool) -> bool:
    if comment is not None:
        return line.startswith(comment)
    if tabs:
        return line.startswith(COMMENT) and "\t" not in line
    return line.startswith(f"{COMMENT} ") and not fits


def _check_lengths(groups: List[List[Sentence]], path: Path) -> None:
    rows = [row for group in groups for sentence in group for row in sentence]
    for n, row in rows:
        if len(row) != len(rows[0][1]):
            reason = f"{len(row)} columns, expected {len(rows[0][1])} as in the lines before"
            if row[0].startswith(COMMENT):
                reason += f". If it is a comment, give comment '{COMMENT}'"
            raise ConversionError(f"{reason}: {show(' '.join(row))}", path, n)


def _check_first_tag(
    tag_lines: List[List[Tuple[int, str]]], header: Optional[bool], path: Path
) -> None:
    line, tag = tag_lines[0][0]
    tags = [tag for tags in tag_lines for _, tag in tags]
    if header is None and len(tags) > 1 and not is_entity_tag(tag) and is_entity_tag(tags[1]):
        raise ConversionError(
            f"{show(tag)} is no entity tag, but those below it are. If the row names the columns, "
            "say that there is a header; else mend the tag",
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
                raise ConversionError(f"the tag {show(tag)} {fault}. Mend it", path, n)
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
