"""Files of small corpora for a config to be made for."""

from pathlib import Path
from typing import Any, Dict, Optional, Sequence

from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab


def write_corpus(
    path: Path,
    *,
    n_texts: int = 8,
    n_words: int = 4,
    tags: Optional[str] = None,
    ents: Optional[str] = None,
    cats: Sequence[str] = (),
    word: Optional[str] = None,
    **annotation: Any,
) -> Path:
    """Write a corpus, for training and the same for development.

    path (Path): The file.
    n_texts (int): The number of texts.
    n_words (int): The number of their words.
    tags (Optional[str]): The tag of every second word. None for no tags.
    ents (Optional[str]): The label of the entity in each text. None for no entities.
    cats (Sequence[str]): The categories, of which each text has one. With "+" all but one.
    word (Optional[str]): The word that all texts consist of. By default there are seven.
    **annotation (Any): Other arguments of Doc: lists, or the value of every word.
    """
    vocab = Vocab()
    docs = []
    for i in range(n_texts):
        words = [word or f"w{(i + j) % 7}" for j in range(n_words)]
        found: Dict[str, Any] = {
            key: value if isinstance(value, list) else [value] * n_words
            for key, value in annotation.items()
        }
        if tags is not None:
            found["tags"] = [tags if j % 2 else "X" for j in range(n_words)]
        doc = Doc(vocab, words=words, spaces=[*[True] * (n_words - 1), False], **found)
        if ents is not None:
            doc.set_ents([Span(doc, 0, 1, label=ents)], default="outside")
        several = "+" in cats
        labels = [label for label in cats if label != "+"]
        doc.cats = {label: float((label == labels[i % len(labels)]) != several) for label in labels}
        docs.append(doc)
    path.parent.mkdir(parents=True, exist_ok=True)
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path
