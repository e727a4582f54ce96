"""Tokenize texts of formats without words."""

from functools import lru_cache
from typing import Callable, List, Tuple

import spacy

from .errors import ConversionError

Tokenize = Callable[[str], Tuple[List[str], List[bool]]]


# Creating a tokenizer takes longer than reading a small file.
@lru_cache(maxsize=2)
def make_tokenize(lang: str) -> Tokenize:
    """Make a function that splits texts into words with a blank pipeline's tokenizer.

    lang (str): The language code.
    RETURNS (Tokenize): Takes a text and returns words and spaces.
    RAISES (ConversionError): If spaCy doesn't have the language.
    """
    try:
        # Unlike the pipeline, the tokenizer has no limit on the text length.
        tokenizer = spacy.blank(lang).tokenizer
    except (ImportError, AttributeError, IndexError, TypeError, ValueError, OSError) as err:
        # spaCy raises these for the name of one of its modules that isn't a language.
        reason = f"no tokenizer for the language '{lang}': {err}"
        raise ConversionError(reason) from None

    def tokenize(text: str) -> Tuple[List[str], List[bool]]:
        tokens = tokenizer(text)
        return [token.text for token in tokens], [bool(token.whitespace_) for token in tokens]

    return tokenize
