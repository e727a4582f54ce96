"""Look for signs that the guessed format of a file is wrong."""

import re
from collections import Counter
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from .column_rows import is_header
from .document import SourceDoc
from .errors import ConversionError, show
from .source import read_text
from .table import LABEL_NAMES, TEXT_NAMES
from .taken import Taken

# From this many rows on, one-word texts are no accident.
MANY = 10
NEARLY_ALL = 0.9
# The maximum length of a word; a longer text without spaces may be Chinese.
WORD_LENGTH = 20
# With fewer labels or texts below the first row, nothing can be said about it.
FEW_LABELS = 4
FEW_ROWS = 3
_TAG = re.compile(r"O|[BILUES](-\S+)?")


def check_guess(
    name: str,
    reason: str,
    docs: Sequence[SourceDoc],
    taken: Taken,
    path: Path,
    options: Mapping[str, Any],
) -> None:
    """Reject a guessed format if there are signs against it.

    name (str): The guessed format.
    reason (str): Why it was guessed.
    docs (Sequence[SourceDoc]): The documents that were read.
    taken (Taken): How the file was interpreted.
    path (Path): The file.
    options (Mapping[str, Any]): The options of the format.
    RAISES (ConversionError): If it looks like another format, or the first row like
        a header.
    """
    guessed = f"taken for the format '{name}' ({reason}), but"
    if name == "iob":
        _check_words([word for doc in docs for word in doc.words], guessed, path, options)
    elif name in ("tsv", "csv"):
        if "text_column" not in options:
            _check_texts(docs, guessed, path)
        if doubt := _not_texts(docs, taken, path):
            raise ConversionError(
                f"{guessed} {doubt}. If each row has a word and its tag, use the format "
                f"'iob'; if these are texts and their labels, use '{name}'",
                path,
            )
        if options.get("header") is None and taken.header is None:
            _check_first_row(docs, name, path)


def _check_words(
    words: Sequence[str], guessed: str, path: Path, options: Mapping[str, Any]
) -> None:
    if len(words) > 1 and all(map(_is_number, words)) and "word_column" not in options:
        raise ConversionError(
            f"{guessed} the supposed words are numbers, like {show(words[0])}. Set "
            "the column of the words: word_column (--word-column)",
            path,
        )
    if path.suffix.lower() == ".tsv" and sum(" " in word for word in words) > len(words) / 2:
        raise ConversionError(
            f"{guessed} most words contain spaces. If these are texts and their labels, use the "
            "format 'tsv'; otherwise use 'iob'",
            path,
        )


def _check_texts(docs: Sequence[SourceDoc], guessed: str, path: Path) -> None:
    texts = [text for doc in docs if (text := _text_of(doc))]
    labels = [label for doc in docs for label in doc.categories or ()]
    are_labels = len({*texts}) <= len(texts) / 2 and all(map(_is_word, texts))
    are_swapped = are_labels and bool(labels) and not any(map(_is_word, labels))
    if len(texts) > 1 and (are_swapped or all(map(_is_number, texts))):
        found = "repeated, and the labels are texts" if are_swapped else "numbers"
        raise ConversionError(
            f"{guessed} the supposed texts are {found}, like {show(texts[0])}. Set "
            "their columns: text_column and label_column (--text-column, --label-column)",
            path,
        )


def _not_texts(docs: Sequence[SourceDoc], taken: Taken, path: Path) -> Optional[str]:
    texts = [text for doc in docs if (text := _text_of(doc))]
    n_words = sum(map(_is_word, texts))
    if not texts or n_words < NEARLY_ALL * len(texts):
        return None
    found = f"{n_words:,} of {len(texts):,} texts are one word"
    labels = {label for doc in docs for label in doc.categories or ()}
    has_tag = any(label == "O" or "-" in label for label in labels)
    if has_tag and all(map(_TAG.fullmatch, labels)):
        return f"{found}, and the labels are entity tags: {', '.join(sorted(labels))[:60]}"
    lines = [line.strip() for line in read_text(path).rstrip().split("\n")]
    first = next(n for n, line in enumerate(lines) if line)
    blank = [n for n, line in enumerate(lines, 1) if not line and n > first]
    if blank:
        return f"{found}, and there are blank lines between rows, like line {blank[0]}"
    # With a header, they are certainly texts.
    return found if taken.header is None and len(texts) >= MANY else None


#: Letters of scripts without spaces between words: Thai, Lao, Burmese, Khmer, kana, Chinese.
_NO_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)


def _check_first_row(docs: Sequence[SourceDoc], name: str, path: Path) -> None:
    labels: List[Tuple[str, ...]] = [tuple(doc.categories) for doc in docs if doc.categories]
    first = docs[0].categories
    counts = Counter(label for of_doc in labels for label in of_doc)
    if len(docs) < 2 or not first or any(counts[label] > 1 for label in first):
        return
    others = [label for label in counts if label not in first]
    text, label = _text_of(docs[0]), ", ".join(first)
    # Needs names of both words and tags: "pos" alone may also be the label of a text.
    has_name = (
        text.lower() in TEXT_NAMES or label.lower() in LABEL_NAMES or is_header([text, label])
    )
    is_odd = len(labels) > FEW_LABELS and all(counts[label] > 1 for label in others)
    is_no_number = bool(others) and all(map(_is_number, others)) and not _is_number(label)
    texts = [_text_of(doc) for doc in docs[1:]]
    n_words = sum(map(_is_word, texts))
    is_short = _is_word(text) and len(texts) >= FEW_ROWS and n_words < len(texts) / 2
    if has_name or is_odd or is_no_number or is_short:
        raise ConversionError(
            f"the first row may name the columns: no other has the label {show(label)}, and its "
            f"text is {show(text)}. Specify whether it is a header (header, or --header and "
            f"--no-header), or use the format '{name}' to treat it as a text",
            path,
            docs[0].line,
        )


def _text_of(doc: SourceDoc) -> str:
    return "".join(w + " " * s for w, s in zip(doc.words, doc.spaces)).strip()


def _is_word(text: str) -> bool:
    # Scripts without spaces can't be told apart from a text.
    return len(text.split()) == 1 and len(text) <= WORD_LENGTH and not _NO_SPACES.search(text)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", text) is not None
