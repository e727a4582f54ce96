"""Read and check one document of a JSON lines file."""

from itertools import pairwise
from pathlib import Path
from typing import Any, Dict, List, Optional

from spacy.parts_of_speech import IDS as POS_IDS

from .document import EntitySpan, SourceDoc
from .errors import ConversionError, show
from .json_object import RefusedError, read_object
from .tokenize import Tokenize

KEYS = ("text", "words", "spaces", "tags", "pos", "ents", "cats", "meta")
NEED_WORDS = ("spaces", "tags", "pos", "ents")


class JsonRecord:
    """One line, with its checks, which all report where it is.

    content (str): The line.
    path (Path): The file.
    line (int): The number of the line.
    RAISES (ConversionError): If it isn't a JSON object.
    """

    def __init__(self, content: str, path: Path, line: int) -> None:
        self.path = path
        self.line = line
        try:
            self.data = read_object(content)
        except RefusedError as err:
            raise self.error(str(err)) from None

    def error(self, reason: str) -> ConversionError:
        """RETURNS (ConversionError): An error with the file and line."""
        return ConversionError(reason, self.path, self.line)

    def make_doc(self, tokenize: Tokenize) -> SourceDoc:
        """Make the document.

        tokenize (Tokenize): Splits a `text` without `words` into words.
        RETURNS (SourceDoc): The document.
        RAISES (ConversionError): If values have wrong types, or contradict each other.
        """
        text = self.data.get("text")
        if text is not None and not isinstance(text, str):
            raise self.error(f"text is {show(text)}, expected a string")
        words = self._tokens("words", str)
        if words is None:
            words, spaces = tokenize(self._only_text(text))
        else:
            spaces = self._tokens("spaces", bool, len(words)) or self._find_spaces(words, text)
        if any(not word for word in words):
            raise self.error("there is an empty word in words. Leave it out")
        joined = "".join(w + " " * s for w, s in zip(words, spaces))
        if text is not None and joined != text and joined.removesuffix(" ") != text:
            raise self.error(
                f"text does not match words and spaces. text: {_excerpt(text, joined)}, words "
                f"and spaces: {_excerpt(joined, text)}"
            )
        doc = SourceDoc(words, spaces, self.path, self.line)
        doc.tags = self._tokens("tags", str, len(words), optional=True)
        doc.pos = self._tokens("pos", str, len(words), optional=True)
        for pos in doc.pos or []:
            if pos not in POS_IDS:
                raise self.error(f"pos {show(pos)} is not a part of speech known to spaCy")
        doc.ents = self._ents(len(words))
        doc.cats = self._cats()
        doc.sent_starts = self._sent_starts(len(words))
        doc.left_out.update(f"key '{key}'" for key in self.data if key not in KEYS)
        return doc

    def _only_text(self, text: Optional[str]) -> str:
        if text is None:
            raise self.error("there is neither text nor words")
        for key in NEED_WORDS:
            if key in self.data:
                raise self.error(f"{key} refers to tokens, but there are no words")
        return text

    def _tokens(
        self, key: str, kind: type, n: Optional[int] = None, optional: bool = False
    ) -> Optional[List[Any]]:
        values = self.data.get(key)
        if values is None:
            return None
        if not isinstance(values, list):
            raise self.error(f"{key} is {show(values)}, expected a list")
        if optional:
            values = ["" if value is None else value for value in values]
        for value in values:
            if not isinstance(value, kind):
                raise self.error(f"{key} contains {show(value)}, expected {kind.__name__}")
        if n is not None and len(values) != n:
            raise self.error(f"{len(values)} {key}, but {n} words")
        return values

    def _find_spaces(self, words: List[str], text: Optional[str]) -> List[bool]:
        spaces, at = [], 0
        for word in words:
            at += len(word)
            spaces.append(text is None or text[at : at + 1] == " ")
            at += spaces[-1]
        return spaces

    def _ents(self, n_words: int) -> Optional[List[EntitySpan]]:
        values = self._tokens("ents", list)
        if values is None:
            return None
        spans: List[EntitySpan] = []
        for value in values:
            if [type(v) for v in value] != [int, int, str] or not value[2]:
                raise self.error(f"ents contains {show(value)}, expected [first, end, label]")
            if not 0 <= value[0] < value[1] <= n_words:
                raise self.error(f"entity {show(value)} is out of range: there are {n_words} words")
            spans.append((value[0], value[1], value[2]))
        spans.sort()
        for before, after in pairwise(spans):
            if after[0] < before[1]:
                raise self.error(f"entities {list(before)} and {list(after)} overlap")
        return spans

    def _cats(self) -> Optional[Dict[str, float]]:
        values = self.data.get("cats")
        if values is None:
            return None
        if not isinstance(values, dict):
            raise self.error(f"cats is {show(values)}, expected an object")
        for label, value in values.items():
            if not isinstance(value, (int, float)) or not 0 <= value <= 1:
                raise self.error(f"cats has {show(value)} for {show(label)}, expected 0.0 to 1.0")
        return {label: float(value) for label, value in values.items()}

    def _sent_starts(self, n_words: int) -> Optional[List[bool]]:
        meta = self.data.get("meta", {})
        if not isinstance(meta, dict):
            raise self.error(f"meta is {show(meta)}, expected an object")
        starts = meta.get("sent_starts")
        if starts is None:
            return None
        if "words" not in self.data:
            raise self.error("meta.sent_starts refers to tokens, but there are no words")
        for start in starts if isinstance(starts, list) else [starts]:
            if type(start) is not int or not 0 <= start < n_words:
                raise self.error(
                    f"meta.sent_starts has {show(start)}, expected numbers of the {n_words} words"
                )
        if not isinstance(starts, list):
            raise self.error(f"meta.sent_starts is {show(starts)}, expected a list")
        if n_words and 0 not in starts:
            raise self.error(
                f"meta.sent_starts is {show(starts)}, expected 0 in it: the first word starts a "
                "sentence. Leave the key out if sentences are not annotated"
            )
        found = set(starts)
        return [i in found for i in range(n_words)]


def _excerpt(text: str, other: str) -> str:
    shorter = min(len(text), len(other))
    at = next((i for i in range(shorter) if text[i] != other[i]), shorter)
    return repr(text[max(at - 10, 0) : at + 20])
