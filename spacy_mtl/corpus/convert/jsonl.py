"""Read JSON lines, one document per line, with any subset of the annotations.

    {"text": str, "words": [str], "spaces": [bool], "tags": [str], "pos": [str],
     "ents": [[first_token, end_token, label]], "cats": {label: score},
     "meta": {"sent_starts": [token]}}

Annotation is missing if its key is absent or null, or if a tag is null. An empty
list of `ents` means that there are none.
"""

from collections import Counter
from pathlib import Path
from typing import List, Optional

from .document import SourceDoc
from .json_record import KEYS, JsonRecord
from .source import read_lines
from .taken import Taken
from .tokenize import make_tokenize


def read_jsonl(path: Path, taken: Optional[Taken] = None, *, lang: str = "en") -> List[SourceDoc]:
    """Read a JSON lines file. Keys that are not in `KEYS` are left out and counted.

    path (Path): The file.
    taken (Optional[Taken]): Updated with how the file was interpreted.
    lang (str): Language of the tokenizer for a `text` without `words`.
    RETURNS (List[SourceDoc]): The documents.
    RAISES (ConversionError): If a line isn't a JSON object, or has values with wrong
        types or that contradict each other.
    """
    tokenize = make_tokenize(lang)
    docs = []
    counts: Counter[str] = Counter()
    for line, content in enumerate(read_lines(path), 1):
        if content.strip():
            record = JsonRecord(content, path, line)
            docs.append(record.make_doc(tokenize))
            counts.update(key for key in record.data if key in KEYS)
    if taken is not None:
        keys = ", ".join(f"{key} ({counts[key]:,})" for key in KEYS if counts[key])
        taken.add("keys", f"{keys} of {len(docs):,} objects")
    return docs
