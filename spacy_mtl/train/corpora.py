"""Explain errors from training corpora, with the config block and the file."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Tuple, Union

from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example

from ..chance import get_data_chance, set_data_chance

_ENDING = ".spacy"
#: spaCy's reader, which takes any other file for an empty folder.
_READER = "spacy.Corpus.v1"


@contextmanager
def explained_corpora(config: Dict[str, Any]) -> Iterator[None]:
    """Report which file in [corpora] caused an error inside, if any did.

    config (Dict[str, Any]): The interpolated config.
    RAISES (ValueError): If a file that training reads is missing, damaged or empty. Includes
        the original error. Other errors are passed through.
    """
    try:
        yield
    except Exception as err:
        found = damaged_corpora(config)
        if not found:
            raise
        # Include the original error, as the cause may be something else.
        raise ValueError(f"{' '.join(found)} It failed with {type(err).__name__}: {err}") from err


def damaged_corpora(config: Dict[str, Any]) -> List[str]:
    """Find training and development corpora that spaCy's readers can't read.

    config (Dict[str, Any]): The interpolated config.
    RETURNS (List[str]): A message for each damaged corpus.
    """
    training = config.get("training", {})
    names = [str(training.get(key)) for key in ("train_corpus", "dev_corpus")]
    found = []
    for name in dict.fromkeys(names):
        block: Any = config
        for key in name.split("."):
            block = block.get(key) if isinstance(block, dict) else None
        for inner, path, is_plain in _paths(block, name):
            what = damage_of(path, is_plain)
            if what:
                found.append(f"The corpus of [{inner}] {what}. Fix 'path' there, or that file.")
    return found


def has_texts(nlp: Language, reader: Callable[[Language], Iterable[Example]]) -> bool:
    """Check whether a reader yields any text, without changing the random state.

    nlp (Language): The pipeline.
    reader (Callable): The reader.
    RETURNS (bool): Whether there are texts.
    RAISES (Exception): Any error from the reader.
    """
    chance = get_data_chance()
    try:
        for _ in reader(nlp):
            return True
        return False
    finally:
        set_data_chance(chance)


def damage_of(named: Union[str, Path, None], is_plain: bool = True) -> str:
    """Describe what is wrong with a corpus, without creating its documents.

    named (Union[str, Path, None]): The file or folder.
    is_plain (bool): Whether spaCy's reader reads it.
    RETURNS (str): How a sentence about the corpus goes on; empty if nothing is wrong.
    """
    if not named:
        return f"is not set: its path is {'null' if named is None else 'empty'}"
    path = Path(named)
    if not path.exists():
        return f"is missing: there is no file or folder {path}"
    files = sorted(path.rglob(f"*{_ENDING}")) if path.is_dir() else [path]
    if not files:
        return f"is empty: the folder {path} has no {_ENDING} files"
    if path.is_file() and path.suffix != _ENDING:
        if not path.stat().st_size:
            return f"is empty: {path} has 0 bytes"
        # Otherwise it is a file for another reader than spaCy's.
        convert = "Convert it with `python -m spacy mtl convert`"
        return f"is not a {_ENDING} file: {path}. {convert}" if is_plain else ""
    n_texts = 0
    for file in files:
        if not file.stat().st_size:
            return f"is damaged: {file} has 0 bytes"
        try:
            n_texts += len(DocBin().from_disk(file))
        except Exception as err:
            return f"is damaged or not a {_ENDING} file: {file} cannot be read ({err})"
    return "" if n_texts else f"is empty: {path} has no documents"


def _paths(block: Any, name: str) -> Iterator[Tuple[str, Union[str, Path, None], bool]]:
    """YIELDS (Tuple[str, Optional[Path], bool]): The name of a block, its path, and whether spaCy's
    reader reads it."""
    if not isinstance(block, dict):
        return
    path, is_plain = block.get("path"), block.get("@readers") == _READER
    if isinstance(path, (str, Path)) or (is_plain and path is None):
        yield name, path, is_plain
    for key, value in block.items():
        yield from _paths(value, f"{name}.{key}")
