"""The file of a teacher's probabilities: several processes, damage, other teachers."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Dict

import numpy
import pytest

from spacy_mtl.teachers.store import TargetStore


def store(path: Path, teacher: str = "one") -> TargetStore:
    return TargetStore(path / "targets.sqlite", teacher, "Set 'cache'.")


def arrays(n: int, value: float = 0.5) -> Dict[bytes, numpy.ndarray]:
    return {bytes([i]): numpy.full((i + 1, 3), value, dtype="float16") for i in range(n)}


def assert_equal(one: Dict[bytes, numpy.ndarray], other: Dict[bytes, numpy.ndarray]) -> None:
    assert set(one) == set(other)
    for key, array in one.items():
        assert array.dtype == other[key].dtype
        assert numpy.array_equal(array, other[key])


def test_what_was_added_is_read(tmp_path: Path) -> None:
    file = store(tmp_path / "new" / "folder")
    assert file.read([b"\0"]) == {}
    assert file.read_about() == {}
    file.add(arrays(3))
    file.write_about({"labels": ["ä", "b"]})
    assert_equal(store(tmp_path / "new" / "folder").read([*arrays(5)]), arrays(3))
    assert file.read_about() == {"labels": ["ä", "b"]}


def test_more_texts_than_a_query_takes(tmp_path: Path) -> None:
    file = store(tmp_path)
    new = {i.to_bytes(4, "big"): numpy.full((1, 2), i, dtype="float32") for i in range(1100)}
    file.add(new)
    assert_equal(file.read([*new]), new)


def test_other_teachers(tmp_path: Path) -> None:
    """One that was trained again has the same file."""
    store(tmp_path).add(arrays(2))
    assert store(tmp_path, "other").read([*arrays(2)]) == {}
    store(tmp_path, "other").add(arrays(2, 0.25))
    assert_equal(store(tmp_path).read([*arrays(2)]), arrays(2))


def test_what_is_there_stays(tmp_path: Path) -> None:
    """Another process may have added it meanwhile."""
    file = store(tmp_path)
    file.add(arrays(1))
    assert_equal(file.add(arrays(2, 0.25)), {**arrays(2, 0.25), **arrays(1)})
    assert_equal(file.read([*arrays(2)]), {**arrays(2, 0.25), **arrays(1)})


ADD_MANY = """
import sys
from pathlib import Path
import numpy
from spacy_mtl.teachers.store import TargetStore

path, start = Path(sys.argv[1]), int(sys.argv[2])
for i in range(start, start + 30):
    new = {bytes([i]): numpy.full((1, 2), i, dtype="float32")}
    TargetStore(path, "one", "").add(new)
"""


def test_two_processes(tmp_path: Path) -> None:
    # They share some texts, and both make the file.
    command = [sys.executable, "-c", ADD_MANY, str(store(tmp_path).path)]
    processes = [subprocess.Popen([*command, start]) for start in ("0", "20")]
    assert [process.wait(120) for process in processes] == [0, 0]
    found = store(tmp_path).read([bytes([i]) for i in range(50)])
    assert {key[0]: float(array[0, 0]) for key, array in found.items()} == dict(
        zip(range(50), range(50))
    )


def test_killed_while_it_adds(tmp_path: Path) -> None:
    """SQLite undoes what was not committed."""
    file = store(tmp_path)
    file.add(arrays(1))
    with closing(sqlite3.connect(file.path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM targets")
    assert_equal(file.read([*arrays(1)]), arrays(1))


@pytest.mark.parametrize("content", [b"not a database" * 99, None], ids=["other", "cut"])
def test_damaged_file(tmp_path: Path, content: bytes) -> None:
    file = store(tmp_path)
    file.add({bytes([i, j]): arrays(9)[b"\x08"] for i in range(99) for j in range(99)})
    whole = file.path.read_bytes()
    damaged = content or whole[:4096] + b"\7" * (len(whole) - 4096)
    file.path.write_bytes(damaged)
    with pytest.warns(UserWarning, match=r"damaged.*computes them again"):
        assert file.read([b"\0\0"]) == {}
    assert (tmp_path / "targets.sqlite.damaged").read_bytes() == damaged
    file.add(arrays(2))
    assert_equal(file.read([*arrays(2)]), arrays(2))


@pytest.mark.parametrize("change", ["data = x'00'", "n_units = 7", "dtype = 'text'"])
def test_damaged_row(tmp_path: Path, change: str) -> None:
    file = store(tmp_path)
    file.add(arrays(2))
    with closing(sqlite3.connect(file.path)) as connection, connection:
        connection.execute(f"UPDATE targets SET {change} WHERE text = ?", (b"\0",))
    with pytest.warns(UserWarning, match="1 texts .* are damaged"):
        assert set(file.read([*arrays(2)])) == {b"\1"}
    with pytest.warns(UserWarning, match="damaged"):
        file.add(arrays(2))
    assert_equal(file.read([*arrays(2)]), arrays(2))


def test_file_of_something_else(tmp_path: Path) -> None:
    file = store(tmp_path)
    with closing(sqlite3.connect(file.path)) as connection, connection:
        connection.execute("CREATE TABLE targets (something)")
    with pytest.raises(ValueError, match=r"Cannot read or write .*no such column.*Set 'cache'"):
        file.read([b"\0"])


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"Cannot read or write .*Set 'cache'"):
        store(tmp_path / "file" / "folder").read([b"\0"])
