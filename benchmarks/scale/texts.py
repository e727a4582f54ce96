"""The texts that are annotated."""

import random
from pathlib import Path
from typing import Any, Dict, List

from ..speed.contestants import gold_docs

#: The shortest and longest piece of GUM, in words.
SHORTEST, LONGEST = 5, 20


def rows_of(corpus: str, n: int, work: Path) -> List[Dict[str, Any]]:
    """Make the rows of a corpus.

    corpus (str): "gum" (its test texts) or "short" (see `short_texts`).
    n (int): The number of texts. 0 for all of GUM.
    work (Path): Folder for converted corpora.
    RETURNS (List[Dict[str, Any]]): Rows with "id" and "text".
    """
    if corpus == "gum":
        texts = [doc.text for doc in gold_docs("gum", "test", n, work)]
    else:
        requests = [doc.text for doc in gold_docs("snips", "train", 0, work)]
        texts = short_texts(n, requests, gold_docs("gum", "train", 0, work))
    return [{"id": i, "text": text} for i, text in enumerate(texts)]


def short_texts(n: int, requests: List[str], docs: List[Any]) -> List[str]:
    """Draw short texts: requests, and as many pieces of documents.

    n (int): The number of texts.
    requests (List[str]): Texts that are short.
    docs (List[Doc]): Longer documents.
    RETURNS (List[str]): The texts, the same ones each time.
    """
    chance = random.Random(0)

    def draw() -> str:
        if chance.random() < 0.5:
            return chance.choice(requests)
        doc = chance.choice(docs)
        start = chance.randrange(max(1, len(doc) - SHORTEST))
        return doc[start : start + chance.randint(SHORTEST, LONGEST)].text

    return [draw() for _ in range(n)]
