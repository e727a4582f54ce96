"""JSON lines, one document a line, with any subset of the annotations.

    {"text": str, "words": [str], "spaces": [bool], "tags": [str], "pos": [str],
     "ents": [[first_token, end_token, label]], "cats": {label: score},
     "meta": {"sent_starts": [token]}}

A key that is absent or null is annotation that is missing, and so is null in
the place of a tag. An empty list of `ents` says that there are none.
"""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from spacy.parts_of_speech import IDS as POS_IDS

from .document import EntitySpan, SourceDoc
from .errors import ConversionError, show
from .source import read_lines
from .taken import Taken
from .tokenize import Tokenize, make_tokenize

KEYS = ("text", "words", "spaces", "tags", "pos", "ents", "cats", "meta")
NEED_WORDS = ("spaces", "tags", "pos", "ents")


def read_jsonl(path: Path, taken: Optional[Taken] = None, *, lang: str = "en") -> List[SourceDoc]:
    """Read a file of JSON lines. Keys that are not in `KEYS` are left out and counted.

    path (Path): The file.
    taken (Optional[Taken]): Changed to tell what was taken for what.
    lang (str): Language whose tokenizer makes words of a `text` without `words`.
    RETURNS (List[SourceDoc]): The documents.
    RAISES (ConversionError): If a line is no JSON object, has values of wrong types,
        or values that contradict each other.
    """
    tokenize = make_tokenize(lang)
    docs = []
    counts: Counter[str] = Counter()
    for line, content in enumerate(read_lines(path), 1):
        if content.strip():
            record = _Record(content, path, line)
            docs.append(record.make_doc(tokenize))
            counts.update(key for key in record.data if key in KEYS)
    if taken is not None:
        keys = ", ".join(f"{key} ({counts[key]:,})" for key in KEYS if counts[key])
        taken.add("keys", f"{keys} of {len(docs):,} objects")
    return docs


class _RefusedError(ValueError):
    """JSON that Python takes, and we do not."""


class _Record:
    """One line, and the checks of it, which all need to know where it is."""

    def __init__(self, content: str, path: Path, line: int) -> None:
        self.path = path
        self.line = line
        try:
            data = json.loads(content, object_pairs_hook=_unique, parse_constant=_refuse_constant)
            if "\\ud" in content.lower():  # half of a pair, perhaps
                json.dumps(data, ensure_ascii=False).encode("utf8")
        except json.JSONDecodeError as err:
            raise self.error(f"invalid JSON: {err.msg} at character {err.pos + 1}") from None
        except UnicodeEncodeError as err:
            raise self.error(f"cannot be written as UTF-8: {err.reason}") from None
        except RecursionError:
            raise self.error("cannot be read as JSON: brackets are nested too deep") from None
        except _RefusedError as err:
            raise self.error(str(err)) from None
        except ValueError:
            # Python's own message names a setting of the interpreter.
            raise self.error("cannot be read as JSON: a number has too many digits") from None
        if not isinstance(data, dict):
            found = type(data).__name__
            raise self.error(f"expected a JSON object, found {found}. Write one object a line")
        self.data: Dict[str, Any] = {k: v for k, v in data.items() if v is not None}

    def error(self, reason: str) -> ConversionError:
        return ConversionError(reason, self.path, self.line)

    def make_doc(self, tokenize: Tokenize) -> SourceDoc:
        text = self.data.get("text")
        if text is not None and not isinstance(text, str):
            raise self.error(f"text is {show(text)}, expected a string")
        words = self.tokens("words", str)
        if words is None:
            words, spaces = tokenize(self.only_text(text))
        else:
            spaces = self.tokens("spaces", bool, len(words)) or self.find_spaces(words, text)
        if any(not word for word in words):
            raise self.error("there is an empty word in words. Leave it out")
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
                raise self.error(f"pos {show(pos)} is no part of speech that spaCy knows")
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
            raise self.error(f"{key} is {show(values)}, expected a list")
        if optional:
            values = ["" if value is None else value for value in values]
        for value in values:
            if not isinstance(value, kind):
                raise self.error(f"{key} contains {show(value)}, expected {kind.__name__}")
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
                raise self.error(f"ents contains {show(value)}, expected [first, end, label]")
            if not 0 <= value[0] < value[1] <= n_words:
                raise self.error(f"entity {show(value)} is out of range: there are {n_words} words")
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
            raise self.error(f"cats is {show(values)}, expected an object")
        for label, value in values.items():
            if not isinstance(value, (int, float)) or not 0 <= value <= 1:
                raise self.error(f"cats has {show(value)} for {show(label)}, expected 0.0 to 1.0")
        return {label: float(value) for label, value in values.items()}

    def sent_starts(self, n_words: int) -> Optional[List[bool]]:
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


def _unique(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        ((key, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise _RefusedError(
            f"the key {show(key)} is repeated. Only one of its values would be taken"
        )
    return data


def _refuse_constant(name: str) -> float:
    raise _RefusedError(f"{name} is no JSON. Write a number, or null where there is none")


def _excerpt(text: str, other: str) -> str:
    shorter = min(len(text), len(other))
    at = next((i for i in range(shorter) if text[i] != other[i]), shorter)
    return repr(text[max(at - 10, 0) : at + 20])
