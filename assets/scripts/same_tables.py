"""Check that annotated tables agree.

Usage: python same_tables.py FIRST OTHER [OTHER ...]

All are folders that `spacy mtl apply --format parquet` has written for the same texts. Scores may
differ by rounding: processes need not compute with the same library.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, Dict, List

import pyarrow.parquet

#: The largest difference of two scores.
ROUNDING = 1e-4
Row = Dict[str, Any]


def read(folder: Path) -> List[Row]:
    """RETURNS (List[Dict[str, Any]]): The rows of all files, by "id"."""
    rows = [
        row
        for path in sorted(folder.glob("*.parquet"))
        for row in pyarrow.parquet.read_table(path).to_pylist()
    ]
    if not rows:
        sys.exit(f"{folder} has no rows.")
    return sorted(rows, key=lambda row: row["id"])


def agree(a: Any, b: Any) -> bool:
    """RETURNS (bool): Whether two values are the same, scores up to rounding."""
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= ROUNDING
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(agree(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(agree, a, b))
    return bool(a == b)


def check(first: List[Row], other: List[Row], name: str) -> None:
    """End with an error where two tables differ."""
    if len(first) != len(other):
        sys.exit(f"{name} has {len(other)} rows, not {len(first)}.")
    for a, b in zip(first, other):
        if a.keys() != b.keys():
            sys.exit(f"{name} has the columns {', '.join(b)}, not {', '.join(a)}.")
        different = [key for key in a if not agree(a[key], b[key])]
        if different:
            sys.exit(f"{name} differs in {', '.join(different)} of {a['text'][:60]!r}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("others", type=Path, nargs="+")
    args = parser.parse_args()
    first = read(args.first)
    errors = [row["error"] for row in first if row["error"] is not None]
    if errors:
        sys.exit(f"{args.first} has {len(errors)} rows with an error, such as: {errors[0]}")
    if not any(row["ents"] or row["cats"] or any(row["tags"]) for row in first):
        sys.exit(f"{args.first} has no predictions.")
    for folder in args.others:
        check(first, read(folder), str(folder))
    names = ", ".join(map(str, [args.first, *args.others]))
    print(f"Same annotation of {len(first)} texts: {names}")


if __name__ == "__main__":
    main()
