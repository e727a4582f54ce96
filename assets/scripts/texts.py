"""Write the texts of a corpus, without annotation, to several files.

Usage: python texts.py CORPUS.jsonl FOLDER [--files 4]
"""

import argparse
import json
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=4)
    args = parser.parse_args()
    lines = args.corpus.read_text(encoding="utf8").splitlines()
    rows = [{"id": i, "text": json.loads(line)["text"]} for i, line in enumerate(lines)]
    args.folder.mkdir(parents=True, exist_ok=True)
    for number in range(args.files):
        own = rows[number :: args.files]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in own)
        (args.folder / f"{number}.jsonl").write_text(text, encoding="utf8")
    print(f"{len(rows)} texts in {args.files} files: {args.folder}")


if __name__ == "__main__":
    main()
