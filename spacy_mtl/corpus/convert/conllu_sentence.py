"""Read the sentences of a CoNLL-U file: comments, words, and where mentions begin and end."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from spacy.parts_of_speech import IDS as POS_IDS

from .checks import label_fault
from .conllu_tree import find_cycle
from .digits import whole_number
from .errors import ConversionError, show
from .source import read_lines

N_COLUMNS = 10
EMPTY = "_"
_RANGE = re.compile(r"([0-9]+)-([0-9]+)")
_EMPTY_NODE = re.compile(r"[0-9]+\.[0-9]+")
_FEATURE = re.compile(r"([^=|\s]+)=[^=|\s]+")


@dataclass
class Word:
    """A syntactic word. "" and None are what the file leaves out.

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


@dataclass
class EntityField:
    """An `Entity=` value: what opens there opens before word `start`, what closes
    there closes after word `end - 1`. At an empty node the two are the same."""

    line: int
    start: int
    end: int
    value: str


@dataclass
class Sentence:
    """A sentence.

    comments (List[Tuple[str, str]]): Key and value of the comments, in order.
    mwt_end (int): Number of the last word of the multiword token being read.
    """

    line: int
    comments: List[Tuple[str, str]] = field(default_factory=list)
    words: List[Word] = field(default_factory=list)
    entities: List[EntityField] = field(default_factory=list)
    mwt_end: int = 0
    mwt_space: bool = True


def read_sentences(path: Path) -> Iterator[Sentence]:
    """Read a CoNLL-U file sentence by sentence.

    Words are syntactic words. The words of a multiword token stand without
    spaces between them, and what follows is what follows the multiword token.
    Empty nodes are no words.

    path (Path): The file.
    YIELDS (Sentence): The sentences. One without words has comments only.
    RAISES (ConversionError): If the file breaks the format.
    """
    sentence: Optional[Sentence] = None
    for line, text in enumerate(read_lines(path), 1):
        # A no-break space by itself is no blank line.
        if not text.strip(" \t"):
            if sentence is not None:
                yield _checked(sentence, path)
            sentence = None
            continue
        sentence = sentence or Sentence(line)
        if text.startswith("#") and not sentence.words:
            key, _, value = text[1:].partition("=")
            sentence.comments.append((key.strip(), value.strip()))
        else:
            _add_row(sentence, text.split("\t"), path, line)
    if sentence is not None:
        yield _checked(sentence, path)


def _add_row(sentence: Sentence, columns: List[str], path: Path, line: int) -> None:
    if len(columns) != N_COLUMNS:
        raise ConversionError(
            f"{len(columns)} columns, expected {N_COLUMNS} separated by tabs", path, line
        )
    id_, form, lemma, upos, xpos, feats, head, deprel, _, misc = columns
    n_words = len(sentence.words)
    space = "SpaceAfter=No" not in misc.split("|")
    value = next((m.partition("=")[2] for m in misc.split("|") if m.startswith("Entity=")), "")
    if _EMPTY_NODE.fullmatch(id_):
        if value:
            sentence.entities.append(EntityField(line, n_words, n_words, value))
        return
    if match := _RANGE.fullmatch(id_):
        first, last = whole_number(match[1]) or 0, whole_number(match[2]) or 0
        if first != n_words + 1 or last < first or sentence.mwt_end > n_words:
            raise ConversionError(
                f"multiword token {id_[:60]} does not fit: the next word is {n_words + 1}",
                path,
                line,
            )
        sentence.mwt_end, sentence.mwt_space = last, space
        return
    if id_ != str(n_words + 1):
        raise ConversionError(f"ID {show(id_)}, expected {n_words + 1}", path, line)
    if not form:
        raise ConversionError("the word (FORM) is empty", path, line)
    if upos != EMPTY and upos not in POS_IDS:
        raise ConversionError(
            f"UPOS {show(upos)} is no part of speech that spaCy knows. Use a tag of Universal "
            "Dependencies, or _",
            path,
            line,
        )
    for name, label in (("XPOS", xpos), ("DEPREL", deprel)):
        fault = label_fault(label) if _filled(label) else None
        if fault:
            reason = f"{name} {show(label)} {fault}. Mend it, or write _ where there is none"
            raise ConversionError(reason, path, line)
    _check_features(feats, path, line)
    if n_words < sentence.mwt_end:
        space = sentence.mwt_space if n_words + 1 == sentence.mwt_end else False
    if value:
        sentence.entities.append(EntityField(line, n_words, n_words + 1, value))
    word = Word(
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
    sentence.words.append(word)


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
                f"FEATS {show(feats)} is no list of Name=Value, separated by |, nor _: "
                f"{show(feature)}",
                path,
                line,
            )
        if match[1] in names:
            raise ConversionError(
                f"FEATS {show(feats)} has {match[1]} twice. Several values are {match[1]}=A,B",
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


def _checked(sentence: Sentence, path: Path) -> Sentence:
    words = sentence.words
    if sentence.mwt_end > len(words):
        raise ConversionError(
            f"the sentence ends within a multiword token: no word {sentence.mwt_end}",
            path,
            words[-1].line if words else sentence.line,
        )
    for word in words:
        if word.head is not None and word.head > len(words):
            raise ConversionError(
                f"HEAD {word.head}, but the sentence has {len(words)} words", path, word.line
            )
    cycle = find_cycle([word.head for word in words])
    if cycle is not None:
        line = words[cycle - 1].line
        raise ConversionError(f"the heads of word {cycle} form a cycle", path, line)
    return sentence
