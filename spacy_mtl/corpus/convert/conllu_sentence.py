"""Read the sentences of a CoNLL-U file: comments, words and entity mentions."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from .conllu_tree import find_cycle
from .conllu_word import Word, read_word
from .digits import whole_number
from .errors import ConversionError, show
from .source import read_lines

N_COLUMNS = 10
_RANGE = re.compile(r"([0-9]+)-([0-9]+)")
_EMPTY_NODE = re.compile(r"[0-9]+\.[0-9]+")


@dataclass
class EntityField:
    """An `Entity=` value. Mentions open before word `start` and close after word
    `end - 1`. At an empty node the two are the same."""

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

    Words are syntactic words. The words of a multiword token have no spaces between
    them, and its last word has the spacing of the whole token. Empty nodes are skipped.

    path (Path): The file.
    YIELDS (Sentence): The sentences. Some have comments but no words.
    RAISES (ConversionError): If the file violates the format.
    """
    sentence: Optional[Sentence] = None
    for line, text in enumerate(read_lines(path), 1):
        # A line with only a no-break space isn't blank.
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
    id_, misc = columns[0], columns[-1]
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
    if n_words < sentence.mwt_end:
        space = sentence.mwt_space if n_words + 1 == sentence.mwt_end else False
    if value:
        sentence.entities.append(EntityField(line, n_words, n_words + 1, value))
    sentence.words.append(read_word(columns, space, path, line))


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
