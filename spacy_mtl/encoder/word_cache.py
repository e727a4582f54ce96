"""A cache of the wordpieces of words, for tokenizers that read a text word by word.

Most words of a text have been read before, and finding them here takes a tenth of the time that
a tokenizer needs.
"""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Sequence, Tuple
from weakref import WeakKeyDictionary

import numpy
from spacy.tokens import Doc
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from ..arrays import ranges
from ..locks import ForkSafeLock
from .wordpieces import Wordpieces, split_into_wordpieces, split_texts

#: The number of tokens and wordpieces after which a cache starts anew: those of about 100,000
#: English words, 20 MB. (Of text without spaces, a "word" is a whole document.)
LIMIT = 300_000


@dataclass
class _Words:
    """Runs of tokens without a space in between, such as "room" and "." in "a room."

    keys (List[bytes]): The tokens of each word. Shape: (n_words,).
    docs (Ints1d): The document of each.
    starts (Ints1d): Its first token.
    n_tokens (Ints1d): How many tokens it has.
    tokens (Ints2d): The number of each token's string, its first character in the document, and
        its length. Shape: (n_tokens, 3).
    """

    keys: List[bytes]
    docs: numpy.ndarray
    starts: numpy.ndarray
    n_tokens: numpy.ndarray
    tokens: numpy.ndarray


@dataclass(frozen=True)
class _Known:
    """What words consist of.

    pieces (Wordpieces): Their wordpieces, as if each word were a document.
    token_ends (Ints1d): Where the tokens of each word end. Shape: (n_words,).
    """

    pieces: Wordpieces
    token_ends: numpy.ndarray

    @classmethod
    def of_nothing(cls) -> "_Known":
        """RETURNS (_Known): Of no words."""
        *of_pieces, token_ends = numpy.zeros((5, 0), dtype="int64")
        return cls(Wordpieces(*of_pieces), token_ends)

    @property
    def size(self) -> int:
        """RETURNS (int): The number of tokens and wordpieces."""
        return len(self.pieces.ids) + len(self.pieces.first)


@dataclass
class _Table:
    """All words that the cache knows.

    numbers (Dict[bytes, int]): The number of each word. Other threads may add words, but never
        change or remove any.
    known (_Known): The wordpieces of all words that have numbers, and perhaps of others. Replaced
        as a whole, before new words get numbers, so that it fits wherever that is interrupted.
    """

    numbers: Dict[bytes, int] = field(default_factory=dict)
    known: _Known = field(default_factory=_Known.of_nothing)


class WordCache:
    """Split documents into wordpieces, each word only once."""

    def __init__(self, n_added: int = 0, limit: int = LIMIT) -> None:
        """Create an empty cache.

        n_added (int): The number of tokens that were added to the tokenizer's vocabulary.
        limit (int): The number of tokens and wordpieces after which it starts anew.
        """
        self.n_added = n_added
        self._limit = limit
        self._table = _Table()
        self._adding = ForkSafeLock()

    def split(self, tokenizer: Any, docs: Sequence[Doc]) -> Wordpieces:
        """Split documents into the wordpieces of an encoder.

        tokenizer (PreTrainedTokenizerFast): One that `reads_word_by_word`; always the same.
        docs (Sequence[Doc]): The documents.
        RETURNS (Wordpieces): The same as from `split_into_wordpieces`.
        """
        words = _words_of(docs)
        table = self._table_with(tokenizer, words, docs)
        numbers = numpy.fromiter(map(table.numbers.__getitem__, words.keys), dtype="int64")
        known, token_ends = table.known.pieces, table.known.token_ends
        known_starts, n_pieces = _ranges_of(known.doc_ends, numbers)
        ends = numpy.cumsum(n_pieces)
        # From a piece's number in the table to its number in these documents.
        shifts = numpy.repeat(ends - n_pieces - known_starts, words.n_tokens)
        tokens = ranges(*_ranges_of(token_ends, numbers))
        n_pieces_until = numpy.concatenate([[0], ends])
        n_words = numpy.bincount(words.docs, minlength=len(docs))
        return Wordpieces(
            ids=known.ids[ranges(known_starts, n_pieces)],
            doc_ends=n_pieces_until[numpy.cumsum(n_words)],
            first=known.first[tokens] + shifts,
            last=known.last[tokens] + shifts,
        )

    def _table_with(self, tokenizer: Any, words: _Words, docs: Sequence[Doc]) -> _Table:
        """RETURNS (_Table): The table, with all of these words."""
        table = self._table
        if all(map(table.numbers.__contains__, words.keys)):
            return table
        with self._adding:
            if self._table.known.size > self._limit:
                self._table = _Table()
            table = self._table
            # The last place where each new word occurs.
            new = {key: i for i, key in enumerate(words.keys) if key not in table.numbers}
            _add(table, list(new), _split_words(tokenizer, words, list(new.values()), docs))
        return table


_CACHES: "WeakKeyDictionary[Any, WordCache]" = WeakKeyDictionary()


def split_with_cache(tokenizer: Any, docs: Sequence[Doc]) -> Wordpieces:
    """Split documents into the wordpieces of an encoder, with a cache if its tokenizer allows.

    tokenizer (PreTrainedTokenizerBase): The encoder's tokenizer.
    docs (Sequence[Doc]): The documents.
    RETURNS (Wordpieces): Their wordpieces.
    """
    if not reads_word_by_word(tokenizer):
        return split_into_wordpieces(tokenizer, docs)
    cache = _CACHES.get(tokenizer)
    # Tokens may have been added to the tokenizer. (Its length takes milliseconds to compute.)
    n_added = len(tokenizer.added_tokens_decoder)
    if cache is None or cache.n_added != n_added:
        cache = _CACHES[tokenizer] = WordCache(n_added)
    return cache.split(tokenizer, docs)


def reads_word_by_word(tokenizer: Any) -> bool:
    """Check whether a tokenizer splits the words between two spaces independently of others.

    tokenizer (PreTrainedTokenizerBase): Any tokenizer.
    RETURNS (bool): True for BERT's and similar ones, unless an added token contains or consumes
        whitespace.
    """
    if not tokenizer.is_fast:
        return False
    backend = tokenizer.backend_tokenizer
    added = tokenizer.added_tokens_decoder.values()
    return (
        isinstance(backend.normalizer, BertNormalizer)
        and isinstance(backend.pre_tokenizer, BertPreTokenizer)
        and isinstance(backend.model, WordPiece)
        and not any(t.lstrip or t.rstrip or [t.content] != t.content.split() for t in added)
    )


def _words_of(docs: Sequence[Doc]) -> _Words:
    arrays = [doc.to_array(["ORTH", "IDX", "LENGTH", "SPACY"]) for doc in docs if len(doc)]
    tokens = numpy.concatenate([*arrays, numpy.zeros((0, 4), dtype="uint64")])
    n_tokens = numpy.asarray([len(doc) for doc in docs], dtype="int64")
    is_end = tokens[:, -1] > 0
    is_end[numpy.cumsum(n_tokens)[n_tokens > 0] - 1] = True
    ends = numpy.flatnonzero(is_end) + 1
    starts = numpy.concatenate([[0], ends])[:-1]
    strings = tokens[:, 0]
    as_bytes, size = strings.tobytes(), strings.itemsize
    places = zip((starts * size).tolist(), (ends * size).tolist())
    keys = [as_bytes[start:end] for start, end in places]
    of_docs = numpy.repeat(numpy.arange(len(docs)), n_tokens)
    return _Words(keys, of_docs[starts], starts, ends - starts, tokens[:, :-1])


def _split_words(
    tokenizer: Any, words: _Words, chosen: Sequence[int], docs: Sequence[Doc]
) -> Tuple[Wordpieces, numpy.ndarray]:
    """RETURNS (Tuple[Wordpieces, Ints1d]): Their pieces, and the number of tokens of each."""
    texts = []
    for i in chosen:
        strings = docs[words.docs[i]].vocab.strings
        own = words.tokens[words.starts[i] : words.starts[i] + words.n_tokens[i], 0]
        texts.append("".join([strings[number] for number in own.tolist()]))
    starts, n_tokens = words.starts[chosen], words.n_tokens[chosen]
    places = words.tokens[ranges(starts, n_tokens), 1:].astype("int64")
    places[:, 0] -= numpy.repeat(words.tokens[starts, 1].astype("int64"), n_tokens)
    return split_texts(tokenizer, texts, places, n_tokens), n_tokens


def _add(table: _Table, keys: Sequence[bytes], new: Tuple[Wordpieces, numpy.ndarray]) -> None:
    pieces, n_tokens = new
    known, token_ends = table.known.pieces, table.known.token_ends
    n_known = len(known.ids)
    join: Any = numpy.concatenate
    together = Wordpieces(
        ids=join([known.ids, pieces.ids]),
        doc_ends=join([known.doc_ends, pieces.doc_ends + n_known]),
        first=join([known.first, pieces.first + n_known]),
        last=join([known.last, pieces.last + n_known]),
    )
    ends = join([token_ends, len(known.first) + numpy.cumsum(n_tokens)])
    # Another thread may look up words as soon as they have numbers.
    table.known = _Known(together, ends)
    table.numbers.update(zip(keys, range(len(token_ends), len(ends))))


def _ranges_of(ends: numpy.ndarray, numbers: numpy.ndarray) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """RETURNS (Tuple[Ints1d, Ints1d]): Start and length of the chosen ranges."""
    starts = numpy.concatenate([[0], ends])[numbers]
    return starts, ends[numbers] - starts
