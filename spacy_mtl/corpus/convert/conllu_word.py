"""Read a word of a CoNLL-U file, and check its columns."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional

from spacy.parts_of_speech import IDS as POS_IDS

from .checks import label_fault
from .digits import whole_number
from .errors import ConversionError, show

EMPTY = "_"
_FEATURE = re.compile(r"([^=|\s]+)=[^=|\s]+")


@dataclass
class Word:
    """A syntactic word. "" and None stand for missing values.

    head (Optional[int]): Number of the head word, 0 for a root.
    space (bool): Whether a space follows.
    """

    line: int
    form: str
    lemma: str
    upos: str
    xpos: str
    feats: str
    head: Optional[int]
    deprel: str
    space: bool


def read_word(columns: List[str], space: bool, path: Path, line: int) -> Word:
    """Read the columns of a word.

    columns (List[str]): All ten columns.
    space (bool): Whether a space follows.
    path (Path): The file.
    line (int): The number of the line.
    RETURNS (Word): The word.
    RAISES (ConversionError): If a column is invalid.
    """
    _, form, lemma, upos, xpos, feats, head, deprel, _, _ = columns
    if not form:
        raise ConversionError("the word (FORM) is empty", path, line)
    if upos != EMPTY and upos not in POS_IDS:
        raise ConversionError(
            f"UPOS {show(upos)} is not a part of speech known to spaCy. Use a Universal "
            "Dependencies tag, or _",
            path,
            line,
        )
    for name, label in (("XPOS", xpos), ("DEPREL", deprel)):
        fault = label_fault(label) if _filled(label) else None
        if fault:
            reason = f"{name} {show(label)} {fault}. Fix it, or write _ if there is none"
            raise ConversionError(reason, path, line)
    _check_features(feats, path, line)
    return Word(
        line=line,
        form=form,
        lemma=lemma if form == EMPTY else _filled(lemma),
        upos=_filled(upos),
        xpos=_filled(xpos),
        feats=_filled(feats),
        head=_head_number(head, path, line),
        deprel=_filled(deprel),
        space=space,
    )


def _filled(column: str) -> str:
    return "" if column == EMPTY else column


def _check_features(feats: str, path: Path, line: int) -> None:
    if not _filled(feats):
        return
    names = set()
    for feature in feats.split("|"):
        match = _FEATURE.fullmatch(feature)
        if match is None:
            raise ConversionError(
                f"FEATS {show(feats)} is neither a list of Name=Value, separated by |, nor _: "
                f"{show(feature)}",
                path,
                line,
            )
        if match[1] in names:
            raise ConversionError(
                f"FEATS {show(feats)} has {match[1]} twice. Write several values as {match[1]}=A,B",
                path,
                line,
            )
        names.add(match[1])


def _head_number(column: str, path: Path, line: int) -> Optional[int]:
    if column == EMPTY:
        return None
    number = whole_number(column)
    if number is None:
        raise ConversionError(f"HEAD {show(column)} is neither a number nor _", path, line)
    return number
