"""Truncated or flipped bytes: either an error that names the file, or a conversion."""

import random
from pathlib import Path
from typing import List

import pytest
from conversions import load
from odd_files import fill

from spacy_mtl.corpus.convert import ConversionError, convert

WHOLE = {
    "a.conllu": (
        "# newdoc id = a\n# global.Entity = GRP-etype-minspan-identity\n# genre = x\n"
        "1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n"
        "1\tdo\tdo\tAUX\tVB\tA=b|C=d\t0\troot\t_\tEntity=(1-person-1-Do)\n"
        "2\tn't\tnot\tPART\tRB\t_\t1\tadvmod\t_\tSpaceAfter=No\n\n"
    ),
    "a.iob": "-DOCSTART- O\n\nRome NNP B-x\nis VBZ O\n\n\u00e9 NN O\n",
    "a.tsv": "text\tlabel\ngood film\tpos\nbad \u00e9\tneg\n",
    "a.csv": '"good, film",pos\nbad \u00e9,neg\n',
    "a.jsonl": (
        '{"words": ["a", "\\u00e9"], "spaces": [true, false], "tags": ["x", null], '
        '"ents": [[0, 2, "y"]], "cats": {"z": 1.0}, "meta": {"sent_starts": [0]}}\n'
    ),
    "a.x": "word\ttag\nRome\tB-x\n",
}


def broken(data: bytes) -> List[bytes]:
    chance = random.Random(0)
    cut = [data[:end] for end in range(0, len(data), 5)]
    flipped = []
    for _ in range(60):
        changed = bytearray(data)
        for _ in range(chance.choice((1, 1, 3))):
            changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        flipped.append(bytes(changed))
    return cut + flipped


def check_place(error: ConversionError, folder: Path) -> None:
    assert str(error).startswith(str(folder))


@pytest.mark.parametrize("name", WHOLE)
def test_broken_bytes_give_an_error_or_a_conversion(tmp_path, name):
    source, target = tmp_path / name, tmp_path / "out" / "a.spacy"
    n_converted = 0
    for data in [WHOLE[name].encode("utf-8"), *broken(WHOLE[name].encode("utf-8"))]:
        source.write_bytes(data)
        try:
            convert(source, target)
        except ConversionError as err:
            check_place(err, tmp_path)
            assert not target.exists()
        else:
            assert load(target)
            target.unlink()
            n_converted += 1
        assert not target.parent.exists() or not list(target.parent.iterdir())
    assert n_converted


@pytest.mark.parametrize("name", ["seq.in", "seq.out", "label"])
def test_broken_bytes_of_a_split(tmp_path, name):
    files = {"seq.in": "go to rome\n", "seq.out": "O O B-x\n", "label": "Go\n"}
    fill(tmp_path / "t", files)
    for data in broken(files[name].encode()):
        (tmp_path / "t" / name).write_bytes(data)
        try:
            convert(tmp_path / "t", tmp_path / "b.spacy")
        except ConversionError as err:
            check_place(err, tmp_path)
        else:
            (tmp_path / "b.spacy").unlink()
        assert [path.name for path in tmp_path.iterdir()] == ["t"]
