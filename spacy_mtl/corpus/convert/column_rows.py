"""Read the rows of a column file: columns, sentences, source documents, header, comments."""

import re
from collections import Counter
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

from .errors import ConversionError, show
from .schemes import is_entity_tag
from .source import read_lines
from .taken import Taken

DOCSTART = "-DOCSTART-"
COMMENT = "#"
# A header row has one of these names for the words, and one for the tags.
WORD_NAMES = ("word", "words", "token", "tokens", "form", "text")
TAG_NAMES = (
    *("tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags", "entity", "entities"),
    *("iob", "bio", "iob_tag", "bio_tag", "pos", "pos_tag", "upos", "xpos"),
)
_WHITESPACE = re.compile(r"[ \t]+")
# Not all Unicode whitespace: a no-break space may be a token.
_BLANK = " \t"

# The line number and columns of one token; the rows of a sentence.
Row = Tuple[int, List[str]]
Sentence = List[Row]


def read_groups(
    path: Path, taken: Taken, header: Optional[bool], comment: Optional[str]
) -> List[List[Sentence]]:
    """Read the sentences of each source document.

    path (Path): The file.
    taken (Taken): Updated with how the file was interpreted.
    header (Optional[bool]): Whether the first row names the columns: see `read_columns`.
    comment (Optional[str]): The prefix of comment lines, likewise.
    RETURNS (List[List[Sentence]]): The sentences, by source document.
    RAISES (ConversionError): If rows differ in length.
    """
    lines = [(n, line.strip(" ")) for n, line in enumerate(read_lines(path), 1)]
    marks = comment or COMMENT
    filled = [ln for _, ln in lines if ln.strip(_BLANK) and not ln.startswith(DOCSTART)]
    # Lines that start like a comment may be one, unless there are no others.
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
            why = "as specified" if header else "it has usual names"
            taken.header, is_first = n, False
            taken.add("header", f"line {n}: {', '.join(row)[:60]}", why)
            continue
        is_first = False
        sentence.append((n, row))
    _check_lengths(groups, path)
    if n_comments:
        taken.add("comments", f"{n_comments:,} lines that start with {marks}, left out")
    return groups


def is_header(row: Sequence[str]) -> bool:
    """Check whether a row is a header with columns of words and tags.

    row (Sequence[str]): The columns.
    RETURNS (bool): Whether it has a usual name for each, and no entity tag.
    """
    if any(map(is_entity_tag, row)):
        return False
    names = [name.strip().lower() for name in row]
    return any(name in WORD_NAMES for name in names) and any(name in TAG_NAMES for name in names)


def split_row(line: str, tabs: bool) -> List[str]:
    """Split a line into its columns.

    line (str): The line.
    tabs (bool): Whether only tabs separate columns.
    RETURNS (List[str]): The columns.
    """
    if tabs:
        return [column.strip(" ") for column in line.split("\t")]
    return _WHITESPACE.split(line.strip(_BLANK))


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
            reason = f"{len(row)} columns, expected {len(rows[0][1])} as in the lines before it"
            if row[0].startswith(COMMENT):
                reason += f". If it is a comment, set comment to '{COMMENT}'"
            raise ConversionError(f"{reason}: {show(' '.join(row))}", path, n)
