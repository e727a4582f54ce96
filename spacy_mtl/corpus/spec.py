"""Describe one of several corpora: where it is, and what it annotates."""

from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Sequence, Tuple, Union

from spacy.language import Language
from spacy.training import Corpus, Example
from spacy.util import ensure_path

from ..settings import read_names

Reader = Callable[[Language], Iterable[Example]]


@dataclass(frozen=True)
class CorpusSpec:
    """One of the corpora. See `create_multi_corpus` for its settings."""

    name: str
    path: Union[Path, Reader]
    tasks: Sequence[str]
    limit: int = 0
    max_length: int = 0
    repeat: int = 1

    @property
    def block(self) -> str:
        """RETURNS (str): Its block in the config."""
        return _block_of(self.name)

    @property
    def source(self) -> str:
        """RETURNS (str): Where its texts come from, for messages."""
        return str(self.path) if isinstance(self.path, Path) else "from its reader"

    @property
    def stamp(self) -> Tuple[Tuple[str, int, int], ...]:
        """RETURNS (Tuple): Path, size and modification time of its files; () for a reader."""
        if not isinstance(self.path, Path):
            return ()
        files = [self.path] if self.path.is_file() else sorted(self.path.rglob("*.spacy"))
        return tuple((str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files)

    def read(self, nlp: Language) -> Iterator[Example]:
        """Read the corpus, `repeat` times.

        nlp (Language): The pipeline.
        YIELDS (Example): Its examples.
        RAISES (ValueError): If it cannot be read.
        """
        for _ in range(self.repeat):
            examples = self._read_once(nlp)
            while True:
                try:
                    example = next(examples, None)
                except Exception as err:
                    raise ValueError(
                        f"The corpus '{self.name}' ({self.source}) cannot be read: "
                        f"{str(err).rstrip('.')}. "
                        f"Fix the file, or 'path' in {self.block}."
                    ) from err
                if example is None:
                    break
                yield example

    def check_found(self, n_texts: int, missing: Iterable[str] = ()) -> None:
        """Reject a corpus that turned out to be empty or to lack a task.

        n_texts (int): The number of its texts.
        missing (Iterable[str]): The tasks without any annotation.
        RAISES (ValueError): If it has no texts, or lacks a task.
        """
        if not n_texts:
            raise ValueError(
                f"The corpus '{self.name}' has no texts ({self.source}"
                f"{f', max_length = {self.max_length}' if self.max_length else ''}). Fix "
                f"{self.block}."
            )
        for task in sorted(missing):
            raise ValueError(
                f"The corpus '{self.name}' declares the task '{task}', but none of its {n_texts} "
                f"texts has that annotation ({self.source}). Remove '{task}' from 'tasks' in "
                f"{self.block}, or fix the file."
            )

    def _read_once(self, nlp: Language) -> Iterator[Example]:
        # A generator, so that a reader that fails when called fails while reading instead.
        if isinstance(self.path, Path):
            # spaCy's own limit also counts texts that max_length skips, and restarts in each file.
            found = iter(Corpus(self.path, max_length=self.max_length)(nlp))
        else:
            found = (
                example
                for example in self.path(nlp)
                if not self.max_length or len(example.reference) < self.max_length
            )
        yield from islice(found, self.limit or None)


def read_spec(name: str, settings: Any) -> CorpusSpec:
    """Read the settings of a corpus.

    name (str): The name of the corpus.
    settings (Any): Its block.
    RETURNS (CorpusSpec): The corpus.
    RAISES (ValueError): If a setting is unknown, missing or out of range.
    """
    where = _block_of(name)
    known = [field.name for field in fields(CorpusSpec) if field.name != "name"]
    if not isinstance(settings, dict) or set(settings).difference(known):
        raise ValueError(
            f"The corpus '{name}' is {settings!r}, but must be a block with some of: "
            f"{', '.join(known)}. Fix {where}."
        )
    if not name.strip():
        raise ValueError(
            f"A corpus has the name '{name}', but its name must not be empty. Fix {where}."
        )
    tasks = read_names(settings.get("tasks"))
    if not tasks:
        raise ValueError(
            f"'tasks' of the corpus '{name}' is {settings.get('tasks')!r}, but must be a list of "
            f"names of components that it has annotation for, each once. Fix {where}."
        )
    for key, least in (("limit", 0), ("max_length", 0), ("repeat", 1)):
        value = settings.get(key, least)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(
                f"'{key}' of the corpus '{name}' is {value!r}, but must be a whole number >= "
                f"{least}. Fix {where}."
            )
    path = settings.get("path")
    if not callable(path):
        path = _read_path(name, path)
    return CorpusSpec(name, **{**settings, "path": path, "tasks": tasks})


def _read_path(name: str, given: Any) -> Path:
    path = ensure_path(given) if isinstance(given, (str, Path)) and str(given) else None
    hint = f"In {_block_of(name)}, set a .spacy file, a folder of them, or a block with @readers."
    if path is None or not path.exists():
        raise ValueError(
            f"'path' of the corpus '{name}' is {given!r}, but there is no such file or folder. "
            f"{hint}"
        )
    if path.is_dir() and not any(path.rglob("*.spacy")):
        raise ValueError(f"'path' of the corpus '{name}', {path}, contains no .spacy files. {hint}")
    if path.is_file() and path.suffix != ".spacy":
        raise ValueError(
            f"'path' of the corpus '{name}', {path}, is not a .spacy file. Convert other formats "
            f"with `python -m spacy mtl convert`. {hint}"
        )
    return path


def _block_of(name: str) -> str:
    return f"[corpora.train.corpora.{name}] (or [corpora.dev.corpora.{name}])"
