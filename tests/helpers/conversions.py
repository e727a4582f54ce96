"""Write and convert files in tests, and inspect the results."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Union

import pytest
from cases import Case, Gives, Refused, check, check_message
from odd_files import (
    contents,
    fill,
)
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_mtl.corpus.convert import ConversionError, Summary, convert


@dataclass
class Done:
    docs: List[Doc]
    summary: Summary


def words(done: Done) -> Any:
    return [[token.text for token in doc] for doc in done.docs]


def ents(done: Done) -> Any:
    return [(ent.text, ent.label_) for doc in done.docs for ent in doc.ents]


def cats(done: Done) -> Any:
    return [doc.cats for doc in done.docs]


def left_out(done: Done) -> Any:
    return dict(done.summary.left_out)


def taken(done: Done) -> str:
    return " ".join([done.summary.format, done.summary.reason, *done.summary.taken])


@dataclass
class File:
    """A file to convert: its name, its content, and how to inspect the result."""

    name: str
    content: Union[str, bytes]
    see: Callable[[Done], Any] = words
    options: Dict[str, Any] = field(default_factory=dict)


def refused(*says: str) -> Refused:
    return Refused(*says, error=ConversionError)


def says(*parts: str) -> Gives:
    return Gives(lambda text: all(part in text for part in parts))


def iob(text: Any, see: Any = words, **options: Any) -> File:
    return File("a.iob", text, see, options)


def tsv(text: Any, see: Any = words, **options: Any) -> File:
    return File("a.tsv", text, see, options)


def csv(text: Any, see: Any = words, **options: Any) -> File:
    return File("a.csv", text, see, options)


def jsonl(record: Any, see: Any = words, **options: Any) -> File:
    text = record if isinstance(record, (str, bytes)) else json.dumps(record)
    return File("a.jsonl", text, see, options)


def conllu(see: Any = words, **columns: str) -> File:
    names = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
    row = "\t".join({"id": "1", "form": "a", **columns}.get(name, "_") for name in names)
    return File("a.conllu", row + "\n", see)


JSON = '{"text": "a"}\n'
OLD = DocBin(docs=[Doc(Vocab(), words=["old"])]).to_bytes()


def write(given: File, folder: Path) -> Path:
    content = given.content
    source = folder / given.name
    source.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return source


def run(given: File, folder: Path) -> Any:
    source, target = write(given, folder), folder / "out.spacy"
    try:
        (summary,) = convert(source, target, **given.options).files
    except ConversionError:
        assert list(folder.iterdir()) == [source]
        raise
    return given.see(Done(load(target), summary))


def load(path: Path) -> List[Doc]:
    return list(DocBin().from_disk(path).get_docs(Vocab()))


def check_file(case: Case, folder: Path) -> None:
    """Fail unless the file of a case gives the expected result."""
    check(case, lambda given: run(given, folder))


def arguments(options: Dict[str, Any]) -> List[str]:
    """Translate Python options to command line options."""
    found = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is None:
            found.append("--no-ner")
        elif isinstance(value, bool):
            found.append(flag if value else flag.replace("--", "--no-"))
        else:
            found.append(f"{flag}={','.join(value) if isinstance(value, list) else value}")
    return found


NUMBERS = ("n_sents", "word_column", "ner_column", "tag_column")
KINDS = {**dict.fromkeys(NUMBERS, int), "header": bool, "quotes": bool, "labels": list}


def can_be_typed(options: Dict[str, Any]) -> bool:
    """Check whether the options can be given on the command line, which checks types itself."""
    return all(
        type(value) is KINDS.get(name, str)
        and value not in ([], [1])
        and not (isinstance(value, int) and abs(value) > 10**100)
        for name, value in options.items()
    )


def typed(cases: List[Case]) -> List[Case]:
    """Select only cases with options or printed notes, because commands are slow."""
    return [
        case
        for case in cases
        if (case.given.options or case.given.see in (taken, left_out))
        and can_be_typed(case.given.options)
    ]


def check_command(case: Case, folder: Path, command: Callable[..., Any]) -> None:
    """Fail unless the command gives the same result for a case as the function."""
    write(case.given, folder)
    result = command(case.given.name, "out.spacy", *arguments(case.given.options))
    output = " ".join(result.output.split())
    if isinstance(case.answer, Refused):
        assert result.exit_code == 1, output
        assert isinstance(result.exception, SystemExit)
        check_message(output, tuple(" ".join(part.split()) for part in case.answer.says))
        assert not (folder / "out.spacy").exists()
    else:
        assert result.exit_code == 0, output
        assert re.search(r"Format: \w+ \(.+\)", output)
        assert (folder / "out.spacy").exists()


@dataclass
class Folder:
    """The files of a folder (texts, bytes, or functions that make them), and what to convert.

    format (str): The format; JSON lines by default.
    """

    files: Dict[str, Any]
    inputs: List[str]
    output: str
    format: str = "jsonl"


def check_folder(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail unless a conversion gives the expected result, without new files if refused."""
    monkeypatch.chdir(folder)
    fill(folder, case.given.files)
    before = contents(folder)

    def run(given: Folder) -> List[str]:
        conversion = convert(given.inputs, given.output, format=given.format)
        return [path.name for path in conversion.skipped]

    check(case, run)
    if isinstance(case.answer, Refused):
        assert contents(folder) == before
