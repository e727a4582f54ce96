"""Files and folders that are empty, missing or of the wrong kind."""

import shutil
from pathlib import Path
from typing import Iterator

import pytest
from cases import Case, Refused, check, name_of
from odd_files import as_folder
from saved_heads import OURS, PATHS, load, no_folder, write
from spacy.language import Language


def changes(name: str) -> Iterator[Case]:
    """Yield ways to break one of our files."""
    is_json = name.endswith("cfg")
    way_out = "delete it" if name == "mtl/weighting" else "another copy"
    refused = Refused(name, "can't use", way_out)
    for what, of_json, of_msgpack in (
        ("empty", b"", b""),
        ("null", b"null", b"\xc0"),
        ("a list", b"[1]", b"\x91\x01"),
        ("a number", b"7", b"\x07"),
        ("text", b'"x"', b"\xa1x"),
        ("rubbish", b"\xff\xfe\x00", b"\xff\xfe\x00"),
    ):
        yield Case(f"{name} is {what}", write(name, of_json if is_json else of_msgpack), refused)
    yield Case(f"{name} is a folder", as_folder(name), refused)
    if name != "mtl/weighting":
        yield Case(f"no {name}", lambda path: (path / name).unlink(), Refused(name, "no such file"))
    if name.endswith("model"):
        yield Case(f"{name} is an empty map", write(name, b"\x80"), Refused(name, "'nodes'"))


FILES = [case for name in OURS for case in changes(name)]


FOLDERS = [
    *[Case(f"no folder {p}", lambda f, p=p: shutil.rmtree(f / p), Refused(p)) for p in PATHS],
    *[Case(f"a file instead of the folder {p}", no_folder(p), Refused(p)) for p in PATHS],
]


@pytest.mark.parametrize("case", [*FILES, *FOLDERS], ids=name_of)
def test_files(case: Case, scratch: Language, copy: Path) -> None:
    case.given(copy)
    check(case, lambda _: load(scratch, copy))
