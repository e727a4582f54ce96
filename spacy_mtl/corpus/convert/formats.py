"""The formats, and which of them a file is in."""

import inspect
import json
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from .columns import DOCSTART, read_columns
from .conllu import read_conllu
from .conllu_sentence import N_COLUMNS
from .document import SourceDoc
from .errors import ConversionError
from .jsonl import read_jsonl
from .seq import is_seq_folder, read_seq
from .table import read_table

_ENTITY_TAG = re.compile(r"(\S.*)?[ \t](O|[BILUES]-\S+)")
_TAG_IN_TSV = re.compile(r"O|[BILUES](-\S+)?")


@dataclass(frozen=True)
class Format:
    """A format that can be converted.

    read (Callable[..., List[SourceDoc]]): Reads one input. Its keyword arguments
        are the options of the format.
    suffixes (Tuple[str, ...]): Files of a folder with these are taken for it.
    help (str): What it is, in a few words.
    """

    name: str
    read: Callable[..., List[SourceDoc]]
    suffixes: Tuple[str, ...]
    help: str

    @property
    def options(self) -> List[str]:
        """The names of the options that it takes."""
        parameters = inspect.signature(self.read).parameters.values()
        return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Check that the format takes these options.

        options (Mapping[str, Any]): The options by name.
        RAISES (ConversionError): If it does not know one.
        """
        for name in options:
            if name not in self.options:
                raise ConversionError(
                    f"the format '{self.name}' has no option '{name}'. It has: "
                    f"{', '.join(self.options)}"
                )


FORMATS: Dict[str, Format] = {
    format.name: format
    for format in (
        Format("conllu", read_conllu, (".conllu",), "CoNLL-U"),
        Format(
            "iob",
            read_columns,
            (".iob", ".iob2", ".bio", ".biluo", ".ner", ".conll", ".tsv"),
            "columns with entity tags",
        ),
        Format("seq", read_seq, (), "folder with seq.in, seq.out, label"),
        Format("tsv", partial(read_table, delimiter="\t"), (".tsv",), "texts and labels"),
        Format("csv", read_table, (".csv",), "texts and labels"),
        Format("jsonl", read_jsonl, (".jsonl", ".ndjson"), "JSON lines"),
    )
}
# Where a suffix says enough. Of others, and of .tsv, the first lines decide.
_BY_SUFFIX = {
    suffix: name for name in ("conllu", "csv", "jsonl") for suffix in FORMATS[name].suffixes
} | {suffix: "iob" for suffix in (".iob", ".iob2", ".bio", ".biluo", ".ner")}


def get_format(name: str) -> Format:
    """Look up a format.

    name (str): Its name.
    RETURNS (Format): The format.
    RAISES (ConversionError): If there is none of this name.
    """
    if name not in FORMATS:
        raise ConversionError(f"unknown format '{name}'. There are: auto, {', '.join(FORMATS)}")
    return FORMATS[name]


def detect_format(path: Path) -> Optional[Format]:
    """Tell the format of a file or of a folder with one split.

    path (Path): The file or folder.
    RETURNS (Optional[Format]): The format, None if it cannot be told.
    """
    if path.is_dir():
        return FORMATS["seq"] if is_seq_folder(path) else None
    suffix = path.suffix.lower()
    if suffix in _BY_SUFFIX:
        return FORMATS[_BY_SUFFIX[suffix]]
    with path.open(encoding="utf-8", errors="replace") as file_:
        lines = [line.rstrip("\r\n") for _, line in zip(range(100), file_)]
    if suffix == ".tsv":
        return FORMATS["iob" if _ends_in_entity_tags(lines) else "tsv"]
    for line in lines:
        if not line.strip() or line.startswith(("#", DOCSTART)):
            continue
        if len(line.split("\t")) == N_COLUMNS and line[0].isdigit():
            return FORMATS["conllu"]
        if _ENTITY_TAG.fullmatch(line.rstrip()):
            return FORMATS["iob"]
        return FORMATS["jsonl"] if _is_json_object(line) else None
    return None


def _ends_in_entity_tags(lines: List[str]) -> bool:
    """Tell a word and its tag from a text and its label: both stand in .tsv files."""
    filled = [line for line in lines if line.strip() and not line.startswith(DOCSTART)]
    tags = [line.rstrip().rpartition("\t")[2] for line in filled]
    has_sentences = "" in [line.strip() for line in lines[:-1]]
    if not tags or not all(map(_TAG_IN_TSV.fullmatch, tags)):
        return False
    return has_sentences or any("-" in tag for tag in tags)


def _is_json_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except json.JSONDecodeError:
        return False
