import os
from pathlib import Path

import pytest

from spacy_mtl.corpus.convert import ConversionError, convert
from spacy_mtl.corpus.convert.guess import guess_format


@pytest.mark.parametrize(
    "name,text,format,reason",
    [
        ("a.csv", "", "csv", "its name ends in .csv"),
        ("a.tsv", "a b\tx\n", "tsv", "not all rows end in entity tags"),
        ("a.tsv", "word\ttag\nRome\tB-x\n", "iob", "rows end in entity tags"),
        ("a.tsv", "# id\nRome\tB-x\n", "iob", "rows end in entity tags"),
        ("a.tsv", "1\ta" + "\t_" * 8 + "\n", "conllu", "10 columns"),
        ("a.txt", "word tag\nRome O\n", "iob", "first row ends in an entity tag"),
        ("a.txt", '\ufeff{"text": "a"}\n', "jsonl", "JSON object"),
        ("a.txt", "9" * 5000 + "\n", None, "neither suffix nor content"),
    ],
)
def test_format_and_reason(tmp_path, name, text, format, reason):
    (tmp_path / name).write_text(text, encoding="utf-8")
    guess = guess_format(tmp_path / name)
    assert (guess.format.name if guess.format else None) == format
    assert reason in guess.reason


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "a.jsonl")
    assert guess_format(tmp_path / "a.jsonl").format is None
    with pytest.raises(ConversionError, match="expected a regular file, found a pipe"):
        convert(tmp_path / "a.jsonl", tmp_path / "b.spacy")


def test_summary_says_how_the_file_was_read(tmp_path):
    (tmp_path / "a.csv").write_text("id,text,label\n1,good film,x\n")
    (summary,) = convert(tmp_path / "a.csv", tmp_path / "a.spacy").files
    assert (summary.format, summary.reason) == ("csv", "its name ends in .csv")
    assert summary.taken == [
        "texts: column 1 of 3, 'text' (its usual name)",
        "labels: column 2 of 3, 'label' (its usual name)",
        "header: line 1: id, text, label (it has usual or specified names)",
    ]


def test_blank_lines_below_a_header_raise_doubts(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("text\tlabel\n" + "Ada\tPER\nsleeps\tNONE\n\n" * 20, encoding="utf8")
    with pytest.raises(ConversionError, match="blank lines between rows.*'iob'.*'tsv'"):
        convert(path, tmp_path / "a.spacy")
    convert(path, tmp_path / "a.spacy", format="tsv")


def test_texts_without_spaces_are_not_words(tmp_path: Path) -> None:
    path = tmp_path / "zh.tsv"
    rows = [f"我很高兴今天{'很' * i}\tpos\n我不高兴{'很' * i}\tneg\n" for i in range(8)]
    path.write_text("".join(rows), encoding="utf8")
    found = convert(path, tmp_path / "zh.spacy", lang="zh")
    assert found.files[0].docs == 16
