import os

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_mtl.corpus.convert import ConversionError
from spacy_mtl.corpus.convert.output import check_targets

OLD = DocBin(docs=[Doc(Vocab(), words=["old"])]).to_bytes()


@pytest.mark.parametrize("make", [os.link, os.symlink])
def test_output_must_not_be_an_input(tmp_path, make):
    source, target = tmp_path / "a.jsonl", tmp_path / "b.spacy"
    source.write_bytes(OLD)
    make(source, target)
    with pytest.raises(ConversionError, match="b.spacy: the output is the input .*a.jsonl, which"):
        check_targets([target], [source])


@pytest.mark.parametrize(
    "content,is_old",
    [(b"", True), (OLD, True), (b"x", False), (b"notes", False), (b"\x78\x9c", False)],
)
def test_only_spacy_files_are_overwritten(tmp_path, content, is_old):
    source, target = tmp_path / "a.jsonl", tmp_path / "b.spacy"
    source.write_bytes(b"{}")
    target.write_bytes(content)
    if is_old:
        check_targets([target], [source])
    else:
        with pytest.raises(ConversionError, match="b.spacy: exists and is not a .spacy file"):
            check_targets([target], [source])
