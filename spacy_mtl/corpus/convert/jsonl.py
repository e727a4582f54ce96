"""JSON lines, one document a line, with any subset of the annotations.

    {"text": str, "words": [str], "spaces": [bool], "tags": [str], "pos": [str],
     "ents": [[first_token, end_token, label]], "cats": {label: score},
     "meta": {"sent_starts": [token]}}

A key that is absent or null is annotation that is missing, and so is null in
the place of a tag. An empty list of `ents` says that there are none.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, Dict, List, Optional

from spacy.parts_of_speech import IDS as POS_IDS

from .document import EntitySpan, SourceDoc
from .errors import ConversionError
from .source import read_lines
from .tokenize import Tokenize, make_tokenize

KEYS = ("text", "words", "spaces", "tags", "pos", "ents", "cats", "meta")
NEED_WORDS = ("spaces", "tags", "pos", "ents")


def read_jsonl(path: Path, *, lang: str = "en") -> List[SourceDoc]:
    """Read a file of JSON lines. Keys that are not in `KEYS` are left out and counted.

    path (Path): The file.
    lang (str): Language whose tokenizer makes words of a `text` without `words`.
    RETURNS (List[SourceDoc]): The documents.
    RAISES (ConversionError): If a line is no JSON object, has values of wrong types,
        or values that contradict each other.
    """
    tokenize = make_tokenize(lang)
    docs = []
    for line, content in enumerate(read_lines(path), 1):
        if content.strip():
            docs.append(_Record(content, path, line).make_doc(tokenize))
    return docs


class _Record:
    """One line, and the checks of it, which all need to know where it is."""

    def __init__(self, content: str, path: Path, line: int) -> None:
        self.path = path
        self.line = line
        try:
            data = json.loads(content)
            if "\\ud" in content.lower():  # half of a pair, perhaps
                json.dumps(data, ensure_ascii=False).encode("utf8")
        except json.JSONDecodeError as err:
            raise self.error(f"invalid JSON: {err.msg} at character {err.pos + 1}") from None
        except UnicodeEncodeError as err:
            raise self.error(f"cannot be written as UTF-8: {err.reason}") from None
        except (ValueError, RecursionError) as err:
            raise self.error(f"cannot be read as JSON: {err}") from None
        if not isinstance(data, dict):
            raise self.error(f"expected a JSON object, found {type(data).__name__}")
        self.data: Dict[str, Any] = {k: v for k, v in data.items() if v is not None}

    def error(self, reason: str) -> ConversionError:
        return ConversionError(reason, self.path, self.line)

    def make_doc(self, tokenize: Tokenize) -> SourceDoc:
        text = self.data.get("text")
        if text is not None and not isinstance(text, str):
            raise self.error(f"text is {text!r}, expected a string")
        words = self.tokens("words", str)
        if words is None:
            words, spaces = tokenize(self.only_text(text))
        else:
            spaces = self.tokens("spaces", bool, len(words)) or self.find_spaces(words, text)
        if any(not word for word in words):
            raise self.error("there is an empty word in words")
        joined = "".join(w + " " * s for w, s in zip(words, spaces))
        if text is not None and joined != text and joined.removesuffix(" ") != text:
            raise self.error(
                f"text is not what words and spaces make. text: {_excerpt(text, joined)}, words "
                f"and spaces: {_excerpt(joined, text)}"
            )
        doc = SourceDoc(words, spaces, self.path, self.line)
        doc.tags = self.tokens("tags", str, len(words), optional=True)
        doc.pos = self.tokens("pos", str, len(words), optional=True)
        for pos in doc.pos or []:
            if pos not in POS_IDS:
                raise self.error(f"pos '{pos}' is no part of speech that spaCy knows")
        doc.ents = self.ents(len(words))
        doc.cats = self.cats()
        doc.sent_starts = self.sent_starts(len(words))
        doc.left_out.update(f"key '{key}'" for key in self.data if key not in KEYS)
        return doc

    def only_text(self, text: Optional[str]) -> str:
        if text is None:
            raise self.error("there is neither text nor words")
        for key in NEED_WORDS:
            if key in self.data:
                raise self.error(f"{key} refers to tokens, but there are no words")
        return text

    def tokens(
        self, key: str, kind: type, n: Optional[int] = None, optional: bool = False
    ) -> Optional[List[Any]]:
        values = self.data.get(key)
        if values is None:
            return None
        if not isinstance(values, list):
            raise self.error(f"{key} is {values!r}, expected a list")
        if optional:
            values = ["" if value is None else value for value in values]
        for value in values:
            if not isinstance(value, kind):
                raise self.error(f"{key} contains {value!r}, expected {kind.__name__}")
        if n is not None and len(values) != n:
            raise self.error(f"{len(values)} {key}, but {n} words")
        return values

    def find_spaces(self, words: List[str], text: Optional[str]) -> List[bool]:
        spaces, at = [], 0
        for word in words:
            at += len(word)
            spaces.append(text is None or text[at : at + 1] == " ")
            at += spaces[-1]
        return spaces

    def ents(self, n_words: int) -> Optional[List[EntitySpan]]:
        values = self.tokens("ents", list)
        if values is None:
            return None
        spans: List[EntitySpan] = []
        for value in values:
            if [type(v) for v in value] != [int, int, str] or not value[2]:
                raise self.error(f"ents contains {value!r}, expected [first, end, label]")
            if not 0 <= value[0] < value[1] <= n_words:
                raise self.error(f"entity {value!r} is out of range: there are {n_words} words")
            spans.append((value[0], value[1], value[2]))
        spans.sort()
        for before, after in pairwise(spans):
            if after[0] < before[1]:
                raise self.error(f"entities {list(before)} and {list(after)} overlap")
        return spans

    def cats(self) -> Optional[Dict[str, float]]:
        values = self.data.get("cats")
        if values is None:
            return None
        if not isinstance(values, dict):
            raise self.error(f"cats is {values!r}, expected an object")
        for label, value in values.items():
            if not isinstance(value, (int, float)) or not 0 <= value <= 1:
                raise self.error(f"cats has {value!r} for '{label}', expected 0.0 to 1.0")
        return {label: float(value) for label, value in values.items()}

    def sent_starts(self, n_words: int) -> Optional[List[bool]]:
        meta = self.data.get("meta", {})
        starts = meta.get("sent_starts") if isinstance(meta, dict) else None
        if starts is None:
            return None
        for start in starts if isinstance(starts, list) else [starts]:
            if type(start) is not int or not 0 <= start < n_words:
                raise self.error(
                    f"meta.sent_starts has {start!r}, expected numbers of the {n_words} words"
                )
        return [i in set(starts) for i in range(n_words)]


def _excerpt(text: str, other: str) -> str:
    shorter = min(len(text), len(other))
    at = next((i for i in range(shorter) if text[i] != other[i]), shorter)
    return repr(text[max(at - 10, 0) : at + 20])
