"""Words for formats that give texts only."""

from functools import lru_cache
from typing import Callable, List, Tuple

import spacy

from .errors import ConversionError

Tokenize = Callable[[str], Tuple[List[str], List[bool]]]


# To make one takes longer than to read a small file.
@lru_cache(maxsize=2)
def make_tokenize(lang: str) -> Tokenize:
    """Make a function that cuts texts into words with a blank pipeline's tokenizer.

    lang (str): Code of the language.
    RETURNS (Tokenize): Text in, words and spaces out.
    RAISES (ConversionError): If spaCy does not have the language.
    """
    try:
        # The tokenizer by itself has no limit on the length of a text.
        tokenizer = spacy.blank(lang).tokenizer
    except (ImportError, AttributeError, IndexError, TypeError, ValueError, OSError) as err:
        # What spaCy raises for a name that is a module of its own, but no language.
        reason = f"no tokenizer for the language '{lang}': {err}"
        raise ConversionError(reason) from None

    def tokenize(text: str) -> Tuple[List[str], List[bool]]:
        tokens = tokenizer(text)
        return [token.text for token in tokens], [bool(token.whitespace_) for token in tokens]

    return tokenize
