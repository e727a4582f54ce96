"""Convert annotated corpora to `.spacy` files.

Annotation that a format doesn't have stays missing in the converted documents.
"""

from .columns import read_columns
from .conllu import read_conllu
from .conversion import Conversion, convert
from .document import SourceDoc, to_doc
from .errors import ConversionError
from .formats import FORMATS, Format
from .guess import detect_format
from .jsonl import read_jsonl
from .schemes import SCHEMES
from .seq import read_seq
from .summary import Summary
from .table import read_table

__all__ = [
    "FORMATS",
    "SCHEMES",
    "Conversion",
    "ConversionError",
    "Format",
    "SourceDoc",
    "Summary",
    "convert",
    "detect_format",
    "read_columns",
    "read_conllu",
    "read_jsonl",
    "read_seq",
    "read_table",
    "to_doc",
]
