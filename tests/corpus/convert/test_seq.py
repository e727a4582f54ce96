import pytest
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_mtl.corpus.convert import ConversionError, convert

FILES = {
    "seq.in": "add sabrina salerno  \nplay it\n",
    "seq.out": "O B-artist I-artist \nO O\n",
    "label": "Add\nPlay\n",
}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "corpus" / "train"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def load(path):
    return list(DocBin().from_disk(path).get_docs(Vocab()))


def test_slots_and_intents(folder, tmp_path):
    convert(folder, tmp_path / "x.spacy")
    docs = load(tmp_path / "x.spacy")
    assert [doc.text for doc in docs] == ["add sabrina salerno", "play it"]
    assert [[(e.text, e.label_) for e in doc.ents] for doc in docs] == [
        [("sabrina salerno", "artist")],
        [],
    ]
    assert [doc.cats for doc in docs] == [{"Add": 1.0, "Play": 0.0}, {"Add": 0.0, "Play": 1.0}]
    assert docs[1].has_annotation("ENT_IOB", require_complete=True)
    for attr in ("TAG", "POS", "SENT_START"):
        assert not docs[0].has_annotation(attr)


def test_splits_of_a_folder_share_their_labels(folder, tmp_path):
    (folder.parent / "test").mkdir()
    for name in FILES:
        lines = (folder / name).read_text().splitlines()
        (folder.parent / "test" / name).write_text(lines[0] + "\n")
    convert(folder.parent, tmp_path / "out")
    assert load(tmp_path / "out" / "test.spacy")[0].cats == {"Add": 1.0, "Play": 0.0}
    assert len(load(tmp_path / "out" / "train.spacy")) == 2


def test_several_labels_in_a_line(folder, tmp_path):
    (folder / "label").write_text("a#b\nb\n")
    convert(folder, tmp_path / "x.spacy", multilabel="#")
    cats = [doc.cats for doc in load(tmp_path / "x.spacy")]
    assert cats == [{"a": 1.0, "b": 1.0}, {"a": 0.0, "b": 1.0}]


@pytest.mark.parametrize(
    "name,text,place,reason",
    [
        ("seq.out", "O O O\n", ", line 2", "1 lines, but seq.in has 2"),
        ("label", "x\ny\nz\n", ", line 3", "3 lines, but seq.in has 2"),
        ("seq.out", "O O O\nO\n", ", line 2", "1 tags, but seq.in has 2 words"),
        ("seq.out", "O O I-x\nO B-x\n", ", line 1", "I-x starts an entity"),
        ("seq.in", "add a b\n\n", ", line 2", "the line is empty"),
        ("label", "", "", "the file is empty"),
    ],
)
def test_broken_files(folder, tmp_path, name, text, place, reason):
    (folder / name).write_text(text)
    with pytest.raises(ConversionError, match=f"{name}{place}: {reason}"):
        convert(folder, tmp_path / "x.spacy")
    assert not (tmp_path / "x.spacy").exists()


def test_missing_file(folder, tmp_path):
    (folder / "label").unlink()
    with pytest.raises(ConversionError, match="label: there is no such file"):
        convert(folder, tmp_path / "x.spacy")
