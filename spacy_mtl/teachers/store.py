"""A file with the probabilities that a teacher has computed, by text.

It may be written by several processes at once, and a process may be killed at any time: SQLite
adds all rows of a batch or none. The file may be deleted: the teacher then computes them again.
"""

import json
import os
import warnings
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any, Callable, Dict, Sequence

import numpy

#: Probabilities by the key of the text. Shape of each: (n_units, n_classes).
Targets = Dict[bytes, numpy.ndarray]
#: Seconds to wait for another process that is writing.
_PATIENCE = 60.0
#: How many texts to look up at once.
_MANY = 500
_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS teachers (teacher TEXT PRIMARY KEY, about TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS targets (
    teacher TEXT, text BLOB, n_units INTEGER NOT NULL, dtype TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (teacher, text)
) WITHOUT ROWID;
COMMIT;
"""


class TargetStore:
    """The probabilities of one component of a teacher, on disk.

    path (Path): The file. It is made, with its folder, when it is first needed.
    teacher (str): The fingerprint of the teacher. Other teachers may use the same file.
    hint (str): How to use another file, for messages.
    """

    def __init__(self, path: Path, teacher: str, hint: str) -> None:
        self.path = path
        self.teacher = teacher
        self.hint = hint

    def read_about(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What `write_about` wrote about the teacher, or nothing."""
        query = "SELECT about FROM teachers WHERE teacher = ?"
        rows = self._run(lambda file: file.execute(query, (self.teacher,)).fetchall())
        return json.loads(rows[0][0]) if rows else {}

    def write_about(self, about: Dict[str, Any]) -> None:
        """Write down something about the teacher.

        about (Dict[str, Any]): What to know of it without loading it, for JSON.
        """
        row = (self.teacher, json.dumps(about))
        self._run(lambda file: file.execute("INSERT OR REPLACE INTO teachers VALUES (?, ?)", row))

    def read(self, texts: Sequence[bytes]) -> Targets:
        """Read probabilities.

        texts (Sequence[bytes]): The keys of the texts.
        RETURNS (Dict[bytes, Floats2d]): Those that are known. Shape: (n_units, n_classes).
        """
        return self._run(lambda file: self._select(file, texts))

    def add(self, new: Targets) -> Targets:
        """Add probabilities, unless another process has added those of a text meanwhile.

        new (Dict[bytes, Floats2d]): By the key of the text. Shape: (n_units, n_classes).
        RETURNS (Dict[bytes, Floats2d]): What the file now has for these texts.
        """

        def insert(file: Any) -> Targets:
            file.execute("BEGIN IMMEDIATE")
            others = self._select(file, list(new))
            rows = [
                (self.teacher, text, len(array), array.dtype.name, _packed(array))
                for text, array in new.items()
                if text not in others
            ]
            file.executemany("INSERT OR REPLACE INTO targets VALUES (?, ?, ?, ?, ?)", rows)
            return {**new, **others}

        return self._run(insert)

    def _select(self, file: Any, texts: Sequence[bytes]) -> Targets:
        found: Targets = {}
        n_damaged = 0
        for start in range(0, len(texts), _MANY):
            part = texts[start : start + _MANY]
            query = (
                "SELECT text, n_units, dtype, data FROM targets WHERE teacher = ? "
                f"AND text IN ({','.join('?' * len(part))})"
            )
            for text, n_units, dtype, data in file.execute(query, (self.teacher, *part)):
                try:
                    found[text] = _unpacked(data, n_units, dtype)
                except (zlib.error, ValueError, TypeError):
                    n_damaged += 1
        if n_damaged:
            warnings.warn(
                f"The probabilities of {n_damaged} texts in {self.path} are damaged. The teacher "
                "computes them again.",
                stacklevel=2,
            )
        return found

    def _run(self, function: Callable[[Any], Any]) -> Any:
        """Run a function on the open file, all or nothing; on a new file if it is damaged."""
        # Every `spacy` command imports this module, but hardly any needs SQLite.
        import sqlite3

        try:
            try:
                return self._run_once(function)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as err:
                self._put_aside(err)
                return self._run_once(function)
        except (sqlite3.Error, OSError) as err:
            raise ValueError(
                f"Cannot read or write {self.path}, the file with the probabilities of a teacher: "
                f"{err}. {self.hint}"
            ) from err

    def _run_once(self, function: Callable[[Any], Any]) -> Any:
        import sqlite3

        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE)) as file, file:
            if not file.execute("SELECT 1 FROM sqlite_master WHERE name = 'targets'").fetchone():
                file.executescript(_TABLES)
            return function(file)

    def _put_aside(self, err: Exception) -> None:
        aside = self.path.with_name(f"{self.path.name}.damaged")
        warnings.warn(
            f"{self.path}, the file with the probabilities of a teacher, is damaged ({err}). It "
            f"is now {aside.name}, and the teacher computes them again.",
            stacklevel=2,
        )
        os.replace(self.path, aside)
        # What SQLite would undo in the new file.
        self.path.with_name(f"{self.path.name}-journal").unlink(missing_ok=True)


def _packed(array: numpy.ndarray) -> bytes:
    # Most probabilities are close to 0, and alike.
    return zlib.compress(numpy.ascontiguousarray(array).tobytes(), 1)


def _unpacked(data: bytes, n_units: int, dtype: str) -> numpy.ndarray:
    array = numpy.frombuffer(zlib.decompress(data), dtype=dtype).reshape((n_units, -1))
    if not numpy.isfinite(array).all():
        raise ValueError("not finite")
    return array
