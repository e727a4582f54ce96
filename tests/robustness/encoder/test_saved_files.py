"""Files of a saved encoder that are elsewhere or don't belong to it."""

from pathlib import Path

import pytest
from cases import Case, name_of
from saved_encoders import check_saved, file, kwargs, refused, tokenizer_config

CASES = [
    # Other files.
    Case("an absolute path", file("/tmp/x.txt"), refused("'/tmp/x.txt'", "plain name")),
    Case("a path to a parent folder", file("../../x.txt"), refused("'../../x.txt'")),
    Case("a Windows path", file("..\\x.txt"), refused("x.txt", "plain name")),
    Case("a drive", file("c:x.txt"), refused("c:x.txt")),
    Case("a device", file("con.txt"), refused("con.txt")),
    Case("a stream", file("x.txt:y.txt"), refused("x.txt:y.txt")),
    Case("a folder", file("a/x.txt"), refused("a/x.txt")),
    Case("upwards alone", file(".."), refused("'..'")),
    Case("no name", file(""), refused("plain name")),
    Case("a zero byte", file("x\0.txt"), refused("plain name")),
    Case("a newline in a name", file("x\n.txt"), refused("plain name")),
    Case("a hidden file", file(".x.txt"), refused(".x.txt")),
    Case("a long name", file("x" * 300 + ".txt"), refused("plain name")),
    Case("a name that is a number", file(3), refused("plain name")),
    Case("a file that is text", file("x.txt", "x"), refused("'x.txt'", "str", "bytes")),
    Case(
        "a vocabulary elsewhere",
        tokenizer_config(vocab_file="/etc/passwd"),
        refused("vocab_file", "/etc/passwd", "another file"),
    ),
    Case(
        "a tokenizer elsewhere",
        tokenizer_config(tokenizer_file="/etc/passwd"),
        refused("tokenizer_file"),
    ),
    Case(
        "a vocabulary elsewhere, in the other file",
        tokenizer_config("special_tokens_map.json", vocab_file="/etc/passwd"),
        refused("special_tokens_map.json", "vocab_file"),
    ),
    Case(
        "arguments of the tokenizer",
        tokenizer_config(init_inputs=["/etc/passwd"]),
        refused("init_inputs"),
    ),
    Case(
        "a list of files elsewhere",
        tokenizer_config(fast_tokenizer_files=["../tokenizer.4.0.0.json"]),
        refused("fast_tokenizer_files"),
    ),
    Case(
        "a model of words elsewhere",
        tokenizer_config(sp_model_kwargs={"model_file": "/etc/passwd"}),
        refused("model_file"),
    ),
    Case(
        "a dictionary elsewhere",
        tokenizer_config(mecab_kwargs={"mecab_option": "-d /x"}),
        refused("mecab_option"),
    ),
    Case("a cache elsewhere", kwargs(cache_dir="/x"), refused("cache_dir")),
    Case("a hub", kwargs(revision="evil"), refused("revision")),
    Case("nested settings", kwargs(never_split=["a"]), refused("never_split", "list")),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_saved_model(
    case: Case, saved: bytes, encoder_dir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_saved(case, saved, encoder_dir, tmp_path, monkeypatch)
