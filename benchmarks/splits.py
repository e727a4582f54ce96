"""Convert the splits of the corpora to .spacy files."""

from pathlib import Path
from typing import Optional

from .places import data_dir


def convert_split(
    corpus: str, split: str, work: Path, limit: Optional[int] = None, lang: str = "en"
) -> Path:
    """Convert a split of a corpus, if needed, and take a share of it.

    corpus (str): Folder below data/.
    split (str): "train", "dev" or "test".
    work (Path): Folder for corpora and models.
    limit (Optional[int]): The number of texts to take, evenly spaced.
    lang (str): The language.
    RETURNS (Path): The .spacy file.
    """
    from spacy.tokens import DocBin

    from spacy_mtl.corpus.convert import convert

    path = work / corpus / f"{split}.spacy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        convert([data_dir() / corpus / f"{split}.jsonl"], path)
    if limit is None:
        return path
    part = path.with_name(f"{split}-{limit}.spacy")
    if not part.exists():
        import spacy

        docs = list(DocBin().from_disk(path).get_docs(spacy.blank(lang).vocab))
        chosen = [docs[i * len(docs) // limit] for i in range(limit)]
        DocBin(docs=chosen).to_disk(part)
    return part


def n_tokens(path: Path) -> int:
    """RETURNS (int): The number of tokens in a .spacy file."""
    from spacy.tokens import DocBin

    return sum(len(tokens) for tokens in DocBin().from_disk(path).tokens)
