"""The supported formats and their options."""

import inspect
import sys
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Dict, List, Mapping, Tuple, get_args, get_type_hints

from .columns import read_columns
from .conllu import read_conllu
from .document import SourceDoc
from .errors import ConversionError, show
from .jsonl import read_jsonl
from .seq import read_seq
from .table import read_table


@dataclass(frozen=True)
class Format:
    """A format that can be converted.

    read (Callable[..., List[SourceDoc]]): Reads one input, and updates a `Taken` with
        how it was interpreted. Its keyword arguments are the options of the format.
    suffixes (Tuple[str, ...]): Files in a folder with these suffixes are read.
    help (str): A short description.
    """

    name: str
    read: Callable[..., List[SourceDoc]]
    suffixes: Tuple[str, ...]
    help: str

    @property
    def options(self) -> List[str]:
        """RETURNS (List[str]): The names of its options."""
        parameters = inspect.signature(self.read).parameters.values()
        return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Check that the format accepts these options.

        options (Mapping[str, Any]): The options by name.
        RAISES (ConversionError): If an option is unknown or has the wrong type.
        """
        hints = get_type_hints(self.read.func if isinstance(self.read, partial) else self.read)
        for name in options:
            if name not in self.options:
                raise ConversionError(
                    f"the format '{self.name}' has no option '{name}'. It has: "
                    f"{', '.join(self.options)}"
                )
            types = get_args(hints[name]) or (hints[name],)
            if isinstance(options[name], int) and abs(options[name]) > sys.maxsize:
                raise ConversionError(f"the option '{name}' is {show(options[name])}: too large")
            # In Python, a bool is an int.
            if type(options[name]) not in types:
                expected = " or ".join("None" if t is type(None) else t.__name__ for t in types)
                raise ConversionError(
                    f"the option '{name}' is {show(options[name])}, expected {expected}"
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


def get_format(name: str) -> Format:
    """Look up a format.

    name (str): Its name.
    RETURNS (Format): The format.
    RAISES (ConversionError): If there is no such format.
    """
    if not isinstance(name, str) or name not in FORMATS:
        raise ConversionError(f"unknown format {show(name)}. There are: auto, {', '.join(FORMATS)}")
    return FORMATS[name]
