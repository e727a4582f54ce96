"""Matching wordpieces to words, for tokenizers that don't return offsets."""

import re
import warnings
from typing import Any, List, Optional, Sequence
from weakref import WeakSet

import numpy
from spacy.tokens import Doc
from spacy_alignments import get_alignments

from ..compat.transformers import byte_decoder_of, has_byte_pieces

# Each byte as a letter that normalization doesn't change; whitespace as nothing.
_LETTERS = ["" if bytes([b]).isspace() else chr(0x4E00 + b) for b in range(256)]
# How sentencepiece tokenizers write bytes that aren't in their vocabulary.
_BYTE = re.compile("<0x([0-9A-F]{2})>")
# Warn if more than this share of words has no wordpiece.
_LOST_SHARE = 0.1

_WARNED: "WeakSet[Any]" = WeakSet()


def match_words(tokenizer: Any, words: Sequence[str], ids: Sequence[int]) -> List[List[int]]:
    """Find the wordpieces of each word by comparing letters, or bytes if the pieces are bytes.

    tokenizer (PreTrainedTokenizer): A slow tokenizer.
    words (List[str]): The words of a text.
    ids (List[int]): Its wordpieces. Special ones belong to no word.
    RETURNS (List[List[int]]): The positions of each word's wordpieces.
    """
    special = set(tokenizer.all_special_ids)
    pieces = ["" if i in special else tokenizer.convert_ids_to_tokens(int(i)) for i in ids]
    as_bytes = _as_bytes(tokenizer, pieces)
    if as_bytes is not None:
        words = [_spell(word.encode("utf8")) for word in words]
        pieces = [_spell(piece) for piece in as_bytes]
    found: List[List[int]] = get_alignments(list(words), pieces)[0]
    return found


def warn_of_lost_words(tokenizer: Any, docs: Sequence[Doc], n_pieces: numpy.ndarray) -> None:
    """Warn once per tokenizer if many words of a batch have no wordpiece, and so no vector.

    tokenizer (PreTrainedTokenizerBase): The encoder's tokenizer.
    docs (Sequence[Doc]): The batch.
    n_pieces (Ints1d): How many wordpieces each token has. Shape: (n_tokens,).
    """
    if n_pieces.all() or tokenizer in _WARNED:
        return
    is_word = numpy.concatenate([~doc.to_array("IS_SPACE").astype(bool) for doc in docs])
    is_lost = is_word & (n_pieces == 0)
    n_words, n_lost = int(is_word.sum()), int(is_lost.sum())
    if n_lost > _LOST_SHARE * n_words:
        _WARNED.add(tokenizer)
        first = int(numpy.flatnonzero(is_lost)[0])
        word = [token.text for doc in docs for token in doc][first]
        warnings.warn(
            f"{n_lost} of {n_words} words in a batch have no wordpiece, and so no vector, such as "
            f"{word[:40]!r}. The encoder's tokenizer ({type(tokenizer).__name__}) drops them or "
            "doesn't know them. Set use_fast = true in tokenizer_config if it is false, or use an "
            "encoder for such text."
        )


def _spell(found: bytes) -> str:
    return "".join([_LETTERS[b] for b in found])


def _as_bytes(tokenizer: Any, pieces: Sequence[str]) -> Optional[List[bytes]]:
    """RETURNS (Optional[List[bytes]]): The bytes of each piece; None if pieces are letters."""
    decoder = byte_decoder_of(tokenizer)
    if decoder is not None:
        added = tokenizer.get_added_vocab()
        return [
            piece.encode("utf8")
            if piece in added
            else bytes(decoder[c] for c in piece.removesuffix("</w>") if c in decoder)
            for piece in pieces
        ]
    # Each byte is written as the character with its code.
    if has_byte_pieces(tokenizer):
        return [
            bytes(ord(c) for c in piece) if max(piece, default="") < "\u0100" else b""
            for piece in pieces
        ]
    if any(_BYTE.fullmatch(piece) for piece in pieces):
        return [_byte_or_text(piece) for piece in pieces]
    return None


def _byte_or_text(piece: str) -> bytes:
    found = _BYTE.fullmatch(piece)
    return bytes([int(found[1], 16)]) if found else piece.replace("\u2581", " ").encode("utf8")
