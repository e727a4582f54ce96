"""Read TSV and CSV files for classification, with a text and its labels in each row."""

import csv
import io
from pathlib import Path
from typing import Iterator, List, Literal, Optional, Sequence, Tuple

from .categories import split_labels
from .checks import text_fault
from .digits import index_number
from .document import SourceDoc
from .errors import ConversionError, show
from .source import read_text
from .taken import Taken
from .tokenize import make_tokenize

# A first row with one of each is a header.
TEXT_NAMES = ("text", "sentence", "utterance", "document", "review", "comment", "message", "tweet")
LABEL_NAMES = ("label", "labels", "category", "intent", "class", "sentiment", "topic", "target")
MAX_FIELD = 2**31 - 1
# Python's csv reader accepts some of these, but then misreads the file.
_NO_DELIMITERS = '\r\n\0"'

Row = Tuple[int, List[str]]


def read_table(
    path: Path,
    taken: Optional[Taken] = None,
    *,
    delimiter: str = ",",
    header: Optional[bool] = None,
    text_column: Optional[str] = None,
    label_column: Optional[str] = None,
    multilabel: Optional[str] = None,
    quotes: bool = True,
    lang: str = "en",
) -> List[SourceDoc]:
    """Read a table with a text and a label in each row.

    A field in double quotes may contain delimiters and line ends. An empty label is
    missing.

    path (Path): The file.
    taken (Optional[Taken]): Updated with how the file was interpreted.
    delimiter (str): The character between columns.
    header (Optional[bool]): Whether the first row names the columns. By default it
        does if a column is specified by name, or if the row has usual names for both
        texts and labels (`TEXT_NAMES`, `LABEL_NAMES`).
    text_column (Optional[str]): Name, or index from 0, of the texts. By default the
        column with a usual name, or the first.
    label_column (Optional[str]): The same for labels; by default the second column.
    multilabel (Optional[str]): Separator between several labels. An empty field then
        means that no label holds.
    quotes (bool): Whether a double quote at the start of a field quotes it.
    lang (str): Language of the tokenizer for the texts.
    RETURNS (List[SourceDoc]): The documents.
    RAISES (ConversionError): If a column is missing or rows differ in length.
    """
    if len(delimiter) != 1 or delimiter in _NO_DELIMITERS or text_fault(delimiter):
        raise ConversionError(
            f"the delimiter is {show(delimiter)}, expected one character other than a quote or "
            "line end. For tabs, use the format 'tsv'"
        )
    taken = taken if taken is not None else Taken()
    tokenize = make_tokenize(lang)
    rows = _read_rows(path, delimiter, quotes)
    names = [name.strip() for name in rows[0][1]]
    is_asked = header is not None
    if header is None:
        header = _looks_like_header(names, text_column, label_column)
    first_line = rows[0][0]
    text_at = _find_column(names, header, text_column, TEXT_NAMES, 0, path, first_line)
    label_at = _find_column(names, header, label_column, LABEL_NAMES, 1, path, first_line)
    if text_at == label_at:
        raise ConversionError(f"column {text_at} is both text and label", path, first_line)
    for what, at, asked in (("texts", text_at, text_column), ("labels", label_at, label_column)):
        name = f", {show(names[at])}" if header else ""
        usual = header and names[at].lower() in (*TEXT_NAMES, *LABEL_NAMES)
        why = "its usual name" if usual else "the default"
        where = f"column {at} of {len(names)}{name}"
        taken.add(what, where, "as specified" if asked is not None else why)
    if header:
        taken.header = first_line
        why = "as specified" if is_asked else "it has usual or specified names"
        taken.add("header", f"line {first_line}: {', '.join(names)[:60]}", why)
    docs = []
    for line, row in rows[1 if header else 0 :]:
        doc = SourceDoc(*tokenize(row[text_at]), path, line)
        doc.categories = split_labels(row[label_at], multilabel)
        docs.append(doc)
    if not docs:
        raise ConversionError("there is no row below the header", path, first_line)
    return docs


def _read_rows(path: Path, delimiter: str, quotes: bool) -> List[Row]:
    rows: List[Row] = []
    for line, row in _parse(read_text(path), path, delimiter, quotes):
        if rows and len(row) != len(rows[0][1]):
            raise ConversionError(
                f"{len(row)} columns, expected {len(rows[0][1])} as in the first row. If texts "
                "contain double quotes that do not quote a field, turn quotes off",
                path,
                line,
            )
        rows.append((line, row))
    return rows


def _parse(text: str, path: Path, delimiter: str, quotes: bool) -> Iterator[Row]:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True
    )
    # The limit of 131,072 characters per field applies to the whole process.
    limit = csv.field_size_limit(MAX_FIELD)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as err:
        reason = f"the row that starts here is broken: {err}"
        if quotes:
            reason += ". Turn quotes off if double quotes in the file do not quote a field"
        raise ConversionError(reason, path, line) from None
    finally:
        csv.field_size_limit(limit)


def _looks_like_header(names: Sequence[str], *columns: Optional[str]) -> bool:
    if any(column is not None and index_number(column) is None for column in columns):
        return True
    lower = [name.lower() for name in names]
    return any(n in lower for n in TEXT_NAMES) and any(n in lower for n in LABEL_NAMES)


def _find_column(
    names: Sequence[str],
    header: bool,
    column: Optional[str],
    usual: Sequence[str],
    default: int,
    path: Path,
    line: int,
) -> int:
    if column is None:
        lower = [name.lower() for name in names] if header else []
        index = next((lower.index(name) for name in usual if name in lower), default)
    elif header and column in names:
        index = names.index(column)
        if names.count(column) > 1:
            reason = f"there are {names.count(column)} columns {show(column)}. Use the index"
            raise ConversionError(reason, path, line)
    elif (number := index_number(column)) is not None:
        index = number
    else:
        found = ", ".join(names)[:200] if header else "no header"
        raise ConversionError(f"there is no column {show(column)}. There are: {found}", path, line)
    if not -len(names) <= index < len(names):
        asked = (column or str(index))[:60]
        raise ConversionError(
            f"there is no column {asked}: the row has {len(names)}. Check the delimiter and the "
            "column",
            path,
            line,
        )
    return index % len(names)
