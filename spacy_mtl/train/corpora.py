"""What a training cannot do with its corpora, told with the block of the config and the file."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Tuple, Union

from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example

from .chance import get_data_chance, set_data_chance

_ENDING = ".spacy"


@contextmanager
def explained_corpora(config: Dict[str, Any]) -> Iterator[None]:
    """Say of what fails inside which file of [corpora] is to blame, if one is.

    config (Dict[str, Any]): The config, interpolated.
    RAISES (ValueError): If a file that training reads is missing, damaged or empty, with the
        text of the error; else the error as it was.
    """
    try:
        yield
    except Exception as err:
        found = damaged_corpora(config)
        if not found:
            raise
        # What failed may be something else: it is said, too.
        raise ValueError(f"{' '.join(found)} It failed with {type(err).__name__}: {err}") from err


def damaged_corpora(config: Dict[str, Any]) -> List[str]:
    """Find the corpora, of those that training reads, that spaCy's readers cannot read.

    config (Dict[str, Any]): The config, interpolated.
    RETURNS (List[str]): What is wrong with which.
    """
    training = config.get("training", {})
    names = [str(training.get(key)) for key in ("train_corpus", "dev_corpus")]
    found = []
    for name in dict.fromkeys(names):
        block: Any = config
        for key in name.split("."):
            block = block.get(key) if isinstance(block, dict) else None
        for inner, path in _paths(block, name):
            what = _damage(path)
            if what:
                found.append(f"The corpus of [{inner}] {what}. Mend 'path' there, or that file.")
    return found


def has_texts(nlp: Language, reader: Callable[[Language], Iterable[Example]]) -> bool:
    """Look whether a reader gives a text. The random numbers stay as they are.

    nlp (Language): The pipeline.
    reader (Callable): The reader.
    RETURNS (bool): Whether there is a text.
    RAISES (Exception): Whatever the reader raises.
    """
    chance = get_data_chance()
    try:
        for _ in reader(nlp):
            return True
        return False
    finally:
        set_data_chance(chance)


def _paths(block: Any, name: str) -> Iterator[Tuple[str, Union[str, Path]]]:
    if not isinstance(block, dict):
        return
    path = block.get("path")
    if isinstance(path, (str, Path)):
        yield name, path
    for key, value in block.items():
        yield from _paths(value, f"{name}.{key}")


def _damage(named: Union[str, Path]) -> str:
    """What is wrong with a corpus. Its documents are not made."""
    if not named:
        return "is not named: its path is empty"
    path = Path(named)
    if not path.exists():
        return f"is missing: there is no file or folder {path}"
    files = sorted(path.rglob(f"*{_ENDING}")) if path.is_dir() else [path]
    if not files:
        return f"is empty: the folder {path} has no files *{_ENDING}"
    if path.is_file() and path.suffix != _ENDING:
        # Of another reader than spaCy's.
        return "" if path.stat().st_size else f"is empty: {path} has 0 bytes"
    n_texts = 0
    for file in files:
        if not file.stat().st_size:
            return f"is damaged: {file} has 0 bytes"
        try:
            n_texts += len(DocBin().from_disk(file))
        except Exception as err:
            return f"is damaged or no {_ENDING} file: {file} cannot be read ({err})"
    return "" if n_texts else f"is empty: {path} has no documents"
