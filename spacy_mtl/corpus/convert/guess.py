"""Detect the format of a file by its name and first lines, with the reason."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Mapping, Optional

from .column_rows import COMMENT, DOCSTART, is_header, split_row
from .conllu_sentence import N_COLUMNS
from .formats import FORMATS, Format
from .seq import is_seq_folder
from .source import is_regular

N_LINES = 100
_ENTITY_TAG = re.compile(r"(\S.*)?[ \t](O|[BILUES]-\S+)")
_TAG_IN_TSV = re.compile(r"O|[BILUES](-\S+)?")
_FIRST_ID = re.compile(r"1(-[0-9]+)?|0\.1")
# Suffixes that suffice. For others, and for .tsv, the first lines decide.
_BY_SUFFIX = {
    suffix: name for name in ("conllu", "csv", "jsonl") for suffix in FORMATS[name].suffixes
} | {suffix: "iob" for suffix in (".iob", ".iob2", ".bio", ".biluo", ".ner")}


@dataclass(frozen=True)
class Guess:
    """A guessed format, and the reason.

    format (Optional[Format]): None if it is unknown.
    by_content (bool): Whether the content was needed, not only the name.
    """

    format: Optional[Format]
    reason: str
    by_content: bool = False


def guess_format(path: Path, options: Optional[Mapping[str, Any]] = None) -> Guess:
    """Guess the format of a file or of a folder with one split.

    path (Path): The file or folder.
    options (Optional[Mapping[str, Any]]): Options of formats: those about comments and
        headers help.
    RETURNS (Guess): The format, and why.
    """
    if path.is_dir():
        if is_seq_folder(path):
            return Guess(FORMATS["seq"], "the folder has its files")
        return Guess(None, "a folder")
    if not is_regular(path):
        return Guess(None, "not a regular file")
    suffix = path.suffix.lower()
    if suffix in _BY_SUFFIX:
        return Guess(FORMATS[_BY_SUFFIX[suffix]], f"its name ends in {suffix}")
    with path.open(encoding="utf-8-sig", errors="replace") as file_:
        lines = [line.rstrip("\r\n") for _, line in zip(range(N_LINES), file_)]
    rows = [line for line in lines if line.strip() and not line.startswith(DOCSTART)]
    options = options or {}
    rows = [row for row in rows if not _may_be_comment(row, options.get("comment"), suffix)]
    if options.get("header") is True and suffix != ".tsv":
        rows = rows[1:]
    return _by_content(rows, suffix, "" in [line.strip() for line in lines[:-1]])


def detect_format(path: Path) -> Optional[Format]:
    """Detect the format of a file or of a folder with one split.

    path (Path): The file or folder.
    RETURNS (Optional[Format]): The format, None if it is unknown.
    """
    return guess_format(path).format


def _may_be_comment(row: str, comment: Any, suffix: str) -> bool:
    if isinstance(comment, str) and comment:
        return row.startswith(comment)
    # In a .tsv file, a text or a word may start like a comment.
    return row.startswith(COMMENT) and not (suffix == ".tsv" and "\t" in row)


def _by_content(rows: List[str], suffix: str, has_blank_lines: bool) -> Guess:
    columns = rows[0].split("\t") if rows else [""]
    is_tsv = suffix == ".tsv"
    is_id = _FIRST_ID.fullmatch(columns[0]) if is_tsv else columns[0][:1].isdigit()
    if len(columns) == N_COLUMNS and is_id:
        return Guess(
            FORMATS["conllu"], f"its rows have {N_COLUMNS} columns and start with numbers", True
        )
    if is_tsv:
        if _end_in_entity_tags(rows, has_blank_lines):
            return Guess(FORMATS["iob"], "its rows end in entity tags", True)
        return Guess(
            FORMATS["tsv"], "its name ends in .tsv, and not all rows end in entity tags", True
        )
    if len(rows) > 1 and is_header(split_row(rows[0], "\t" in rows[0])):
        rows = rows[1:]
    if rows and _ENTITY_TAG.fullmatch(rows[0].rstrip()):
        return Guess(FORMATS["iob"], "its first row ends in an entity tag", True)
    if rows and _is_json_object(rows[0]):
        return Guess(FORMATS["jsonl"], "its first line is a JSON object", True)
    return Guess(None, "neither suffix nor content is known")


def _end_in_entity_tags(rows: List[str], has_blank_lines: bool) -> bool:
    """Distinguish words and tags from texts and labels: both occur in .tsv files."""
    tags = [row.rstrip().rpartition("\t")[2] for row in rows]
    if len(tags) > 1 and not _TAG_IN_TSV.fullmatch(tags[0]):
        # A header, which the reader recognizes or rejects.
        tags = tags[1:]
    if not tags or not all(map(_TAG_IN_TSV.fullmatch, tags)):
        return False
    return has_blank_lines or any("-" in tag for tag in tags)


def _is_json_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
